"""Repos as hostile hosts send them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from atp import car
from atp.commit import Commit
from atp.sync import MAX_AHEAD_MICROS
from indexer import car_file, snapshot
from indexer.failure import Failure, ResyncFailed
from tests.indexer.authors import NAMES, PDS, Author, Create, like, track
from tests.indexer.files import in_file


def author(records: int = 60) -> Author:
    """An author of tracks, likes, and ten times as much of another application."""
    made = Author(0)
    subject = made.subject(NAMES.track, "x")
    for n in range(records):
        made.message(
            Create(NAMES.track, track(title=f"{n}"), f"t{n}"),
            Create(NAMES.like, like(subject), f"l{n}"),
            *[Create("fm.plyr.tracks", {"n": m}, f"{n}-{m}") for m in range(5)],
            *[Create("app.bsky.feed.post", {"n": m}, f"{n}-{m}") for m in range(5)],
        )
    return made


def read(by: Author, content: bytes, now: int | None = None) -> dict[tuple[str, str], str]:
    """What is found of our collections."""
    with in_file(content) as file:
        found = snapshot.read(
            file, by.did, by.key.public_key, [NAMES.track, NAMES.like], now or by.now, pds=PDS
        )
        found.blocks.close()
        return {path: str(cid) for path, cid in found.records.items()}


def test_all_of_ours_is_found_and_nothing_else() -> None:
    """Every key of our collections, whatever stands between and beside them, in any block order."""
    by = author()
    expected = {
        tuple(path.split("/")): str(record.cid)
        for path, record in by.repo.records.items()
        if path.startswith(("fm.plyr.track/", "fm.plyr.like/"))
    }
    assert len(expected) == 120
    assert read(by, by.repo.to_car()) == expected
    content = car.read(by.repo.to_car())
    blocks = list(content.blocks.items())
    Random(1).shuffle(blocks)
    assert read(by, car.write(content.roots, blocks)) == expected


def test_other_applications_records_are_not_looked_at() -> None:
    """A record that is not ours may be broken or missing; it changes nothing."""
    by = author(5)
    content = car.read(by.repo.to_car())
    post = by.repo.records["app.bsky.feed.post/0-0"].cid
    content.blocks[post] = b"broken"
    del content.blocks[by.repo.records["app.bsky.feed.post/0-1"].cid]
    assert len(read(by, car.write(content.roots, content.blocks.items()))) == 10


def signed_again(by: Author, change: Callable[[Commit], Commit]) -> bytes:
    """The repo under another commit, its hashes right."""
    content = car.read(by.repo.to_car())
    commit = change(Commit.from_bytes(content.blocks.pop(content.roots[0])))
    blocks = [*content.blocks.items(), (commit.cid, commit.to_bytes())]
    return car.write([commit.cid], blocks)


def test_lies_are_refused_by_name() -> None:
    """Wrong account, key, time, root, tree, hash, length: each has its failure."""
    by, other = author(5), Author(1)
    whole = by.repo.to_car()
    root = car.read(whole)
    by_block = dict(root.blocks)
    del by_block[by.repo.head.data]
    lies: list[tuple[Failure, bytes]] = [
        (Failure.WRONG_REPO, other.repo.to_car()),
        (Failure.BAD_SIGNATURE, signed_again(by, lambda commit: commit.sign(other.key))),
        (
            Failure.BAD_SIGNATURE,
            signed_again(by, lambda commit: replace(commit, data=Author(2).repo.head.data)),
        ),
        (Failure.BAD_REPO, car.write(root.roots, by_block.items())),
        (Failure.BAD_COMMIT, car.write([by.repo.head.data], root.blocks.items())),
        (Failure.BAD_COMMIT, car.write(root.roots, [])),
        (Failure.BAD_REPO, car.write([], root.blocks.items())),
        (Failure.BAD_REPO, whole[:-1]),
        (Failure.BAD_REPO, whole + b"\x00"),
        (Failure.BAD_REPO, whole + b"\xff" * 12),
        (Failure.BAD_REPO, b""),
        (Failure.BAD_REPO, b"<html>not found</html>"),
    ]
    for failure, content in lies:
        with pytest.raises(ResyncFailed) as failed:
            read(by, content)
        assert failed.value.failure is failure, failed.value
    with pytest.raises(ResyncFailed) as failed:
        read(by, whole, by.now - MAX_AHEAD_MICROS - 1_000_000)
    assert failed.value.failure is Failure.FUTURE_REV


def test_noise_is_refused() -> None:
    """A byte changed anywhere that is read is noticed; elsewhere it changes nothing."""
    by = author(3)
    whole, random = by.repo.to_car(), Random(2)
    expected = read(by, whole)
    for _ in range(300):
        place = random.randrange(len(whole))
        noisy = bytearray(whole)
        noisy[place] ^= 1 << random.randrange(8)
        with suppress(ResyncFailed):
            assert read(by, bytes(noisy)) == expected


def test_what_a_repo_may_hold_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many blocks, too many records of ours."""
    by = author(5)
    with in_file(by.repo.to_car()) as file:
        found = snapshot.read(file, by.did, by.key.public_key, [NAMES.track], by.now, pds=PDS)
        cid = found.records[NAMES.track, "t0"]
        assert found.blocks.get(cid) == by.repo.records["fm.plyr.track/t0"].block
        found.blocks.close()
    monkeypatch.setattr(snapshot, "MAX_RECORDS", 9)
    with pytest.raises(ResyncFailed, match="too_large"):
        read(by, by.repo.to_car())
    monkeypatch.setattr(car_file, "MAX_BLOCKS", 50)
    with pytest.raises(ResyncFailed, match="more than 50 blocks"):
        read(by, by.repo.to_car())
