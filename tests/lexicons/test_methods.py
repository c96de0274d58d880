"""Parameters become typed values or a sentence for the caller; answers are held to their schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.runtime import xrpc
from atp.syntax import AtUri, Did, Handle, Nsid
from lexicons.catalog import Catalog, UnknownSchemaError
from lexicons.document import read_document
from lexicons.methods import Method, ParamsError, method
from lexicons.names import Names
from lexicons.problem import Rule
from tests.lexicons.examples import DID, NOW, RECORD_CID, SUBJECT, TID, TRACK, lexicon

URI = SUBJECT["uri"]
NAMES = Names()
CATALOG = Catalog.load()
"""Both are read-only."""


def ours(name: str) -> Method:
    return method(CATALOG, NAMES.query(name))


def made(**properties: object) -> Method:
    """A query with these parameters."""
    parameters = {"type": "params", "properties": properties}
    node = lexicon({"type": "query", "parameters": parameters})
    return method(Catalog.of([read_document(node)]), Nsid("com.example.thing"))


def test_methods_are_what_the_router_takes() -> None:
    """Kind, name and errors come from the schema, and the router's protocol is satisfied."""
    routed: xrpc.Method = ours("feed.getTrack")
    assert (routed.nsid, routed.kind) == ("fm.plyr.feed.getTrack", "query")
    assert ours("feed.getTrack").errors == {"RecordNotFound"}
    assert ours("feed.getActorTracks").errors == {"ActorNotFound"}
    assert ours("feed.getLatestTracks").errors == frozenset()


def test_an_unknown_method_is_an_error() -> None:
    """A method without a schema is found out when services are put together."""
    with pytest.raises(UnknownSchemaError, match=r"fm\.plyr\.feed\.getNothing"):
        ours("feed.getNothing")
    with pytest.raises(UnknownSchemaError):
        method(CATALOG, NAMES.track)


def test_identifiers_come_out_as_their_types() -> None:
    """Parsed once, here; handles in lower case."""
    assert type(ours("feed.getTrack").params([("uri", URI)])["uri"]) is AtUri
    actor = ours("actor.getProfile")
    assert type(actor.params([("actor", DID)])["actor"]) is Did
    handle = actor.params([("actor", "Alice.Example.COM")])["actor"]
    assert (type(handle), handle) == (Handle, "alice.example.com")
    uris = ours("feed.getTracks").params([("uris", URI)])["uris"]
    assert isinstance(uris, list)
    assert [type(uri) for uri in uris] == [AtUri]


def test_defaults_are_filled_in_and_absent_ones_stay_absent() -> None:
    """What is not given has its default, or is not there; what nobody asked for is ignored."""
    query = ours("feed.getTrackComments")
    expected = {"uri": URI, "sort": "position", "limit": 50}
    assert query.params([("uri", URI)]) == expected
    assert query.params([("debug", "1"), ("uri", URI), ("Limit", "0")]) == expected
    given = [("uri", URI), ("sort", "newest"), ("limit", "7"), ("cursor", "x")]
    assert query.params(given) == {"uri": URI, "sort": "newest", "limit": 7, "cursor": "x"}


def test_repeated_names_make_an_array_in_order() -> None:
    """One value is an array of one; twice the same stays twice."""
    other = f"at://{DID}/fm.plyr.track/3m57zgph47z2w"
    query = ours("feed.getTracks")
    assert query.params([("uris", URI)]) == {"uris": [URI]}
    pairs = [("uris", URI), ("uris", other), ("uris", URI)]
    assert query.params(pairs) == {"uris": [URI, other, URI]}


