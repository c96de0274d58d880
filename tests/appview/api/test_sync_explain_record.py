"""``sync.explainRecord``: every URI has an answer, and the answer agrees with what is shown."""

from __future__ import annotations

import orjson
import pytest

from appview.standing import Existence, Unshown
from atp.syntax import AtUri, Did, RecordKey
from tests.appview.api.sync_lexicon import known_values
from tests.appview.client import Client
from tests.appview.index import LABELER, NAMES, Index

NOBODY = AtUri("at://did:web:nobody.test/fm.plyr.track/3kaaaaaaaaaa2")


def set_row(index: Index, uri: AtUri, **values: object) -> None:
    """Change a record's row."""
    names = ", ".join(f"{name} = ?" for name in values)
    index.conn.execute(f"UPDATE records SET {names} WHERE rkey = ?", (*values.values(), uri.rkey))


def test_a_shown_record(client: Client, index: Index) -> None:
    """Everything known of it, with its counters."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = index.track(alice)
    index.like(bob, track)
    index.comment(bob, track)
    index.list_(bob, [track])
    found = client.get("sync.explainRecord", uri=track)
    shown = client.get("feed.getTrack", uri=track)["track"]
    assert found == {
        "uri": track,
        "known": True,
        "shown": True,
        "state": "valid",
        "rev": track.rkey,
        "cid": shown["cid"],
        "firstSeen": shown["indexedAt"],
        "problems": [],
        "tolerated": [],
        "likeCount": 1,
        "commentCount": 1,
        "listCount": 1,
    }
    assert (
        client.get("sync.explainRecord", uri=f"at://alice.test/fm.plyr.track/{track.rkey}") == found
    )


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("at://did:web:nobody.test/app.bsky.feed.post/3kaaaaaaaaaa2", "notIndexed"),
        ("at://did:web:nobody.test/fm.plyr.stg.track/3kaaaaaaaaaa2", "notIndexed"),
        ("at://did:web:nobody.test/fm.plyr.track", "notIndexed"),
        ("at://did:web:nobody.test", "notIndexed"),
        ("at://nobody.test", "notIndexed"),
    ],
)
def test_a_uri_never_seen(client: Client, uri: str, reason: str) -> None:
    """There is no error for it, only nothing to tell."""
    expected = {"uri": uri, "known": False, "shown": False, "reason": reason}
    assert client.get("sync.explainRecord", uri=uri) == expected


@pytest.mark.parametrize("uri", [NOBODY, "at://nobody.test/fm.plyr.track/3kaaaaaaaaaa2"])
def test_a_record_of_an_account_never_named(client: Client, uri: str) -> None:
    """Nothing is known of it; nor is that the account exists."""
    assert client.get("sync.explainRecord", uri=uri) == {
        "uri": uri,
        "known": False,
        "shown": False,
        "reason": "unknown",
        "existence": "accountUnknown",
    }


def test_whether_a_record_that_never_came_may_exist(client: Client, index: Index) -> None:
    """Only all of a repo proves that it does not, and as of the rev up to which we have it."""
    index.actor("nobody")

    def asked() -> dict[str, object]:
        found = client.get("sync.explainRecord", uri=NOBODY)
        names = ("existence", "repoState", "repoRev")
        return {name: found[name] for name in names if name in found}

    assert asked() == {"existence": "repoNotFollowed"}
    index.conn.execute(
        "INSERT INTO repos (actor, state, reason, changed_at, rev)"
        " SELECT id, 'desynchronized', 'gap', 1, '3kaaaaaaaaac2' FROM actors"
    )
    rev = {"repoRev": "3kaaaaaaaaac2"}
    assert asked() == {"existence": "possible", "repoState": "desynchronized", **rev}
    index.conn.execute("UPDATE repos SET state = 'synchronized', reason = NULL")
    assert asked() == {"existence": "absent", "repoState": "synchronized", **rev}
    index.like(index.actor("bob"), NOBODY)
    assert asked() == {"existence": "absent", "repoState": "synchronized", **rev}
    track = index.track(index.actor("nobody"))
    assert "existence" not in client.get("sync.explainRecord", uri=track)


@pytest.mark.parametrize("repair", [False, True])
def test_where_a_record_came_from(client: Client, index: Index, repair: bool) -> None:
    """The stream, or the PDS whose repo was fetched; of a deleted record neither."""
    track = index.track(index.actor("alice"))
    url = "https://pds.test" if repair else "wss://relay.test"
    index.conn.execute("INSERT INTO origins (name, repair) VALUES (?, ?)", (url, repair))
    set_row(index, track, origin=index.conn.last_insert_rowid())
    found = client.get("sync.explainRecord", uri=track)
    assert (found["source"], found["repair"]) == (url, repair)
    index.delete(track)
    assert client.get("sync.explainRecord", uri=track).keys().isdisjoint({"source", "repair"})


def test_what_was_told_of_an_account_and_what_its_pds_answered(
    client: Client, index: Index
) -> None:
    """Both, whether the account is shown for it or not."""
    alice = index.actor("alice")
    track = index.track(alice)
    index.conn.execute(
        "INSERT INTO statuses (actor, told_active, told_status, told_at, told_by, answer,"
        " answered_at, answered_by) SELECT id, 0, 'takendown', 0, 'wss://relay.test', 'active',"
        " 1000000, 'https://pds.test' FROM actors"
    )
    hosting = {
        "told": {
            "active": False,
            "status": "takendown",
            "at": "1970-01-01T00:00:00.000Z",
            "source": "wss://relay.test",
        },
        "answered": {
            "answer": "active",
            "at": "1970-01-01T00:00:01.000Z",
            "pds": "https://pds.test",
        },
    }
    found = client.get("sync.explainRecord", uri=track)
    assert found["shown"] is True
    assert found | hosting == found
    index.conn.execute(
        "UPDATE statuses SET answer = 'inactive', answer_status = 'suspended', answered_by = NULL"
    )
    index.status(alice, active=False)
    found = client.get("sync.explainRecord", uri=track)
    assert (found["reason"], found["hiddenBy"]) == ("accountHidden", "host")
    assert found["answered"] == {
        "answer": "inactive",
        "status": "suspended",
        "at": "1970-01-01T00:00:01.000Z",
    }


def test_what_others_refer_to_is_unseen(client: Client, index: Index) -> None:
    """Its counters wait for it; a foreign collection is named as the reason all the same."""
    bob = index.actor("bob")
    index.like(bob, NOBODY)
    found = client.get("sync.explainRecord", uri=NOBODY)
    assert (found["known"], found["state"], found["reason"]) == (True, "unseen", "unseen")
    assert found["likeCount"] == 1
    assert found.keys().isdisjoint({"cid", "rev", "firstSeen"})
    post = AtUri("at://did:web:nobody.test/app.bsky.feed.post/3kaaaaaaaaaa2")
    index.list_(bob, [post])
    found = client.get("sync.explainRecord", uri=post)
    assert (found["known"], found["reason"]) == (True, "notIndexed")


def test_of_a_deleted_record_only_that_and_the_rev(client: Client, index: Index) -> None:
    """Law 5: neither CID nor time nor counters."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = index.track(alice)
    index.like(bob, track)
    index.delete(track)
    assert client.get("sync.explainRecord", uri=track) == {
        "uri": track,
        "known": True,
        "shown": False,
        "reason": "deleted",
        "state": "deleted",
        "rev": track.rkey,
    }


