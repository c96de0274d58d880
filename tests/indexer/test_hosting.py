"""The table of who is shown, row by row, and the schedule of asking again."""

from __future__ import annotations

import re
from itertools import product

import pytest

from indexer import hosting
from indexer.hosting import (
    DAY,
    FIRST_WAIT,
    LAST_WAIT,
    STATEMENTS,
    Again,
    Answer,
    Decision,
    Hosting,
    Reply,
    Told,
    decide,
    wait,
)

NOW = 2 * DAY
ACTIVE = Told(active=True, status=None, at=NOW)
LONG_ACTIVE = Told(active=True, status=None, at=NOW - DAY)
DELETED = Told(active=False, status="deleted", at=NOW)
OTHERS = [
    Told(active=False, status=status, at=NOW)
    for status in ("deactivated", "takendown", "suspended", "throttled", "unheard-of", None)
]
ANYTHING = [None, ACTIVE, LONG_ACTIVE, DELETED, *OTHERS]
NO_ANSWER = [Reply(answer) for answer in Answer if answer not in {*STATEMENTS, Answer.NOT_FOUND}]

SHOWN = Hosting(active=True)
GONE = Hosting(active=False, status="deleted")


def hidden(status: str | None) -> Hosting:
    """Not shown, with a status."""
    return Hosting(active=False, status=status)


@pytest.mark.parametrize("told", ANYTHING)
def test_a_tombstoned_account_is_purged(told: Told | None) -> None:
    """The directory's word ends it, whatever was told."""
    assert decide(told, Reply(Answer.TOMBSTONED), NOW) == Decision(GONE, Again.NO, purge=True)


@pytest.mark.parametrize("told", ANYTHING)
def test_an_account_that_is_active_at_its_pds_is_shown(told: Told | None) -> None:
    """A relay-only takedown, a late event and a PDS that was left hide nobody."""
    assert decide(told, Reply(Answer.ACTIVE), NOW) == Decision(SHOWN, Again.NO)


@pytest.mark.parametrize("told", ANYTHING)
def test_an_account_that_its_pds_calls_deleted_is_purged(told: Told | None) -> None:
    """A PDS that still knows it as deleted says enough."""
    reply = Reply(Answer.INACTIVE, "deleted")
    assert decide(told, reply, NOW) == Decision(GONE, Again.NO, purge=True)


@pytest.mark.parametrize("status", [told.status for told in OTHERS])
@pytest.mark.parametrize("told", ANYTHING)
def test_an_account_that_is_inactive_is_hidden_as_its_pds_says(
    told: Told | None, status: str | None
) -> None:
    """Also under a status that nobody knows, and asked about daily."""
    reply = Reply(Answer.INACTIVE, status)
    assert decide(told, reply, NOW) == Decision(hidden(status), Again.DAILY)


@pytest.mark.parametrize(
    ("told", "decision"),
    [
        (DELETED, Decision(GONE, Again.NO, purge=True)),
        (ACTIVE, Decision(None, Again.SOON)),
        (Told(active=True, status=None, at=NOW - DAY + 1), Decision(None, Again.SOON)),
        (LONG_ACTIVE, Decision(hidden("not_found"), Again.SOON)),
        (None, Decision(hidden("not_found"), Again.SOON)),
        *[(told, Decision(hidden(told.status), Again.SOON)) for told in OTHERS],
    ],
)
def test_an_account_that_its_pds_does_not_know(told: Told | None, decision: Decision) -> None:
    """Purged only where a deletion was told; hidden, but not within a day of hearing `active`."""
    assert decide(told, Reply(Answer.NOT_FOUND), NOW) == decision


@pytest.mark.parametrize(
    ("told", "decision"),
    [
        (ACTIVE, Decision(SHOWN, Again.SOON)),
        (LONG_ACTIVE, Decision(None, Again.SOON)),
        (DELETED, Decision(GONE, Again.SOON)),
        (None, Decision(None, Again.SOON)),
        *[(told, Decision(None, Again.SOON)) for told in OTHERS],
    ],
)
@pytest.mark.parametrize("reply", NO_ANSWER)
def test_no_answer(reply: Reply, told: Told | None, decision: Decision) -> None:
    """Only a deletion hides without the PDS's word, and nothing is purged (law 10)."""
    assert decide(told, reply, NOW) == decision


def test_nothing_is_purged_that_is_not_hidden_as_deleted() -> None:
    """Of all combinations those that purge say `deleted`, and are not asked about again."""
    replies = [Reply(answer, status) for answer in Answer for status in (None, "deleted", "x")]
    for told, reply in product(ANYTHING, replies):
        decision = decide(told, reply, NOW)
        if decision.purge:
            assert (decision.hosting, decision.again) == (GONE, Again.NO)
            assert reply.answer in {*STATEMENTS, Answer.NOT_FOUND}


def test_the_written_table_has_every_row() -> None:
    """The table in the module is as long as the one that is tested here."""
    assert hosting.__doc__ is not None
    rows = re.findall(r"^    (?!answer|-)\S.*\b(no|daily|soon)$", hosting.__doc__, re.MULTILINE)
    assert len(rows) == 12


def test_asking_again_grows_from_a_minute_to_an_hour_and_then_a_day() -> None:
    """A day of tries without an answer, then one a day."""
    waits = [wait(Again.SOON, attempts, 1.0) for attempts in range(60)]
    assert waits[:7] == [FIRST_WAIT << n for n in range(6)] + [LAST_WAIT]
    assert waits == sorted(waits, key=lambda one: one or 0)
    assert waits[-1] == DAY
    hourly = [one for one in waits if one is not None and one <= LAST_WAIT]
    assert DAY - LAST_WAIT < sum(hourly) < DAY + LAST_WAIT
    assert wait(Again.DAILY, 0, 1.0) == DAY
    assert wait(Again.NO, 0, 1.0) is None


def test_jitter_spreads_what_would_come_together() -> None:
    """The factor is taken as it is given."""
    assert wait(Again.SOON, 0, 1.25) == FIRST_WAIT * 5 // 4
