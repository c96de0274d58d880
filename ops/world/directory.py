"""The PLC directory: a log of checked operations per DID, served as plc.directory serves it.

Recovery (an operation that nullifies later ones within 72 hours) is not modelled: every operation
must follow the newest one and be signed by a rotation key of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from atp import did_doc
from atp.cid import Cid
from atp.datetime import Datetime
from atp.keys import PublicKey
from atp.syntax import Did, Handle
from ops.world.clock import Clock
from ops.world.host import Host
from ops.world.plc import Operation, OperationError, cid_of, did_of, signed_by

DID_DOCUMENT_TYPE = "application/did+ld+json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation of a log."""

    operation: Operation
    cid: Cid
    created_at: str


def document(did: Did, operation: Operation) -> dict[str, Any]:
    """The DID document after an operation, in the form that plc.directory writes today."""
    handle = operation["alsoKnownAs"][0].removeprefix("at://")
    return did_doc.build(
        did,
        Handle.parse(handle),
        {
            f"#{name}": PublicKey.from_did_key(key)
            for name, key in operation["verificationMethods"].items()
        },
        {
            f"#{name}": (service["type"], service["endpoint"])
            for name, service in operation["services"].items()
        },
    )


class PlcDirectory:
    """Operations come in by `submit`; documents, data and logs go out over HTTP."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logs: dict[str, list[Entry]] = {}
        self.host = Host()
        self.host.answer(
            {
                "/_health": self._health,
                "/{did}": self._document,
                "/{did}/data": self._data,
                "/{did}/log": self._log,
                "/{did}/log/last": self._last,
                "/{did}/log/audit": self._audit,
            }
        )

    def submit(self, did: Did, operation: Operation) -> None:
        """Add an operation to the log of a DID. Raises OperationError."""
        log = self._logs.get(did, [])
        newest = log[-1] if log else None
        if operation["prev"] != (newest and str(newest.cid)):
            raise OperationError(f"prev of the operation is not the newest of {did}")
        if newest is None and did_of(operation) != did:
            raise OperationError(f"the genesis operation makes {did_of(operation)}, not {did}")
        author = newest.operation if newest else operation
        if not signed_by(operation, author.get("rotationKeys", [])):
            raise OperationError(f"no rotation key of {did} has signed the operation")
        entry = Entry(operation, cid_of(operation), Datetime.from_micros(self._clock()))
        self._logs.setdefault(did, []).append(entry)

    def newest(self, did: Did) -> Entry:
        """The last operation of a DID."""
        return self._logs[did][-1]

    def document(self, did: Did) -> dict[str, Any]:
        """The DID document as it stands; the DID must not be tombstoned."""
        return document(did, self.newest(did).operation)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"version": "world"})

    async def _document(self, request: web.Request) -> web.Response:
        did, operation = self._living(request)
        return web.json_response(document(did, operation), content_type=DID_DOCUMENT_TYPE)

    async def _data(self, request: web.Request) -> web.Response:
        did, operation = self._living(request)
        hidden = ("type", "prev", "sig")
        shown = {name: value for name, value in operation.items() if name not in hidden}
        return web.json_response({"did": did, **shown})

    async def _log(self, request: web.Request) -> web.Response:
        return web.json_response([entry.operation for entry in self._entries(request)])

    async def _last(self, request: web.Request) -> web.Response:
        return web.json_response(self._entries(request)[-1].operation)

    async def _audit(self, request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "did": request.match_info["did"],
                    "operation": entry.operation,
                    "cid": str(entry.cid),
                    "nullified": False,
                    "createdAt": entry.created_at,
                }
                for entry in self._entries(request)
            ]
        )

    def _entries(self, request: web.Request) -> list[Entry]:
        did = request.match_info["did"]
        if did not in self._logs:
            raise _problem(web.HTTPNotFound, f"DID not registered: {did}")
        return self._logs[did]

    def _living(self, request: web.Request) -> tuple[Did, Operation]:
        operation = self._entries(request)[-1].operation
        did = Did.parse(request.match_info["did"])
        if operation["type"] == "plc_tombstone":
            raise _problem(web.HTTPGone, f"DID not available: {did}")
        return did, operation


def _problem(status: type[web.HTTPClientError], message: str) -> web.HTTPClientError:
    return status(text=json.dumps({"message": message}), content_type="application/json")