@pytest.mark.parametrize(
    ("name", "pairs", "message"),
    [
        ("feed.getTrack", [], "uri: is required"),
        ("feed.getTrack", [("uri", "")], "uri: '' is not a valid AT-URI"),
        ("feed.getTrack", [("uri", "at://nobody")], "uri: 'at://nobody' is not a valid AT-URI"),
        ("feed.getTrack", [("uri", URI + "/")], "is not a valid AT-URI"),
        ("feed.getTrack", [("uri", URI), ("uri", URI)], "uri: may be given only once, not 2 times"),
        ("feed.getLatestTracks", [("limit", "0")], "limit: must be at least 1, not 0"),
        ("feed.getLatestTracks", [("limit", "-1")], "limit: must be at least 1, not -1"),
        ("feed.getLatestTracks", [("limit", "101")], "limit: must be at most 100, not 101"),
        ("feed.getLatestTracks", [("limit", "ten")], "limit: must be an integer, not 'ten'"),
        ("feed.getLatestTracks", [("limit", "")], "limit: must be an integer, not ''"),
        ("feed.getLatestTracks", [("cursor", "x" * 4_097)], "cursor: its length"),
        ("feed.getTrackComments", [("uri", URI), ("sort", "up")], "sort: must be 'position' or"),
        ("feed.getActorTracks", [("actor", "did:x")], "actor: 'did:x' is not a valid DID"),
        ("feed.getActorTracks", [("actor", "alice")], "actor: 'alice' is not a valid handle"),
        ("feed.getTracks", [], "uris: is required"),
        ("feed.getTracks", [("uris", URI)] * 101, "uris: its number of items must be at most 100"),
        ("feed.getTracks", [("uris", URI), ("uris", "x")], "uris/1: 'x' is not a valid AT-URI"),
    ],
)
def test_what_is_not_allowed_is_named(
    name: str, pairs: list[tuple[str, str]], message: str
) -> None:
    """The caller learns which parameter is wrong, how, and what is allowed."""
    with pytest.raises(ParamsError) as error:
        ours(name).params(pairs)
    assert message in str(error.value)


@given(text=st.text(max_size=5) | st.from_regex(r"\A[-+ 0-9_.e]{0,4}\Z"))
def test_integers_are_plain_decimals(text: str) -> None:
    """An integer is written in one way only: that in which it would be printed."""
    try:
        plain = str(int(text)) == text
    except ValueError:
        plain = False
    query = made(n={"type": "integer"})
    if plain:
        assert query.params([("n", text)]) == {"n": int(text)}
    else:
        with pytest.raises(ParamsError, match="n: must be an integer, not"):
            query.params([("n", text)])


@given(number=st.integers(-(10**18), 10**18))
def test_every_integer_can_be_given(number: int) -> None:
    """What is printed is read back."""
    assert made(n={"type": "integer"}).params([("n", str(number))]) == {"n": number}


def test_booleans_are_true_or_false() -> None:
    """In lower case and in full; nothing else counts as either."""
    query = made(b={"type": "boolean"}, bs={"type": "array", "items": {"type": "boolean"}})
    assert query.params([("b", "true"), ("bs", "false"), ("bs", "true")]) == {
        "b": True,
        "bs": [False, True],
    }
    for text in ("True", "1", "yes", "", "false "):
        with pytest.raises(ParamsError, match="b: must be true or false, not '"):
            query.params([("b", text)])


def test_a_default_of_zero_or_false_is_a_default() -> None:
    """Falsy is not absent."""
    query = made(n={"type": "integer", "default": 0}, b={"type": "boolean", "default": False})
    assert query.params([]) == {"n": 0, "b": False}


def test_a_default_of_items_is_none_of_the_array() -> None:
    """An array that is not given is not an array of one default."""
    assert made(n={"type": "array", "items": {"type": "integer", "default": 1}}).params([]) == {}


def test_formats_without_a_type_of_their_own_stay_text() -> None:
    """A CID that need not be of the blessed form comes out as it was written."""
    query = made(c={"type": "string", "format": "cid"})
    assert query.params([("c", "zb2rhe5P4gXftAwvA4eXQ5HJ")]) == {"c": "zb2rhe5P4gXftAwvA4eXQ5HJ"}


def test_hostile_text_is_not_repeated_whole() -> None:
    """An error stays short whatever was sent."""
    with pytest.raises(ParamsError) as error:
        ours("feed.getTrack").params([("uri", "at://" + "x" * 30_000)])
    assert len(str(error.value)) < 500


