"""Event-stream frames, against real ones, vectors, cbor2 and malformed messages."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import cbor2
import libipld
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import data, frames
from atp.cid import Cid
from atp.errors import FrameError
from atp.frames import (
    AccountMsg,
    Action,
    CommitMsg,
    ErrorFrame,
    IdentityMsg,
    InfoMsg,
    Message,
    RepoOp,
    SyncMsg,
    UnknownMsg,
)
from atp.syntax import Did, Nsid, RecordKey
from atp.tid import Tid
from tests.atp.captures import pds_frames, relay_frames

DID = Did("did:plc:44ybard66vv44zksje25o7dz")
TIME = "2026-01-02T03:04:05.678Z"
REV = Tid("3jzfcijpj2z2a")
CID = Cid.for_cbor(b"")

CIDS = st.binary(max_size=4).map(Cid.for_cbor)
DIDS = st.sampled_from([DID, Did("did:web:localhost%3A2583")])
REVS = st.integers(0, 2**53 - 1).map(lambda micros: Tid.from_micros(micros, 0))
SEQS = st.integers(1, 2**53 - 1)
TEXT = st.text(max_size=20)


@st.composite
def operations(draw: st.DrawFn) -> RepoOp:
    """Any operation, sensible or not."""
    collection = Nsid(draw(st.sampled_from(["fm.plyr.track", "app.bsky.feed.post"])))
    rkey = RecordKey(draw(st.from_regex(r"[a-z0-9_~:-]{1,20}", fullmatch=True)))
    cid, prev = draw(st.none() | CIDS), draw(st.none() | CIDS)
    action: Action = draw(st.sampled_from(get_args(Action)))
    return RepoOp(action, f"{collection}/{rkey}", collection, rkey, cid, prev)


MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        CommitMsg,
        seq=SEQS,
        repo=DIDS,
        commit=CIDS,
        rev=REVS,
        since=st.none() | REVS,
        prev_data=st.none() | CIDS,
        blocks=st.binary(max_size=60),
        ops=st.lists(operations(), max_size=5).map(tuple),
        time=TEXT,
        too_big=st.booleans(),
    ),
    st.builds(SyncMsg, SEQS, DIDS, st.binary(max_size=60), REVS, TEXT),
    st.builds(IdentityMsg, SEQS, DIDS, TEXT, st.none() | TEXT),
    st.builds(AccountMsg, SEQS, DIDS, TEXT, st.booleans(), st.none() | TEXT),
    st.builds(InfoMsg, TEXT, st.none() | TEXT),
    st.builds(ErrorFrame, TEXT, st.none() | TEXT),
)

OP = {"action": "create", "path": "fm.plyr.track/a", "cid": CID}
COMMIT = {
    "seq": 1,
    "repo": str(DID),
    "commit": CID,
    "rev": str(REV),
    "since": None,
    "blocks": b"",
    "ops": [OP],
    "time": TIME,
}
IDENTITY = {"seq": 1, "did": str(DID), "time": TIME}


def parse(t: str, body: object) -> object:
    """The message of type ``t`` with a body."""
    return frames.parse({"op": 1, "t": t}, body)


@given(MESSAGES)
def test_round_trip(msg: Message) -> None:
    """Every message reads back from its frame, by either way of decoding it."""
    frame = frames.encode(msg)
    assert frames.decode(frame) == msg
    assert frames.parse(*libipld.decode_dag_cbor_multi(frame)) == msg


def test_captured_frames(vectors: Path, shared: Path) -> None:
    """Real frames mean what cbor2 reads in them, and are written byte for byte as they came."""
    kinds = set()
    for frame in relay_frames(vectors) + pds_frames(shared):
        msg = frames.decode(frame)
        kinds.add(type(msg))
        assert not isinstance(msg, UnknownMsg)
        assert frames.encode(msg) == frame
        assert frames.parse(*libipld.decode_dag_cbor_multi(frame)) == msg
        stream = BytesIO(frame)
        header, body = cbor2.load(stream), cbor2.load(stream)
        assert header["t"] == f"#{type(msg).__name__.removesuffix('Msg').lower()}"
        for name in ("seq", "repo", "did", "rev", "since", "time", "active", "status", "handle"):
            if name in body:
                assert getattr(msg, name) == body[name]
        if isinstance(msg, CommitMsg):
            assert b"\x00" + msg.commit == body["commit"].value
            assert [(op.action, op.path) for op in msg.ops] == [
                (op["action"], op["path"]) for op in body["ops"]
            ]
    assert kinds == {CommitMsg, SyncMsg, IdentityMsg, AccountMsg}


def test_derived_vectors(vectors: Path) -> None:
    """Good frames of the vectors are read or passed over, bad ones refused."""
    cases = json.loads((vectors / "derived/event-frames.json").read_text())
    assert cases["good"]
    assert cases["bad"]
    for case in cases["good"]:
        frame = bytes.fromhex(case["frameHex"])
        header, body = frames.split(frame)
        assert (header, body) == (case["header"], data.from_json(case["bodyJson"]))
        msg = frames.decode(frame)
        unknown = "unknown" in case["comment"] or header.get("t") == "#labels"
        assert isinstance(msg, UnknownMsg) is unknown
        if not isinstance(msg, UnknownMsg):
            assert frames.encode(msg) == frame
        elif "t" in header:
            assert frames.encode_message(str(header["t"]), body) == frame
    for case in cases["bad"]:
        with pytest.raises(FrameError):
            frames.decode(bytes.fromhex(case["frameHex"]))


def test_relay_scenarios(vectors: Path) -> None:
    """Messages that another implementation tests with are read, with and without old fields."""
    paths = sorted(vectors.glob("indigo/cmd/relay/testing/testdata/*.json"))
    assert paths
    for path in paths:
        for message in json.loads(path.read_text())["messages"]:
            frame = message["frame"]
            msg = frames.parse(frame["header"], data.from_json(frame["body"]))
            assert not isinstance(msg, UnknownMsg)
            assert frames.decode(frames.encode(msg)) == msg


def test_old_frames(vectors: Path) -> None:
    """A commit from before ``prevData`` is read; one from before ``rev`` is refused."""
    paths = sorted(vectors.glob("indigo/atproto/repo/testdata/firehose_commit_*.json"))
    assert paths
    for path in paths:
        body: Any = data.from_json(json.loads(path.read_text()))
        msg = parse("#commit", body)
        assert isinstance(msg, CommitMsg)
        assert msg.prev_data is None
        assert [op.path for op in msg.ops] == [op["path"] for op in body["ops"]]
    oldest = vectors / "carbox/carbox/fixtures/donkeyballs.b64"
    with pytest.raises(FrameError):
        frames.decode(base64.b64decode(oldest.read_text()))


def test_unknown() -> None:
    """Unknown kinds and operations are passed over, unknown fields ignored."""
    assert parse("#tombstone", {"seq": 5}) == UnknownMsg("#tombstone", 5)
    assert parse("#tombstone", {"seq": "x"}) == UnknownMsg("#tombstone", None)
    assert frames.parse({"op": 2, "t": "#commit"}, {}) == UnknownMsg("", None)
    assert frames.parse({"op": 0}, {"x": 1}) == UnknownMsg("", None)
    assert parse("#info", {"name": "x", "y": 1}) == InfoMsg("x", None)
    assert parse("#commit", COMMIT | {"y": 1, "blobs": None}) == parse("#commit", COMMIT)


def test_null_and_absent() -> None:
    """What may be null may be absent, and deprecated fields may be too."""
    without = {name: value for name, value in COMMIT.items() if name != "since"}
    full = COMMIT | {"prevData": None, "tooBig": False, "rebase": False, "blobs": []}
    assert parse("#commit", without) == parse("#commit", full)
    assert parse("#identity", IDENTITY | {"handle": None}) == parse("#identity", IDENTITY)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ({}, {}),
        ({"op": "1", "t": "#info"}, {"name": "x"}),
        ({"op": True, "t": "#info"}, {"name": "x"}),
        ({"op": 1}, {"name": "x"}),
        ({"op": 1, "t": 1}, {"name": "x"}),
        ({"op": 1, "t": "#info"}, []),
        ({"op": 1, "t": "#info"}, {}),
        ({"op": -1}, {}),
        ({"op": -1}, {"error": "x", "message": 1}),
        ([], {}),
        (None, None),
    ],
)
def test_bad_framing(header: object, body: object) -> None:
    """A header and body of a wrong shape are refused."""
    with pytest.raises(FrameError):
        frames.parse(header, body)


@pytest.mark.parametrize("name", COMMIT.keys() - {"since"})
def test_missing_field(name: str) -> None:
    """Every required field of a commit is required, and may not be null."""
    with pytest.raises(FrameError, match=f"'{name}' is missing"):
        parse("#commit", {field: value for field, value in COMMIT.items() if field != name})
    with pytest.raises(FrameError, match=f"'{name}' is missing"):
        parse("#commit", COMMIT | {name: None})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seq": True}, "'seq' is a bool, want int"),
        ({"seq": 0}, "between 1"),
        ({"seq": 2**53}, "between 1"),
        ({"seq": 1.0}, "'seq' is a float"),
        ({"repo": "alice.test"}, "not a valid DID"),
        ({"repo": b"x"}, "'repo' is a bytes"),
        ({"commit": b"x"}, "#commit message: CID"),
        ({"commit": str(CID)}, "'commit' is a str"),
        ({"rev": "x"}, "not a valid TID"),
        ({"since": "x"}, "not a valid TID"),
        ({"since": 1}, "'since' is a int"),
        ({"prevData": str(CID)}, "'prevData' is a str"),
        ({"blocks": "x"}, "'blocks' is a str"),
        ({"blocks": CID}, "'blocks' is a Cid"),
        ({"ops": {}}, "'ops' is a dict"),
        ({"ops": [1]}, "not a map"),
        ({"ops": [OP] * 201}, "201 operations"),
        ({"ops": [OP | {"action": "upsert"}]}, "'upsert' is not one of create"),
        ({"ops": [OP | {"path": "fm.plyr.track"}]}, "not a valid record key"),
        ({"ops": [OP | {"path": "fm.plyr.track/a/b"}]}, "not a valid record key"),
        ({"ops": [OP | {"path": "/fm.plyr.track/a"}]}, "not a valid NSID"),
        ({"ops": [OP | {"path": "fm.plyr.track/.."}]}, "not a valid record key"),
        ({"ops": [OP | {"cid": "x"}]}, "'cid' is a str"),
        ({"ops": [OP | {"prev": b"x"}]}, "#commit message: CID"),
        ({"time": 1}, "'time' is a int"),
        ({"tooBig": 0}, "'tooBig' is a int"),
    ],
)
def test_bad_commit(change: dict[str, object], message: str) -> None:
    """A field of a wrong type or syntax is refused, and the message names it."""
    with pytest.raises(FrameError, match=message):
        parse("#commit", COMMIT | change)


@pytest.mark.parametrize(
    ("t", "body"),
    [
        ("#sync", IDENTITY),
        ("#sync", IDENTITY | {"rev": "x", "blocks": b""}),
        ("#sync", IDENTITY | {"rev": str(REV), "blocks": ""}),
        ("#identity", IDENTITY | {"did": "x"}),
        ("#identity", IDENTITY | {"handle": 1}),
        ("#account", IDENTITY),
        ("#account", IDENTITY | {"active": 1}),
        ("#account", IDENTITY | {"active": True, "status": 1}),
        ("#info", {"name": 1}),
    ],
)
def test_bad_others(t: str, body: dict[str, object]) -> None:
    """The other messages are checked as well."""
    with pytest.raises(FrameError):
        parse(t, body)


def test_limits() -> None:
    """Frames and commits up to the specification's limits are read, beyond them refused."""
    short = frames.encode(SyncMsg(1, DID, bytes(100_000), REV, TIME))
    full = SyncMsg(1, DID, bytes(5_000_000 - len(short) + 100_000), REV, TIME)
    assert len(frames.encode(full)) == 5_000_000
    assert frames.decode(frames.encode(full)) == full
    with pytest.raises(FrameError, match="5000001 bytes"):
        frames.decode(frames.encode(replace(full, blocks=full.blocks + b"x")))
    msg = parse("#commit", COMMIT | {"ops": [OP] * 200})
    assert isinstance(msg, CommitMsg)
    assert len(msg.ops) == 200


@pytest.mark.parametrize("frame", [b"", b"\x80\xa0", b"\xa0\x80", b"\xa0", b"\xa0\xa0\xa0"])
def test_bad_split(frame: bytes) -> None:
    """Anything but two maps is no frame."""
    with pytest.raises(FrameError):
        frames.split(frame)


@given(st.binary(max_size=100) | MESSAGES.map(frames.encode), st.data())
def test_noise(frame: bytes, draws: st.DataObject) -> None:
    """Damaged frames raise nothing but `FrameError`."""
    damaged = bytearray(frame)
    if damaged:
        damaged[draws.draw(st.integers(0, len(damaged) - 1))] = draws.draw(st.integers(0, 255))
    try:
        frames.decode(bytes(damaged))
    except FrameError:
        return
