"""A user of a devnet's PDS: the XRPC calls that a person's client makes.

Thin on purpose: one coroutine a call, typed at the edge, records as plain JSON and not validated by
the PDS. An access token lives two hours; an account whose token has run out signs in again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import aiohttp

from atp.cid import Cid
from atp.syntax import AtUri, Did, Handle, Nsid, RecordKey
from ops.devnet.xrpc import JsonObject, PdsError, Xrpc

PASSWORD = "devnet-password"  # noqa: S105 - of every account: the network is a throw-away
MAIL_TIMEOUT_S = 10.0
MAIL_POLL_S = 0.05
MAILED_TOKEN = re.compile(r"\b[A-Z2-7]{5}-[A-Z2-7]{5}\b")


@dataclass(frozen=True, slots=True)
class StrongRef:
    """One version of a record."""

    uri: AtUri
    cid: Cid

    @classmethod
    def from_json(cls, said: JsonObject) -> Self:
        """Read ``{"uri", "cid"}``."""
        return cls(AtUri.parse(said["uri"]), Cid.parse(said["cid"]))

    @property
    def rkey(self) -> RecordKey:
        """The key of the record."""
        return RecordKey.parse(self.uri.rpartition("/")[2])

    def to_json(self) -> JsonObject:
        """As it stands in another record's ``subject``."""
        return {"uri": str(self.uri), "cid": str(self.cid)}


@dataclass(frozen=True, slots=True)
class Create:
    """One of the writes of a commit; the PDS chooses the key when none is given."""

    collection: Nsid
    record: JsonObject
    rkey: RecordKey | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """One of the writes of a commit."""

    collection: Nsid
    record: JsonObject
    rkey: RecordKey


@dataclass(frozen=True, slots=True)
class Delete:
    """One of the writes of a commit."""

    collection: Nsid
    rkey: RecordKey


class Mailbox:
    """What the PDSes have mailed to their users."""

    def __init__(self, http: aiohttp.ClientSession, ctrl_url: str) -> None:
        self._http = http
        self._url = f"{ctrl_url}/mail"

    async def token(self, email: str) -> str:
        """The token in the newest mail to the address; TimeoutError when none comes."""
        async with asyncio.timeout(MAIL_TIMEOUT_S):
            while True:
                async with self._http.get(self._url) as response:
                    mails = await response.json()
                for mail in reversed(mails):
                    token = MAILED_TOKEN.search(mail["text"])
                    if mail["to"] == email and token:
                        return token[0]
                await asyncio.sleep(MAIL_POLL_S)