def test_an_invalid_record_s_problems(client: Client, index: Index) -> None:
    """What breaks the schema, and apart from it what is let pass."""
    track = index.track(index.actor("alice"))
    lines = ["title: is required", "bare_feature: features/0: must be an object"]
    set_row(index, track, state="invalid", problems=orjson.dumps(lines).decode())
    found = client.get("sync.explainRecord", uri=track)
    assert (found["shown"], found["reason"], found["state"]) == (False, "invalid", "invalid")
    assert found["problems"] == ["title: is required"]
    assert found["tolerated"] == [
        {"shape": "bare_feature", "problem": "features/0: must be an object"}
    ]


def test_a_tolerated_shape_is_shown_with_its_warning(client: Client, index: Index) -> None:
    """It is no problem, and no secret either."""
    track = index.track(index.actor("alice"))
    set_row(index, track, problems='["text_long_in_bytes: title: is too long"]')
    found = client.get("sync.explainRecord", uri=track)
    assert found["shown"] is True
    assert found["problems"] == []
    assert found["tolerated"] == [{"shape": "text_long_in_bytes", "problem": "title: is too long"}]


@pytest.mark.parametrize("status", ["takendown", "suspended", "deactivated", None])
def test_a_hidden_account_s_record_tells_nothing_of_its_content(
    client: Client, index: Index, status: str | None
) -> None:
    """Only that it is there, and why it is not shown."""
    alice = index.actor("alice")
    track = index.track(alice)
    index.status(alice, active=False)
    index.conn.execute("UPDATE actors SET upstream_status = ?", (status,))
    found = client.get("sync.explainRecord", uri=track)
    assert (found["shown"], found["reason"]) == (False, "accountHidden")
    assert found.get("accountStatus") == status
    assert found.keys() <= {
        "uri", "known", "shown", "reason", "state", "rev", "firstSeen", "accountStatus", "hiddenBy"
    }  # fmt: skip


