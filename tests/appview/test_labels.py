"""Labels in answers: what is shown with them, what is left out where, and what is removed."""

from __future__ import annotations

from typing import Any

import pytest

from appview.labels import ADULT, COPYRIGHT, REMOVED, UNLISTED
from atp.cid import Cid
from atp.syntax import AtUri, Datetime, Did
from tests.appview.client import Client
from tests.appview.index import LABELER, NAMES, Index

OTHER = Did("did:web:other.test")
SELF = "com.atproto.label.defs#selfLabels"
ACCEPT = b"atproto-accept-labelers"


@pytest.fixture
def alice(index: Index, client: Client) -> Did:
    """An artist, in an index whose labeler the AppView follows."""
    client.labelers.append(LABELER)
    client.now = Datetime("2026-06-01T00:00:00.000Z").micros()
    return index.actor("alice")


def vals(client: Client, uri: AtUri) -> list[str]:
    """The names of a track's labels."""
    return [label["val"] for label in client.get("feed.getTrack", uri=uri)["track"]["labels"]]


def latest(client: Client, **params: object) -> list[str]:
    """The URIs on the first page of the newest tracks."""
    return [one["uri"] for one in client.get("feed.getLatestTracks", **params)["tracks"]]


def of_actor(client: Client, did: Did) -> list[str]:
    """The URIs of an account's tracks."""
    return [one["uri"] for one in client.get("feed.getActorTracks", actor=did)["tracks"]]


def cid(index: Index, client: Client, uri: AtUri) -> str:
    """The current version of a track."""
    return str(client.get("feed.getTrack", uri=uri)["track"]["cid"])


def test_a_label_is_shown_as_it_was_issued(index: Index, client: Client, alice: Did) -> None:
    """Beside the author's own, each with its source; the signature is for those who ask for it."""
    track = index.track(alice, labels={"$type": SELF, "values": [{"val": "nudity"}]})
    label = index.label(track, "cover-version", exp=Datetime("2030-01-01T00:00:00Z"))
    shown = client.get("feed.getTrack", uri=track)["track"]
    assert shown["labels"] == [
        {
            "ver": 1,
            "src": LABELER,
            "uri": track,
            "val": "cover-version",
            "cts": label.cts,
            "exp": "2030-01-01T00:00:00Z",
        },
        {
            "src": alice,
            "uri": track,
            "cid": shown["cid"],
            "val": "nudity",
            "cts": shown["createdAt"],
        },
    ]


def test_negated_and_expired_labels_are_gone(index: Index, client: Client, alice: Did) -> None:
    """A label holds until it is taken back or its time is over, and again when it is renewed."""
    track = index.track(alice)
    index.label(track, "copyright-violation", exp=Datetime.from_micros(client.now + 1_000))
    assert vals(client, track) == ["copyright-violation"]
    assert latest(client) == []
    client.now += 1_000
    assert vals(client, track) == []
    assert latest(client) == [track]
    index.label(track, "copyright-violation")
    assert latest(client) == []
    index.label(track, "copyright-violation", neg=True)
    assert vals(client, track) == []
    assert latest(client) == [track]
    index.label(track, "copyright-violation", neg=False)
    assert vals(client, track) == ["copyright-violation"]


def test_a_label_on_one_version_holds_for_that_one(
    index: Index, client: Client, alice: Did
) -> None:
    """One on another version of the record is not shown and keeps nothing out."""
    track = index.track(alice)
    index.label(track, "copyright-violation", cid=str(Cid.for_cbor(b"another")))
    index.label(track, "!hide", cid="Qmadeinthe60sbyahashofanotherkind")
    assert (vals(client, track), latest(client)) == ([], [track])
    index.label(track, "copyright-violation", cid=cid(index, client, track))
    assert (vals(client, track), latest(client)) == (["copyright-violation"], [])


