"""Routing: nothing of ours is ever dismissed, nothing foreign is taken."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import cbor, frames
from atp.errors import FrameError
from atp.frames import AccountMsg, CommitMsg, IdentityMsg, SyncMsg
from indexer.event import did_of
from indexer.route import Router, seq_and_time
from lexicons.names import Names

NAMES = Names()
DIDS = [
    "did:plc:" + "a" * 24,
    "did:plc:" + "b" * 24,
    "did:web:music.example.com",
    "did:web:localhost%3A8080",
]
COLLECTIONS = [
    *NAMES.collections,
    "fm.plyr.stg.track",
    "fm.plyr.trackx",
    "fm.plyr.tracks",
    "app.bsky.feed.post",
    "app.bsky.actor.profile",
    "com.example.fm.plyr.track",
]
CID = bytes.fromhex("01711220") + bytes(32)
REV = "3kaaaaaaaaaa2"


def commit(repo: str, paths: list[str], seq: int = 7) -> bytes:
    """A commit frame, well formed but not signed."""
    cid = cbor.decode(b"\xd8\x2a\x58\x25\x00" + CID)
    ops = [{"action": "create", "path": path, "cid": cid} for path in paths]
    body = {
        "repo": repo,
        "ops": ops,
        "seq": seq,
        "rev": REV,
        "since": None,
        "commit": cid,
        "blocks": b"fm.plyr.track/decoy" + bytes(200),
        "blobs": [],
        "rebase": False,
        "tooBig": False,
        "time": "2025-06-15T12:00:00Z",
    }
    return frames.encode_message("#commit", body)


PATHS = st.builds(
    lambda collection, rkey: f"{collection}/{rkey}",
    st.sampled_from(COLLECTIONS),
    st.from_regex(r"[A-Za-z0-9._~:-]{1,20}", fullmatch=True).filter(lambda r: r not in (".", "..")),
)


@given(st.sampled_from(DIDS), st.lists(PATHS, max_size=6), st.sets(st.sampled_from(DIDS)))
def test_routing_agrees_with_full_decoding(repo: str, paths: list[str], known: set[str]) -> None:
    """A commit is taken just when full decoding finds an op in an exact collection or a known DID."""
    frame = commit(repo, paths)
    ours = repo in known or any(path.split("/")[0] in NAMES.collections for path in paths)
    routed = Router(NAMES, set(known)).route(frame)
    assert routed == (frames.decode(frame) if ours else None)


@given(st.sampled_from(DIDS), st.lists(PATHS, max_size=3), st.sets(st.sampled_from(DIDS)))
def test_of_a_watched_account_its_follows_are_taken(
    repo: str, paths: list[str], watched: set[str]
) -> None:
    """A commit with a follow is, among others or alone; that does not make it a followed repo."""
    router = Router(NAMES, set(), watched)
    frame = commit(repo, [*paths, "app.bsky.graph.follow/1"])
    ours = any(path.split("/")[0] in NAMES.collections for path in paths)
    taken = frames.decode(frame) if ours or repo in watched else None
    assert router.route(frame) == taken
    post = commit(repo, ["app.bsky.feed.post/1"])
    assert router.route(post) == (frames.decode(post) if ours else None)


def test_watching_begins_and_ends() -> None:
    """It says whether it is new, and takes what is about the account, too."""
    router = Router(NAMES, set())
    follow = commit(DIDS[0], ["app.bsky.graph.follow/1"])
    body = {"did": DIDS[0], "seq": 7, "time": "2025-06-15T12:00:00Z", "active": True}
    account = frames.encode_message("#account", body)
    assert router.watch(DIDS[0])
    assert not router.watch(DIDS[0])
    assert router.route(follow)
    assert router.route(account)
    router.unwatch(DIDS[0])
    assert router.route(follow) is router.route(account) is None
    assert router.watch(DIDS[0])


@given(st.sampled_from(DIDS), st.sampled_from(["identity", "account", "sync"]), st.booleans())
def test_account_events_are_taken_for_followed_dids(did: str, kind: str, known: bool) -> None:
    """`#sync`, `#identity` and `#account` count for DIDs that we follow, did:web too."""
    body = {"did": did, "seq": 7, "time": "2025-06-15T12:00:00Z"}
    extra: dict[str, dict[str, object]] = {
        "identity": {},
        "account": {"active": False, "status": "deleted"},
        "sync": {"blocks": b"", "rev": REV},
    }
    frame = frames.encode_message(f"#{kind}", body | extra[kind])
    routed = Router(NAMES, {did} if known else set()).route(frame)
    assert isinstance(routed, SyncMsg | IdentityMsg | AccountMsg) if known else routed is None


def test_a_repo_is_followed_from_its_first_routed_commit() -> None:
    """The next foreign commit of a repo is taken while the first is still being verified."""
    followed: set[str] = set()
    router = Router(NAMES, followed)
    foreign = commit(DIDS[2], ["app.bsky.feed.post/1"])
    assert router.route(foreign) is None
    assert isinstance(router.route(commit(DIDS[2], [f"{NAMES.like}/1"])), CommitMsg)
    assert isinstance(router.route(foreign), CommitMsg)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff",
        cbor.encode({"op": 1, "t": "#commit"}),
        cbor.encode({"op": 1, "t": "#commit"}) + cbor.encode([]),
        frames.encode_message("#commit", {"repo": [], "ops": [], "seq": 1}),
        frames.encode_message("#commit", {"repo": DIDS[0], "ops": 7, "seq": 1}),
        frames.encode_message("#commit", {"repo": DIDS[0], "ops": [{"path": 1}], "seq": 1}),
        frames.encode_message("#account", {"seq": 1}),
        cbor.encode({"t": "#commit"}) + cbor.encode({}),
        b"\x81" * 5000,
        cbor.encode({"op": 1, "t": "#commit"}) * 3,
    ],
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    """Garbage raises FrameError and nothing else."""
    with pytest.raises(FrameError):
        Router(NAMES, set()).route(frame)


@given(st.binary(max_size=400))
def test_noise_raises_nothing_else(noise: bytes) -> None:
    """Any bytes give a message, a number, or FrameError."""
    try:
        Router(NAMES, set()).route(noise)
    except FrameError:
        return


def test_real_frames_route_as_full_decoding_says(vectors: Path) -> None:
    """On captured relay frames, each DID in turn followed: taken just when it is its event."""
    raw = (vectors / "jetstream/internal/corpus/testdata/decompressed/frames.bin").read_bytes()
    captured = []
    at = 0
    while at < len(raw):
        (size,) = struct.unpack_from("<I", raw, at)
        captured.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    messages = [frames.decode(frame) for frame in captured]
    assert len(messages) == 100
    one = did_of(messages[0])  # type: ignore[arg-type]
    for frame, message in zip(captured, messages, strict=True):
        assert isinstance(message, CommitMsg | SyncMsg | IdentityMsg | AccountMsg)
        ours = did_of(message) == one
        assert Router(NAMES, {one}).route(frame) == (message if ours else None)
        assert Router(NAMES, set(), everything=True).route(frame) == message


@given(st.sampled_from(DIDS), st.lists(PATHS, max_size=3), st.integers(0, 2**53 - 1))
def test_seq_and_time_are_those_of_the_message(repo: str, paths: list[str], seq: int) -> None:
    """What the source passes over is placed where full decoding places it."""
    assert seq_and_time(commit(repo, paths, seq)) == (seq, "2025-06-15T12:00:00Z")


@given(st.binary(max_size=200))
def test_noise_has_no_place(noise: bytes) -> None:
    """Nothing is read into bytes that are no message."""
    assert seq_and_time(noise) is None