class Account:
    """One user, signed in. Every call raises PdsError when the PDS refuses it."""

    def __init__(
        self, xrpc: Xrpc, mailbox: Mailbox, did: Did, *, email: str, access_token: str
    ) -> None:
        self.xrpc = xrpc
        self._mailbox = mailbox
        self.email = email
        self._access_token = access_token
        self.did = did

    async def create_record(
        self, collection: Nsid, record: JsonObject, rkey: RecordKey | None = None
    ) -> StrongRef:
        """A new record in a commit of its own; the PDS chooses the key when none is given."""
        key = {} if rkey is None else {"rkey": str(rkey)}
        return await self._write("createRecord", collection, {"record": record, **key})

    async def put_record(self, collection: Nsid, rkey: RecordKey, record: JsonObject) -> StrongRef:
        """Make or replace a record."""
        return await self._write("putRecord", collection, {"record": record, "rkey": str(rkey)})

    async def delete_record(self, collection: Nsid, rkey: RecordKey) -> None:
        """Delete a record; one that is not there is no error."""
        body = {"repo": str(self.did), "collection": str(collection), "rkey": str(rkey)}
        await self.procedure("com.atproto.repo.deleteRecord", body)

    async def apply_writes(self, writes: Sequence[Create | Update | Delete]) -> None:
        """All the writes in one commit."""
        body = {"repo": str(self.did), "validate": False, "writes": list(map(_write_json, writes))}
        await self.procedure("com.atproto.repo.applyWrites", body)

    async def upload_blob(self, content: bytes, mime_type: str) -> JsonObject:
        """The blob as a record names it; it stays once a record does."""
        said = await self.procedure(
            "com.atproto.repo.uploadBlob", content, {"Content-Type": mime_type}
        )
        blob: JsonObject = said["blob"]
        return blob

    async def update_handle(self, handle: Handle) -> None:
        """Take another handle, in the PLC directory too."""
        await self.procedure("com.atproto.identity.updateHandle", {"handle": str(handle)})

    async def deactivate(self) -> None:
        """Rest the account: its repo is not served."""
        await self.procedure("com.atproto.server.deactivateAccount", {})

    async def activate(self) -> None:
        """End the rest."""
        await self.procedure("com.atproto.server.activateAccount")

    async def delete(self) -> None:
        """Delete the account for good, with the token that its owner gets by mail."""
        await self.procedure("com.atproto.server.requestAccountDelete")
        token = await self._mailbox.token(self.email)
        body = {"did": str(self.did), "password": PASSWORD, "token": token}
        await self.xrpc.post("com.atproto.server.deleteAccount", body)

    async def missing_blobs(self) -> list[Cid]:
        """The blobs that the account's records name and its PDS does not have."""
        said = await self.query("com.atproto.repo.listMissingBlobs", {"limit": "1000"})
        return [Cid.parse(blob["cid"]) for blob in said["blobs"]]

    async def service_auth(self, audience: Did, nsid: Nsid) -> str:
        """A token with which this PDS vouches for the account to another service's method."""
        said = await self.query(
            "com.atproto.server.getServiceAuth", {"aud": str(audience), "lxm": str(nsid)}
        )
        token: str = said["token"]
        return token

    async def sign_plc_operation(self, credentials: JsonObject) -> JsonObject:
        """The account's next PLC operation, signed by its PDS for its owner's mailed token."""
        await self.procedure("com.atproto.identity.requestPlcOperationSignature")
        token = await self._mailbox.token(self.email)
        said = await self.procedure(
            "com.atproto.identity.signPlcOperation", {"token": token, **credentials}
        )
        operation: JsonObject = said["operation"]
        return operation

    async def _write(self, procedure: str, collection: Nsid, fields: JsonObject) -> StrongRef:
        where = {"repo": str(self.did), "collection": str(collection), "validate": False}
        return StrongRef.from_json(
            await self.procedure(f"com.atproto.repo.{procedure}", {**where, **fields})
        )

    async def query(self, nsid: str, params: Mapping[str, str] | None = None) -> JsonObject:
        """Call any query of the PDS as its user."""
        return await self._signed_in(lambda auth: self.xrpc.get(nsid, params or {}, auth))

    async def procedure(
        self,
        nsid: str,
        body: JsonObject | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Call any procedure of the PDS as its user."""
        return await self._signed_in(
            lambda auth: self.xrpc.post(nsid, body, {**auth, **(headers or {})})
        )

    async def _signed_in(
        self, call: Callable[[dict[str, str]], Awaitable[JsonObject]]
    ) -> JsonObject:
        try:
            return await call(self._authorization())
        except PdsError as exc:
            if exc.error != "ExpiredToken":
                raise
        session = await create_session(self.xrpc, self.did)
        self._access_token = session["accessJwt"]
        return await call(self._authorization())

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._access_token}"}


async def create_session(xrpc: Xrpc, identifier: str) -> JsonObject:
    """Sign in by handle or DID: ``{"did", "email", "accessJwt", …}``."""
    body = {"identifier": str(identifier), "password": PASSWORD}
    return await xrpc.post("com.atproto.server.createSession", body)


def _write_json(write: Create | Update | Delete) -> JsonObject:
    said: JsonObject = {
        "$type": f"com.atproto.repo.applyWrites#{type(write).__name__.lower()}",
        "collection": str(write.collection),
    }
    if write.rkey is not None:
        said["rkey"] = str(write.rkey)
    if not isinstance(write, Delete):
        said["value"] = write.record
    return said
