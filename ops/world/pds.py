"""A PDS: the accounts it hosts, its firehose, and its answers to XRPC and handle look-ups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from atp.syntax import Did
from ops.world import repo_reads, sync_reads
from ops.world.account import Account, Departed
from ops.world.events import EventLog, Message
from ops.world.firehose import SUBSCRIBE_PATH, Firehose
from ops.world.host import Host
from ops.world.xrpc import Json, Params, dispatcher

HANDLE_DOMAIN = ".test"


class Pds:
    """A server of accounts; whoever follows it (a relay) is handed each event as it happens."""

    def __init__(
        self, document: Callable[[Did], dict[str, Any]], *, window: int, buffer: int
    ) -> None:
        self.accounts: dict[Did, Account | Departed] = {}
        """In the order of their arrival; those deleted or departed among them."""
        self.lies: dict[Did, bytes] = {}
        """CARs that getRepo answers in the place of these accounts' repositories."""
        self.followers: list[Callable[[Message], None]] = []
        self.log = EventLog(window)
        methods = {
            "_health": self._health,
            "com.atproto.server.describeServer": self._describe_server,
            **sync_reads.methods(self.accounts),
            sync_reads.GET_REPO: self._get_repo,
            **repo_reads.methods(self.accounts, document),
        }
        self.host = Host()
        self.firehose = Firehose(self.log, self.host.flowing, buffer)
        self.host.answer(
            {
                "/.well-known/atproto-did": self._atproto_did,
                SUBSCRIBE_PATH: self.firehose.subscribe,
                "/xrpc/{nsid}": dispatcher(methods),
            }
        )

    def left_by(self, did: Did) -> bool:
        """Whether the account was at home here and is no more."""
        return isinstance(self.accounts.get(did), Departed)

    def publish(self, message: Message) -> None:
        """Say something on the firehose."""
        self.log.append(message)
        for follower in self.followers:
            follower(message)

    def _get_repo(self, params: Params) -> web.Response:
        lie = self.lies.get(params.required("did", Did.parse))
        return sync_reads.get_repo(self.accounts, params) if lie is None else sync_reads.car(lie)

    async def _atproto_did(self, request: web.Request) -> web.Response:
        account = repo_reads.account_of_handle(self.accounts, request.host.partition(":")[0])
        if account is None:
            return web.Response(status=404, text="User not found")
        return web.Response(text=account.did)

    def _health(self, _: Params) -> Json:
        return {"version": "world"}

    def _describe_server(self, _: Params) -> Json:
        return {
            "did": f"did:web:{self.host.name.replace(':', '%3A')}",
            "availableUserDomains": [HANDLE_DOMAIN],
            "inviteCodeRequired": False,
        }
