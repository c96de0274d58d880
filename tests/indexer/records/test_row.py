"""References of valid records, whatever they name."""

from __future__ import annotations

import pytest

from lexicons.names import FOREIGN_PROFILE
from tests.indexer.authors import NAMES, Author, Create, Index, comment, like, playlist

OURS = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
KEY = "3kaaaaaaaaaa2"


@pytest.mark.parametrize(
    ("uri", "cid"),
    [
        (f"at://{Author(1).did}/{NAMES.track}/{KEY}", "bafkqaaaaaaaaaaaa"),
        (
            f"at://{Author(1).did}/{NAMES.track}/{KEY}",
            "zdpuAx9Kp2C2xpLF7GEtvXQzwTyQSJGsiTJfZbJKJNpe",
        ),
        (f"at://mira.example.com/{NAMES.track}/{KEY}", OURS),
        (f"at://{Author(1).did}/{NAMES.track}", OURS),
        (f"at://{Author(1).did}", OURS),
    ],
)
def test_what_names_no_record_is_no_subject(uri: str, cid: str) -> None:
    """Lexicons let through handles and CIDs of any kind; they count for nothing and stop nothing."""
    index, ada = Index(), Author(0)
    subject = {"uri": uri, "cid": cid}
    index.apply(
        ada.commit(
            Create(NAMES.like, like(subject)),
            Create(NAMES.comment, comment(subject)),
            Create(NAMES.list, playlist([subject])),
        )
    )
    states = index.conn.execute("SELECT DISTINCT state FROM records").fetchall()
    assert states == [("valid",)]
    assert index.conn.execute("SELECT count(*) FROM counters").get == 0
    assert index.conn.execute("SELECT count(*) FROM lists").get == 1


def test_a_profile_of_another_application_may_claim_any_date() -> None:
    """Its lexicon has no createdAt, so what stands there is never looked at."""
    index, ada = Index(), Author(0)
    index.apply(ada.commit(Create(NAMES.track, ada.track().record)))
    profile = {"displayName": "Ada", "createdAt": "some day"}
    index.apply(ada.commit(Create(FOREIGN_PROFILE, profile, "self")))
    assert index.conn.execute("SELECT display_name FROM bsky_profiles").get == "Ada"
