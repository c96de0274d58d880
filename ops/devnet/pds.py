"""One PDS of a devnet, as strangers and its operator see it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import aiohttp

from atp.cid import Cid
from atp.syntax import AtUri, Did, Handle, Nsid
from ops.devnet.account import PASSWORD, Account, Mailbox, create_session
from ops.devnet.network import Devnet
from ops.devnet.xrpc import JsonObject, Xrpc

CREATE_ACCOUNT = Nsid.parse("com.atproto.server.createAccount")
SIGNING_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Record:
    """A record as ``listRecords`` shows it."""

    uri: AtUri
    cid: Cid
    value: JsonObject


class Pds:
    """The PDS number ``index`` of a running devnet; calls raise PdsError when it refuses them."""

    def __init__(self, http: aiohttp.ClientSession, net: Devnet, index: int = 0) -> None:
        self._admin = {"Authorization": aiohttp.encode_basic_auth("admin", net.admin_password)}
        self._xrpc = Xrpc(http, net.pds_urls[index])
        self._mailbox = Mailbox(http, net.ctrl_url)
        self._actors = net.data_dir / f"pds{index}" / "actors"

    async def create_account(self, handle: Handle) -> Account:
        """A new account with a did:plc.

        The handle is one label under ``.test``, on the PDS number n > 0 under ``.pdsn.test``.
        """
        email = f"{handle.replace('.', '-')}@example.test"
        body = {"handle": str(handle), "email": email, "password": PASSWORD}
        return self._account(await self._xrpc.post(CREATE_ACCOUNT, body), email)

    async def receive(self, account: Account, handle: Handle) -> Account:
        """A resting account here for somebody who has one elsewhere, which vouches for it."""
        here = Did.parse((await self._xrpc.get("com.atproto.server.describeServer", {}))["did"])
        token = await account.service_auth(here, CREATE_ACCOUNT)
        body = {
            "did": str(account.did),
            "handle": str(handle),
            "email": account.email,
            "password": PASSWORD,
        }
        authorization = {"Authorization": f"Bearer {token}"}
        session = await self._xrpc.post(CREATE_ACCOUNT, body, authorization)
        return self._account(session, account.email)

    async def sign_in(self, identifier: Handle | Did) -> Account:
        """An account made earlier."""
        session = await create_session(self._xrpc, identifier)
        return self._account(session, session["email"])

    async def list_repos(self) -> list[Did]:
        """Every account of the PDS, whatever its status."""
        rows = await self._xrpc.pages("com.atproto.sync.listRepos", "repos", {})
        return [Did.parse(row["did"]) for row in rows]

    async def list_records(self, did: Did, collection: Nsid) -> list[Record]:
        """All records of one collection of one account."""
        where = {"repo": str(did), "collection": str(collection)}
        rows = await self._xrpc.pages("com.atproto.repo.listRecords", "records", where)
        return [
            Record(AtUri.parse(row["uri"]), Cid.parse(row["cid"]), row["value"]) for row in rows
        ]

    async def take_down(self, did: Did) -> None:
        """As the operator: hide the account from everybody."""
        await self._set_takedown(did, applied=True)

    async def undo_takedown(self, did: Did) -> None:
        """As the operator: show the account again."""
        await self._set_takedown(did, applied=False)

    def renew_key(self, did: Did) -> None:
        """As the operator: give the account another key, with which its next commit is signed.

        No call of the API does it; the PDS reads the key's file before each commit.
        """
        shard = hashlib.sha256(did.encode()).hexdigest()[:2]
        key = self._actors / shard / did / "key"
        renewed = key.with_suffix(".new")
        renewed.write_bytes(secrets.token_bytes(SIGNING_KEY_BYTES))
        renewed.replace(key)

    async def _set_takedown(self, did: Did, *, applied: bool) -> None:
        body = {
            "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": str(did)},
            "takedown": {"applied": applied},
        }
        await self._xrpc.post("com.atproto.admin.updateSubjectStatus", body, self._admin)

    def _account(self, session: JsonObject, email: str) -> Account:
        return Account(
            self._xrpc,
            self._mailbox,
            Did.parse(session["did"]),
            email=email,
            access_token=session["accessJwt"],
        )