def test_this_operator_s_takedown(client: Client, index: Index) -> None:
    """It is told as a takedown, its reason is not."""
    alice = index.actor("alice")
    track = index.track(alice)
    index.conn.execute("UPDATE actors SET takedown = 'for a reason of ours'")
    found = client.get("sync.explainRecord", uri=track)
    assert (found["reason"], found["accountStatus"]) == ("accountHidden", "takendown")
    assert found["hiddenBy"] == "operator"
    assert "for a reason of ours" not in str(found)


@pytest.mark.parametrize("of", ["record", "account"])
def test_a_label_of_our_own_that_removes(client: Client, index: Index, of: str) -> None:
    """Neither the version nor its counts are told; another's label is nobody's reason."""
    alice = index.actor("alice")
    track = index.track(alice)
    index.label(track if of == "record" else alice, "!suspend")
    before = client.get("sync.explainRecord", uri=track)
    assert before["shown"]
    index.own(LABELER)
    found = client.get("sync.explainRecord", uri=track)
    assert (found["shown"], found["reason"]) == (False, "takenDown")
    assert found.keys() == {"uri", "known", "shown", "reason", "state", "rev", "firstSeen"}
    index.label(track if of == "record" else alice, "!suspend", neg=True)
    assert client.get("sync.explainRecord", uri=track) == before


def test_the_state_of_the_repo_is_told(client: Client, index: Index) -> None:
    """A record may be missing because all of the repo is not here yet."""
    track = index.track(index.actor("alice"))
    index.conn.execute(
        "INSERT INTO repos (actor, state, reason, changed_at)"
        " SELECT id, 'desynchronized', 'gap', 1 FROM actors"
    )
    missing = AtUri.of(Did("did:web:alice.test"), NAMES.track, RecordKey("3kaaaaaaaaaa2"))
    for uri, known in ((track, True), (missing, False)):
        found = client.get("sync.explainRecord", uri=uri)
        assert (found["known"], found["repoState"]) == (known, "desynchronized")


def test_a_foreign_profile_is_explained_too(client: Client, index: Index) -> None:
    """It is part of the answers about a known account."""
    uri = index.bsky_profile(index.actor("alice"), displayName="Alice")
    set_row(index, uri, rev="3kaaaaaaaaaa2")
    assert client.get("sync.explainRecord", uri=uri)["shown"] is True


def test_agrees_with_what_is_shown(client: Client, index: Index) -> None:
    """``shown`` is true of exactly the tracks that getTrack gives."""
    alice, bob = index.actor("alice"), index.actor("bob")
    valid, invalid, deleted, hidden = (index.track(who) for who in (alice, alice, alice, bob))
    set_row(index, invalid, state="invalid")
    index.conn.execute(
        "DELETE FROM tracks WHERE record = (SELECT id FROM records WHERE rkey = ?)", (invalid.rkey,)
    )
    index.delete(deleted)
    index.status(bob, active=False)
    for uri in (valid, invalid, deleted, hidden, NOBODY):
        given = client.call("feed.getTrack", uri=uri).status == 200
        found = client.get("sync.explainRecord", uri=uri)
        assert found["shown"] is given
        assert ("reason" in found) is not given


def test_the_lexicon_lists_every_reason() -> None:
    """The closed set in code is the one that clients read."""
    assert known_values("explainRecord", "reason") == set(Unshown)
    assert known_values("explainRecord", "existence") == set(Existence)