def test_labels_wait_for_what_they_are_about(index: Index, client: Client, alice: Did) -> None:
    """A label that came before its record, or its account, holds once that is there."""
    bob = Did("did:web:bob.test")
    early = AtUri(f"at://{alice}/{NAMES.track}/early")
    index.label(early, "copyright-violation")
    index.label(bob, "!hide")
    fields = {"title": "T", "artist": "A", "fileType": "mp3"}
    index.write(alice, NAMES.track, fields, rkey="early")
    index.track(index.actor("bob"))
    assert vals(client, early) == ["copyright-violation"]
    assert latest(client) == []


@pytest.mark.parametrize("val", UNLISTED)
def test_copyright_keeps_a_track_out_of_lists_and_views(
    index: Index, client: Client, alice: Did, val: str
) -> None:
    """For everybody, its owner too, whoever's labels they accept; by its URI it is always shown."""
    client.labelers.clear()  # so that nothing is removed altogether
    track, other = index.track(alice), index.track(alice)
    playlist = index.list_(alice, [other, track])
    index.label(track, val)
    for client.viewer in (None, alice):
        assert latest(client, includeAdult="true") == [other]
        assert of_actor(client, alice) == [other]
        items = client.get("graph.getList", uri=playlist)["items"]
        assert [item.get("track", {}).get("uri") for item in items] == [other, None]
        assert items[1]["notFound"]
        assert client.get("feed.getTrack", uri=track)["track"]["uri"] == track


@pytest.mark.parametrize("val", ADULT)
@pytest.mark.parametrize("own", [False, True])
def test_adult_tracks_are_listed_for_who_asks(
    index: Index, client: Client, alice: Did, *, own: bool, val: str
) -> None:
    """Only a proven account may ask; the owner always sees them; views show them with the label.

    Whether a labeler or the author says so makes no difference.
    """
    bob = index.actor("bob")
    values: dict[str, Any] = {"labels": {"$type": SELF, "values": [{"val": val}]}}
    track = index.track(alice, **(values if own else {}))
    if not own:
        index.label(track, val)
    assert latest(client) == latest(client, includeAdult="true") == []
    client.viewer = bob
    assert latest(client) == []
    assert latest(client, includeAdult="true") == [track]
    client.viewer = alice
    assert latest(client) == [track]
    client.viewer = None
    assert of_actor(client, alice) == [track]
    assert vals(client, track) == [val]


def test_an_account_is_labelled_with_all_it_made(index: Index, client: Client, alice: Did) -> None:
    """Its tracks are left out like labelled ones; its view and no other has the label."""
    track = index.track(alice)
    index.label(alice, "porn")
    index.label(f"at://{alice}/app.bsky.actor.profile/self", "rude")
    index.label(f"at://{alice}/{NAMES.profile}/self", "spam")
    assert latest(client) == []
    shown = client.get("feed.getTrack", uri=track)["track"]
    assert shown["labels"] == []
    expected = [(alice, "porn"), (f"at://{alice}/{NAMES.profile}/self", "spam")]
    expected.append((f"at://{alice}/app.bsky.actor.profile/self", "rude"))
    assert [(label["uri"], label["val"]) for label in shown["author"]["labels"]] == expected
    profile = client.get("actor.getProfile", actor=alice)
    assert profile["labels"] == shown["author"]["labels"]


def test_self_labels_cannot_hide(index: Index, client: Client, alice: Did) -> None:
    """The protocol's own values are a labeler's to use; an author's copyright claim is believed."""
    hidden = index.track(alice, labels={"$type": SELF, "values": [{"val": "!hide"}]})
    index.track(alice, labels={"$type": SELF, "values": [{"val": COPYRIGHT[0]}]})
    assert latest(client) == [hidden]


def test_pages_are_full(index: Index, client: Client, alice: Did) -> None:
    """What is left out leaves no gap."""
    shown = [index.track(alice) for _ in range(3)]
    for _ in range(4):
        index.label(index.track(alice), "copyright-violation")
    for name, params in (("feed.getLatestTracks", {}), ("feed.getActorTracks", {"actor": alice})):
        pages = client.pages(name, "tracks", 2, **params)
        assert [[one["uri"] for one in page] for page in pages] == [shown[:0:-1], shown[:1]]


