"""Reports: what is taken, what is kept of it, and how many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from atp.runtime.asgi import Request
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did
from labeler.reports import CREATE_REPORT, MAX_REPORTS, WINDOW, Reports, known_reasons
from lexicons.catalog import Catalog
from lexicons.methods import method
from tests.labeler.making import NOW, Made, made

ALICE = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
BOB = Did("did:plc:bbbbbbbbbbbbbbbbbbbbbbbb")
CID = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
ACCOUNT = {"$type": "com.atproto.admin.defs#repoRef", "did": BOB}
RECORD = {
    "$type": "com.atproto.repo.strongRef",
    "uri": f"at://{BOB}/fm.plyr.track/3kaaaaaaaaaaa",
    "cid": CID,
}
SPAM = "com.atproto.moderation.defs#reasonSpam"
METHOD = method(Catalog.load(), CREATE_REPORT)


async def report(
    it: Reports, subject: object = None, reporter: Did | None = ALICE, **more: Any
) -> Any:
    """The answer to a report, whose body and answer the lexicon allows."""
    body = {"reasonType": SPAM, "subject": subject or ACCOUNT, **more}
    given = METHOD.input(orjson.dumps(body))
    request = Request("POST", f"/xrpc/{CREATE_REPORT}", b"", (), viewer=reporter, input=given)
    answer = orjson.loads(orjson.dumps(await it({}, request), default=str))
    assert METHOD.check_output(answer) == []
    return answer


def taking(it: Made) -> Reports:
    """What takes the reports of a store."""
    return Reports(it.writer, it.clock)


async def test_a_report_is_kept_with_its_event(tmp_path: Path) -> None:
    """Of an account and of a record's version; who told, why, in what words and with what."""
    async with made(tmp_path) as it:
        first = await report(taking(it), reason="again and again", modTool={"name": "app/1"})
        assert first == {
            "id": first["id"],
            "reasonType": SPAM,
            "reason": "again and again",
            "subject": ACCOUNT,
            "reportedBy": ALICE,
            "createdAt": "2027-01-15T08:00:00.000Z",
        }
        second = await report(taking(it), RECORD)
        assert second["id"] > first["id"]
        assert "reason" not in second
        rows = it.conn.execute(
            "SELECT r.at, r.reporter, r.reason_type, r.subject, r.cid, r.reason,"
            " e.at, e.actor, e.action, e.subject, e.cid, e.reason, e.notes"
            " FROM reports r JOIN events e ON e.id = r.event ORDER BY r.id"
        ).fetchall()
        told = (NOW, ALICE, SPAM, BOB, None, "again and again")
        assert rows[0] == (*told, NOW, ALICE, "report", BOB, None, SPAM, "app/1")
        of_track = (NOW, ALICE, SPAM, RECORD["uri"], CID, None)
        assert rows[1] == (*of_track, NOW, ALICE, "report", RECORD["uri"], CID, SPAM, None)


@pytest.mark.parametrize("reason_type", sorted(known_reasons()))
async def test_every_reason_of_the_protocol_is_taken(tmp_path: Path, reason_type: str) -> None:
    """The newer names too; an account may appeal for itself."""
    async with made(tmp_path) as it:
        told = await report(taking(it), reporter=BOB, reasonType=reason_type)
        assert told["reasonType"] == reason_type


@pytest.mark.parametrize(
    ("subject", "more", "status"),
    [
        (ACCOUNT, {"reasonType": "com.example.defs#reasonMine"}, 400),
        ({**RECORD, "uri": "at://bob.test/fm.plyr.track/3kaaaaaaaaaaa"}, {}, 400),
        ({"$type": "com.example.defs#chatRef", "did": BOB}, {}, 400),
        (ACCOUNT, {"reasonType": "com.atproto.moderation.defs#reasonAppeal"}, 403),
        (RECORD, {"reasonType": "tools.ozone.report.defs#reasonAppeal"}, 403),
        (ACCOUNT, {"reporter": None}, 401),
    ],
)
async def test_what_is_no_report_is_refused(
    tmp_path: Path, subject: Any, more: dict[str, Any], status: int
) -> None:
    """With the error that says why; nothing is kept."""
    async with made(tmp_path) as it:
        with pytest.raises(XrpcError) as refusal:
            await report(taking(it), subject, **more)
        assert refusal.value.status == status
        assert it.conn.execute("SELECT count(*) FROM events").get == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reasonType": SPAM},
        {"reasonType": SPAM, "subject": {"did": BOB}},
        {"reasonType": SPAM, "subject": {**ACCOUNT, "did": "bob"}},
        {"reasonType": SPAM, "subject": {**RECORD, "cid": "x"}},
        {"reasonType": SPAM, "subject": ACCOUNT, "reason": "é" * 2_001},
        {"reasonType": SPAM, "subject": ACCOUNT, "modTool": {}},
    ],
)
def test_the_lexicon_bounds_the_body(body: dict[str, Any]) -> None:
    """Required parts, their forms and their lengths."""
    with pytest.raises(ValueError, match="body"):
        METHOD.input(orjson.dumps(body))


async def test_an_account_may_make_few(tmp_path: Path) -> None:
    """Ten an hour, whatever restarts between; others are not touched by it."""
    async with made(tmp_path) as it:
        for _ in range(MAX_REPORTS):
            await report(taking(it))
            it.clock.now += 1_000_000
        with pytest.raises(XrpcError) as refusal:
            await report(taking(it))
        assert (refusal.value.status, refusal.value.error) == (429, "RateLimitExceeded")
        assert refusal.value.headers == ((b"retry-after", b"3591"),)
        await report(taking(it), RECORD, reporter=BOB)
        it.clock.now = NOW + WINDOW
        await report(taking(it))
        with pytest.raises(XrpcError):
            await report(taking(it))
