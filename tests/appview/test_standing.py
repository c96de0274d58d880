"""Why a URI is not shown: one reason, always the same one."""

from __future__ import annotations

import pytest

from appview.standing import Account, Standing, Unshown, unshown
from atp.syntax import AtUri
from lexicons.names import FOREIGN_PROFILE, Names

NAMES = Names("fm.plyr.stg")
TRACK = AtUri.parse("at://did:web:a.test/fm.plyr.stg.track/3kaaaaaaaaaa2")


def standing(state: str, *, active: bool = True) -> Standing:
    """A URI in that state."""
    return Standing(Account(active, None), state, None, None, None, (), 0, 0, 0)


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