ACTOR = {"did": DID, "handle": "zzstoatzz.io", "labels": []}
TRACK_VIEW = {
    **SUBJECT,
    "author": ACTOR,
    "record": TRACK,
    "audio": {"source": "blob", "cid": RECORD_CID, "size": 1, "durationSeconds": 265},
    "image": {"url": "https://images.plyr.fm/images/b9deb36a0475b377.png"},
    "album": {"title": "2026"},
    "features": [ACTOR | {"displayName": "nate"}],
    "likeCount": 0,
    "commentCount": 0,
    "listCount": 0,
    "labels": [{"src": DID, "uri": URI, "val": "sexual", "cts": NOW, "sig": {"$bytes": "AAEC"}}],
    "viewer": {"like": f"at://{DID}/fm.plyr.like/{TID}"},
    "createdAt": NOW,
    "indexedAt": NOW,
    "sortAt": NOW,
}
LIKE_VIEW = {"actor": ACTOR, "uri": f"at://{DID}/fm.plyr.like/{TID}"}
COMMENT_VIEW = {
    "uri": f"at://{DID}/fm.plyr.comment/{TID}",
    "cid": RECORD_CID,
    "author": ACTOR,
    "record": {"text": "♥"},
    "text": "♥",
    "timestampMs": 0,
    "createdAt": NOW,
    "indexedAt": NOW,
}
LIST_VIEW = {
    "uri": f"at://{DID}/fm.plyr.list/{TID}",
    "cid": RECORD_CID,
    "author": ACTOR,
    "itemCount": 2,
    "createdAt": NOW,
    "indexedAt": NOW,
}
ITEMS = [
    {"position": 0, "subject": SUBJECT, "track": TRACK_VIEW},
    {"position": 1, "subject": SUBJECT, "notFound": True},
]
STATS = dict.fromkeys(
    ("tracks", "artists", "likes", "comments", "lists", "accounts", "durationSeconds"), 0
)
ANSWERS: dict[str, dict[str, Any]] = {
    "feed.getTrack": {"track": TRACK_VIEW},
    "feed.getTracks": {"tracks": [TRACK_VIEW]},
    "feed.getLatestTracks": {"cursor": "x", "tracks": [TRACK_VIEW]},
    "feed.getActorTracks": {"tracks": []},
    "feed.getTrackLikes": {"likes": [LIKE_VIEW | {"createdAt": NOW, "indexedAt": NOW}]},
    "feed.getTrackComments": {"comments": [COMMENT_VIEW]},
    "actor.getProfile": ACTOR | {"trackCount": 1, "bio": "♪"},
    "graph.getList": {"list": LIST_VIEW, "items": ITEMS},
    "server.getStats": STATS,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_have_the_promised_shape(name: str) -> None:
    """The shapes of the outside contract pass; without any one promised field they do not."""
    query = ours(name)
    assert query.check_output(ANSWERS[name]) == []
    for field in ANSWERS[name].keys() - {"cursor", "trackCount", "bio"}:
        answer = {key: value for key, value in ANSWERS[name].items() if key != field}
        assert [p.rule for p in query.check_output(answer)] == [Rule.REQUIRED], field


@pytest.mark.parametrize("field", sorted(TRACK_VIEW.keys()))
def test_track_views_are_checked_throughout(field: str) -> None:
    """A wrong value in any field of a view is found."""
    found = ours("feed.getTrack").check_output({"track": TRACK_VIEW | {field: 1.0}})
    wrong = [problem.path for problem in found]
    assert wrong == ([] if field.endswith("Count") else [f"track/{field}"])


def test_an_answer_outside_the_data_model_is_wrong() -> None:
    """Half a like, or an object that is no JSON, is told and not raised."""
    query = ours("server.getStats")
    for value in (0.5, object(), {1: 2}):
        assert [p.rule for p in query.check_output(STATS | {"likes": value})] == [Rule.TYPE]


def test_a_method_without_output_takes_any_answer() -> None:
    """Where the schema promises nothing, nothing can be wrong."""
    assert made().check_output(None) == []


def test_a_body_is_held_to_its_schema() -> None:
    """A procedure's input comes back as it was, or with a sentence for the caller."""
    body = {"type": "object", "required": ["at"], "properties": {"at": {"type": "integer"}}}
    given_body = {"encoding": "application/json", "schema": body}
    node = lexicon({"type": "procedure", "input": given_body})
    sent = method(Catalog.of([read_document(node)]), Nsid("com.example.thing"))
    assert sent.takes_input
    assert not ours("feed.getTrack").takes_input
    assert sent.input(b'{"at": 7, "more": null}') == {"at": 7, "more": None}
    for wrong in (b"", b"{", b"[]", b"{}", b'{"at": "7"}', b'{"at": 1.5}', b"\xff"):
        with pytest.raises(ParamsError):
            sent.input(wrong)
