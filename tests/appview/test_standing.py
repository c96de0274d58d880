"""Why a URI is not shown: one reason, always the same one."""

from __future__ import annotations

import pytest

from appview.standing import (
    Account,
    Check,
    Existence,
    Repo,
    Standing,
    Unshown,
    existence,
    unshown,
)
from atp.syntax import AtUri
from lexicons.names import FOREIGN_PROFILE, Names

NAMES = Names("fm.plyr.stg")
TRACK = AtUri.parse("at://did:web:a.test/fm.plyr.stg.track/3kaaaaaaaaaa2")


def standing(state: str, *, active: bool = True) -> Standing:
    """A URI in that state."""
    account = Account(active, None, taken_down=False, told=None, answered=None)
    return Standing(account, None, state, None, None, None, (), 0, 0, 0)


def repo(state: str, reason: str | None = None) -> Repo:
    """A repo in that state."""
    account = Account(True, None, taken_down=False, told=None, answered=None)
    check = Check(None, None, None, None, None)
    return Repo(account, None, None, check, None, state, reason, 0, None, 0, 0, None, None, 0, None)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, Unshown.UNKNOWN),
        (standing("valid"), None),
        (standing("invalid"), Unshown.INVALID),
        (standing("unseen"), Unshown.UNSEEN),
        (standing("deleted"), Unshown.DELETED),
        (standing("valid", active=False), Unshown.ACCOUNT_HIDDEN),
        (standing("invalid", active=False), Unshown.ACCOUNT_HIDDEN),
        (standing("deleted", active=False), Unshown.DELETED),
    ],
)
def test_of_several_reasons_the_first(found: Standing | None, reason: Unshown | None) -> None:
    """A tombstone stays one whatever its account does; a hidden account hides all the rest."""
    assert unshown(TRACK, NAMES, found) == reason


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, Unshown.UNKNOWN),
        (standing("deleted"), Unshown.DELETED),
        (standing("valid", active=False), Unshown.ACCOUNT_HIDDEN),
        (standing("valid"), Unshown.TAKEN_DOWN),
        (standing("invalid"), Unshown.TAKEN_DOWN),
        (standing("unseen"), Unshown.TAKEN_DOWN),
    ],
)
def test_what_is_taken_down(found: Standing | None, reason: Unshown) -> None:
    """It hides what there is to hide."""
    assert unshown(TRACK, NAMES, found, taken_down=True) == reason


@pytest.mark.parametrize(
    "uri",
    [
        "at://did:web:a.test",
        "at://did:web:a.test/fm.plyr.stg.track",
        "at://did:web:a.test/fm.plyr.track/3kaaaaaaaaaa2",
        "at://did:web:a.test/app.bsky.feed.post/3kaaaaaaaaaa2",
    ],
)
@pytest.mark.parametrize("found", [None, standing("unseen"), standing("valid", active=False)])
def test_only_records_of_exactly_our_collections(uri: str, found: Standing | None) -> None:
    """Another environment's records are as foreign as another application's."""
    assert unshown(AtUri.parse(uri), NAMES, found) is Unshown.NOT_INDEXED


def test_the_foreign_profile_is_followed() -> None:
    """It is part of what is answered about an account."""
    uri = AtUri.parse(f"at://did:web:a.test/{FOREIGN_PROFILE}/self")
    assert unshown(uri, NAMES, standing("valid")) is None


@pytest.mark.parametrize("found", [None, standing("unseen"), standing("unseen", active=False)])
@pytest.mark.parametrize(
    ("of", "known", "expected"),
    [
        (None, False, Existence.ACCOUNT_UNKNOWN),
        (None, True, Existence.NOT_FOLLOWED),
        (repo("synchronized"), True, Existence.ABSENT),
        (repo("desynchronized", "account_deleted"), True, Existence.ABSENT),
        (repo("desynchronized", "gap"), True, Existence.POSSIBLE),
        (repo("in_progress", "gap"), True, Existence.POSSIBLE),
    ],
)
def test_only_a_complete_repo_proves_that_a_record_does_not_exist(
    found: Standing | None, of: Repo | None, known: bool, expected: Existence
) -> None:
    """What has not come may exist until all of its repo is here."""
    assert existence(of, found, known=known) is expected


@pytest.mark.parametrize("state", ["valid", "invalid", "deleted"])
def test_of_a_record_that_came_there_is_no_question(state: str) -> None:
    """It tells of itself."""
    assert existence(repo("synchronized"), standing(state), known=True) is None
