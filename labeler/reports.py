"""``com.atproto.moderation.createReport``: what an account tells the moderators (spec §4.8).

It comes through the account's PDS, which proves who tells. A report is a moderation event in the
name of that account, and decides nothing. An account may make few in an hour; since the store
counts them, no restart makes them more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import apsw

from atp.errors import InvalidIdentifier
from atp.runtime.asgi import Request
from atp.runtime.sqlite import Writer
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Datetime, Did, Nsid
from labeler import store_reports
from labeler.store_reports import Report
from lexicons.catalog import packaged

CREATE_REPORT = Nsid("com.atproto.moderation.createReport")

MAX_REPORTS = 10
"""Reports of one account in each window."""
WINDOW = 3_600_000_000  # microseconds
MAX_TOOL = 256
"""Characters of a program's name that are kept."""

_DEFS = "com.atproto.moderation.defs"
_ACCOUNT = "com.atproto.admin.defs#repoRef"
_RECORD = "com.atproto.repo.strongRef"
_APPEALS = (f"{_DEFS}#reasonAppeal", "tools.ozone.report.defs#reasonAppeal")


class Reports:
    """Takes reports; ``clock`` gives µs since the epoch."""

    def __init__(self, writer: Writer, clock: Callable[[], int]) -> None:
        self._writer = writer
        self._clock = clock
        self._reasons = known_reasons()

    async def __call__(self, _params: Mapping[str, object], request: Request) -> object:
        """Keep one report and say so. Raises `XrpcError`."""
        if request.viewer is None:
            message = "This needs an account: call through its PDS, with atproto-proxy"
            raise XrpcError(401, "AuthMissing", message, ((b"www-authenticate", b"Bearer"),))
        assert isinstance(request.input, dict), "the lexicon makes it an object"
        report = self._report(request.input, request.viewer)
        number = await self._writer.run(lambda conn: _kept(conn, report))
        answer = {
            "id": number,
            "reasonType": report.reason_type,
            "subject": request.input["subject"],
            "reportedBy": report.reporter,
            "createdAt": Datetime.from_micros(report.at),
        }
        return answer if report.reason is None else {**answer, "reason": report.reason}

    def _report(self, given: dict[str, Any], reporter: Did) -> Report:
        reason_type = given["reasonType"]
        if reason_type not in self._reasons:
            raise _invalid(f"reasonType: {reason_type[:64]!r} is no reason that is known here")
        did, subject, cid = _subject(given["subject"])
        if reason_type in _APPEALS and did != reporter:
            message = "An appeal is for the account whose subject it is"
            raise XrpcError(403, "NotYours", message)
        return Report(
            at=self._clock(),
            reporter=reporter,
            reason_type=reason_type,
            subject=subject,
            cid=cid,
            reason=given.get("reason"),
            tool=given["modTool"]["name"][:MAX_TOOL] if "modTool" in given else None,
        )


def known_reasons() -> frozenset[str]:
    """The reasons for a report that the protocol names."""
    (document,) = (one for one in packaged("fm.plyr") if one["id"] == _DEFS)
    return frozenset(document["defs"]["reasonType"]["knownValues"])


def _subject(given: dict[str, Any]) -> tuple[Did, str, str | None]:
    """The account concerned, and URI and version of what is reported."""
    match given:
        case {"$type": kind, "did": str(did)} if kind == _ACCOUNT:
            return Did(did), did, None
        case {"$type": kind, "uri": str(uri), "cid": str(cid)} if kind == _RECORD:
            try:
                return Did.parse(AtUri.parse(uri).authority), uri, cid
            except InvalidIdentifier as exc:
                raise _invalid("subject/uri: must name its account by DID") from exc
    raise _invalid(f"subject: must be a {_ACCOUNT} or a {_RECORD}, by its $type")


def _kept(conn: apsw.Connection, report: Report) -> int:
    first = store_reports.nth_last(conn, report.reporter, MAX_REPORTS)
    if first is not None and first + WINDOW > report.at:
        wait = (first + WINDOW - report.at) // 1_000_000 + 1
        raise XrpcError(
            429,
            "RateLimitExceeded",
            f"An account may make {MAX_REPORTS} reports in an hour; wait {wait} s",
            ((b"retry-after", str(wait).encode()),),
        )
    return store_reports.add(conn, report)


def _invalid(message: str) -> XrpcError:
    return XrpcError(400, "InvalidRequest", message)
