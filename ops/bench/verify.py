"""How fast one core verifies commits, and what of it takes how long.

Every frame is routed and decoded as a relay's are when the indexer takes everything, and its commit
is checked in full, inversion included, with the account's key at hand. The frames are those of
`ops.bench.stream`, and where the reference material is there, real ones of the public network.

The shares come from rounds of their own, which take the same steps one by one with a clock between
them; what `check_commit` does besides them is not in any.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter

from atp import car, cbor
from atp.commit import Commit
from atp.did_doc import DidDocument
from atp.frames import CommitMsg
from atp.keys import PublicKey
from atp.mst_tree import Tree
from atp.operation import invert, is_borne_out
from atp.sync import Chain, RepoState, check_commit
from atp.syntax import Did
from indexer.route import Router
from lexicons.names import Names
from ops.bench import stream as streams
from ops.bench import traffic
from ops.bench.figures import Figure
from ops.bench.stream import SEED, Stream
from ops.bench.traffic import Author

ROUNDS = 7
FRAMES = 5_000
"""Frames in one round; the real ones are repeated until they are so many."""
LATER = 2_000_000_000_000_000
"""A time after all commits, in µs since the epoch."""
CAPTURES = Path("vectors/jetstream/internal/corpus/testdata/decompressed")
STAGES = ("route", "car", "signature", "inclusion", "inversion", "records")
"""Frame to message; CAR and hashes; commit object and signature; operations; undoing; records.

Nodes of the tree are read where they are first needed, nearly all of them for inclusion.
"""

Keys = dict[Did, PublicKey]


class VerifyError(RuntimeError):
    """A commit that should pass did not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Frames and the signing keys of their accounts."""

    prefix: str
    frames: Sequence[bytes]
    keys: Keys


def run(build: Path) -> list[Figure]:
    """All figures; needs half a minute, and one more where the stream is not made yet."""
    samples = [made(streams.cached(build), FRAMES), captured(_shared(), FRAMES)]
    return [figure for sample in samples if sample for figure in figures(sample)]


def figures(sample: Sample) -> list[Figure]:
    """Frames per second of whole rounds, and each stage's share of rounds taken apart."""
    speeds, shares = [], []
    for number in range(1, ROUNDS + 1):
        print(f"{sample.prefix}frames_per_s: round {number} of {ROUNDS}", file=sys.stderr)
        speeds.append(len(sample.frames) / seconds(sample))
        times = stage_seconds(sample)
        shares.append([100 * time / sum(times) for time in times])
    return [
        Figure(f"{sample.prefix}frames_per_s", "frames/s", tuple(speeds)),
        *[
            Figure(f"{sample.prefix}{stage}_share", "%", tuple(share[at] for share in shares))
            for at, stage in enumerate(STAGES)
        ],
    ]


def seconds(sample: Sample) -> float:
    """How long it takes to route and check every frame. Raises VerifyError."""
    router = Router(Names(), (), everything=True)
    start = perf_counter()
    for frame in sample.frames:
        message = router.route(frame)
        if isinstance(message, CommitMsg):
            commit = check_commit(message, sample.keys[message.repo], _before(message), LATER)
            if commit.chain is not Chain.CONTINUES:
                raise VerifyError(f"commit {message.rev} of {message.repo}: {commit.chain}")
    return perf_counter() - start


def stage_seconds(sample: Sample) -> list[float]:
    """How long each of `STAGES` takes over all frames. Raises VerifyError."""
    router = Router(Names(), (), everything=True)
    spent = [0.0] * len(STAGES)
    for frame in sample.frames:
        clock = [perf_counter()]
        message = router.route(frame)
        if isinstance(message, CommitMsg):
            clock += [perf_counter(), *_stages(message, sample.keys[message.repo])]
            for stage in range(len(STAGES)):
                spent[stage] += clock[stage + 1] - clock[stage]
    return spent


def _stages(message: CommitMsg, key: PublicKey) -> Iterator[float]:
    """The time after each stage that follows routing."""
    blocks = car.read(message.blocks).blocks
    yield perf_counter()
    commit = Commit.from_bytes(blocks[message.commit])
    genuine = commit.verify(key)
    yield perf_counter()
    tree = Tree.load(commit.data, blocks)
    included = all(is_borne_out(op, tree) for op in message.ops)
    yield perf_counter()
    undone = invert(tree, message.ops).root == message.prev_data
    yield perf_counter()
    for op in message.ops:
        if op.cid is not None:
            cbor.decode_map(blocks[op.cid])
    yield perf_counter()
    if not (genuine and included and undone):
        raise VerifyError(f"commit {message.rev} of {message.repo} fails a stage")


def made(stream: Stream, count: int) -> Sample:
    """The first frames of the stream, whose authors' keys follow from their names."""
    start, frames = 0, []
    with stream.messages.open("rb") as file:
        for end in stream.ends()[:count]:
            message = file.read(end - start)
            frames.append(message[_header_bytes(message) :])
            start = end
    random = Random(SEED)  # noqa: S311 - nothing is drawn from it for an author without records
    names = [f"author{number}" for number in range(traffic.AUTHORS)]
    authors = [Author(name, 0, random) for name in names]
    keys = {author.did: author.key.public_key for author in authors}
    return Sample("verify.", frames, keys | _signing_keys(stream.documents()))


def captured(shared: Path, count: int) -> Sample | None:
    """What a public relay sent, over and over; None without the reference material."""
    folder = shared / CAPTURES
    if not folder.is_dir():
        return None
    raw, at, frames = (folder / "frames.bin").read_bytes(), 0, []
    while at < len(raw):
        start = at + 4
        at = start + int.from_bytes(raw[at:start], "little")
        frames.append(raw[start:at])
    documents = json.loads((folder / "did_docs.json").read_bytes())
    repeated = [frames[number % len(frames)] for number in range(count)]
    return Sample("verify.real_", repeated, _signing_keys(documents.values()))


def _header_bytes(message: bytes) -> int:
    """How long the websocket header of a server's message is (RFC 6455 §5.2)."""
    return {126: 4, 127: 10}.get(message[1], 2)


def _signing_keys(documents: Iterable[Mapping[str, object]]) -> Keys:
    parsed = [DidDocument.parse(document, Did.parse(str(document["id"]))) for document in documents]
    return {each.did: each.signing_key for each in parsed if each.signing_key is not None}


def _before(message: CommitMsg) -> RepoState | None:
    """What somebody knows who has seen all that came before."""
    if message.since is None or message.prev_data is None:
        return None
    return RepoState(message.since, message.prev_data)


def _shared() -> Path:
    return Path(os.environ.get("PLYR_SHARED", "../shared"))