@pytest.mark.parametrize("subject", ["track", "account"])
@pytest.mark.parametrize("val", REMOVED)
def test_takedowns_remove_content(
    index: Index, client: Client, alice: Did, subject: str, val: str
) -> None:
    """Where the caller lets the labeler redact, as it does by default; else they are labels."""
    bob = index.actor("bob")
    track = index.track(alice)
    playlist = index.list_(alice, [track])
    comment = index.comment(alice, index.track(bob))
    index.label(track if subject == "track" else alice, val)
    assert client.refused("feed.getTrack", uri=track) == "RecordNotFound"
    assert client.get("feed.getTracks", uris=[track]) == {"tracks": []}
    if subject == "account":
        assert client.refused("actor.getProfile", actor=alice) == "ActorNotFound"
        assert client.refused("graph.getList", uri=playlist) == "RecordNotFound"
    for accept in (LABELER, f"{LABELER};redact=?0", ""):
        client.headers[ACCEPT] = accept.encode()
        assert client.get("feed.getTrack", uri=track)["track"]["uri"] == track
        assert client.get("actor.getProfile", actor=alice)["did"] == alice
    client.headers[ACCEPT] = f"{LABELER};redact".encode()
    assert client.refused("feed.getTrack", uri=track) == "RecordNotFound"
    assert comment


@pytest.mark.parametrize("subject", ["track", "account"])
@pytest.mark.parametrize("val", REMOVED)
@pytest.mark.parametrize(
    "accept", [None, "", f"{OTHER};redact", str(LABELER), f"{LABELER};redact=?0"]
)
def test_our_own_takedowns_are_for_everybody(  # noqa: PLR0917
    index: Index, client: Client, alice: Did, subject: str, val: str, accept: str | None
) -> None:
    """Whoever's labels a caller accepts; which ones it is shown stays its choice."""
    client.labelers.append(OTHER)
    index.own(LABELER)
    client.headers = {} if accept is None else {ACCEPT: accept.encode()}
    track, other = index.track(alice), index.track(index.actor("bob"))
    playlist, comment = index.list_(alice, [track]), index.comment(alice, other)
    before = client.call("feed.getTrack", uri=track)
    subjects = (alice,) if subject == "account" else (track, playlist, comment)
    for uri in subjects:
        index.label(uri, val)
    for client.viewer in (None, alice):
        assert client.refused("feed.getTrack", uri=track) == "RecordNotFound"
        assert client.get("feed.getTracks", uris=[track]) == {"tracks": []}
        assert client.refused("graph.getList", uri=playlist) == "RecordNotFound"
        assert client.get("feed.getTrackComments", uri=other)["comments"] == []
        assert latest(client) == [other]
    client.viewer = None
    for uri in subjects:
        index.label(uri, val, neg=True)
    after = client.call("feed.getTrack", uri=track)
    assert (after.body, after.headers) == (before.body, before.headers)


def test_our_own_takedown_of_a_version_or_for_a_time(
    index: Index, client: Client, alice: Did
) -> None:
    """It holds while the record is that version, and until it ends."""
    index.own(LABELER)
    client.headers = {ACCEPT: b""}
    track = index.track(alice)
    index.label(track, "!takedown", cid=str(Cid.for_cbor(b"another")))
    index.label(alice, "!takedown", exp=Datetime.from_micros(client.now + 1_000))
    assert client.refused("feed.getTrack", uri=track) == "RecordNotFound"
    client.now += 1_000
    version = cid(index, client, track)
    index.label(track, "!takedown", cid=version)
    assert client.refused("feed.getTrack", uri=track) == "RecordNotFound"


def test_another_labeler_of_our_own(index: Index, client: Client, alice: Did) -> None:
    """Its takedowns count from the moment it is, also in pages that are kept."""
    client.labelers.clear()
    track = index.track(alice)
    index.label(track, "!takedown")
    index.conn.execute("UPDATE labelers SET configured = 0")
    assert latest(client) == [track]
    index.own(LABELER)
    assert latest(client) == []
    index.conn.execute("UPDATE labelers SET own = 0")
    assert latest(client) == [track]


def test_a_removed_account_is_named_and_no_more(index: Index, client: Client, alice: Did) -> None:
    """As a guest of others it is its DID, like a hidden one."""
    bob = index.actor("bob")
    track = index.track(bob, features=[{"did": alice}])
    index.label(alice, "!takedown")
    shown = client.get("feed.getTrack", uri=track)["track"]["features"]
    assert shown == [{"did": alice, "handle": "handle.invalid", "labels": []}]


def test_the_caller_chooses_among_those_followed(index: Index, client: Client, alice: Did) -> None:
    """Only their labels are shown, and the answer says whose; an error says so too."""
    client.labelers.append(OTHER)
    track = index.track(alice)
    index.label(track, "one")
    index.label(track, "two", src=OTHER)
    told = b"atproto-content-labelers".decode()

    def ask(accept: str | None) -> tuple[list[str], str | None]:
        client.headers = {} if accept is None else {ACCEPT: accept.encode()}
        answer = client.call("feed.getTrack", uri=track)
        return vals(client, track), answer.headers.get(told)

    assert ask(None) == (["one", "two"], f"{LABELER};redact, {OTHER};redact")
    assert ask(LABELER) == (["one"], LABELER)
    assert ask(f"{OTHER};redact") == (["two"], f"{OTHER};redact")
    assert ask("did:web:stranger.test") == ([], None)
    assert ask("") == ([], None)
    client.headers = {ACCEPT: LABELER.encode()}
    missing = client.call("feed.getTrack", uri=track + "x")
    assert (missing.status, missing.headers[told]) == (400, LABELER)


def test_a_broken_choice_is_an_error(index: Index, client: Client, alice: Did) -> None:
    """It is not taken for the default."""
    client.headers = {ACCEPT: b"did:web:a.test,"}
    assert client.refused("feed.getTrack", uri=index.track(alice)) == "InvalidRequest"
    assert client.refused("server.getStats") == "InvalidRequest"


def test_a_labeler_that_is_not_followed_any_more_is_not_used(
    index: Index, client: Client, alice: Did
) -> None:
    """Its rows stay, and say nothing."""
    track = index.track(alice)
    index.label(track, "copyright-violation")
    index.conn.execute("UPDATE labelers SET configured = 0")
    assert (latest(client), vals(client, track)) == ([track], [])


def test_comments_and_lists_have_labels_too(index: Index, client: Client, alice: Did) -> None:
    """Whatever is shown by its URI is shown with what is said of it."""
    track = index.track(alice)
    for uri in (index.comment(alice, track), index.list_(alice, [track])):
        index.label(uri, "rude")
    (comment,) = client.get("feed.getTrackComments", uri=track)["comments"]
    assert [label["val"] for label in comment["labels"]] == ["rude"]
    playlist = index.list_(alice, [])
    index.label(playlist, "spam")
    shown = client.get("graph.getList", uri=playlist)["list"]
    assert [label["val"] for label in shown["labels"]] == ["spam"]


def test_labels_cost_one_statement(index: Index, client: Client, alice: Did) -> None:
    """However many there are, and on whatever."""
    for number in range(30):
        index.label(index.track(index.actor(f"artist{number}")), f"v{number}")
    client.viewer = alice  # whose pages are made anew each time
    with_labels = client.statements("feed.getLatestTracks", limit=30)
    assert sum("CROSS JOIN labels l" in sql for sql in with_labels) == 1
    assert len(with_labels) == len(client.statements("feed.getLatestTracks", limit=1))
    client.headers = {ACCEPT: b""}
    assert len(client.statements("feed.getLatestTracks", limit=30)) == len(with_labels)
