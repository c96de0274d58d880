"""Files on disk."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appview.blobs.cache import Cache
from appview.blobs.failure import Failed, Failure
from atp.cid import Cid

FILES = {Cid.for_raw(bytes([number]) * 100): bytes([number]) * 100 for number in range(5)}
FIRST, SECOND, THIRD, *_ = FILES


def opened(folder: Path, limit: int = 1_000) -> Cache:
    """A cache of so many bytes."""
    cache = Cache(folder / "blobs", limit)
    cache.open()
    return cache


async def put(cache: Cache, cid: Cid) -> None:
    """Write a file."""
    draft = cache.draft(len(FILES[cid]))
    await draft.write(FILES[cid][:30])
    await draft.write(FILES[cid][30:])
    await draft.keep(cid)
    os.close(draft.fd)


async def contents(cache: Cache, cid: Cid) -> bytes | None:
    """What a file has."""
    file = cache.find(cid)
    if file is None:
        return None
    try:
        return await file.read(0, file.size)
    finally:
        file.close()


def names(cache: Cache) -> set[str]:
    """What is on the disk."""
    return {path.name for path in cache.folder.iterdir()}


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file of this process may be longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_file_is_there_once_it_is_checked(tmp_path: Path) -> None:
    """Not while it is written; then under its CID alone."""
    cache = opened(tmp_path)
    draft = cache.draft(100)
    await draft.write(FILES[FIRST])
    assert cache.find(FIRST) is None
    await draft.keep(FIRST)
    os.close(draft.fd)
    assert await contents(cache, FIRST) == FILES[FIRST]
    assert (names(cache), cache.size) == ({str(FIRST)}, 100)


async def test_wrong_bytes_are_not_kept(tmp_path: Path) -> None:
    """A draft that is something else leaves nothing."""
    cache = opened(tmp_path)
    draft = cache.draft(100)
    await draft.write(FILES[FIRST])
    with pytest.raises(Failed) as failed:
        await draft.keep(SECOND)
    assert failed.value.failure is Failure.MISMATCH
    draft.drop()
    os.close(draft.fd)
    assert (names(cache), cache.size) == (set(), 0)


async def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    """Room is made by deleting what was not asked for the longest."""
    cache = opened(tmp_path, limit=250)
    await put(cache, FIRST)
    await put(cache, SECOND)
    assert await contents(cache, FIRST) == FILES[FIRST]
    await put(cache, THIRD)
    assert cache.files() == [FIRST, THIRD]
    assert names(cache) == {str(FIRST), str(THIRD)}
    assert await contents(cache, SECOND) is None
    assert cache.size == 200


async def test_who_reads_a_deleted_file_reads_on(tmp_path: Path) -> None:
    """It goes when the last reader has closed it."""
    cache = opened(tmp_path, limit=150)
    await put(cache, FIRST)
    file = cache.find(FIRST)
    assert file is not None
    await put(cache, SECOND)
    assert names(cache) == {str(SECOND)}
    assert await file.read(95, 50) == FILES[FIRST][95:]
    file.close()


async def test_drafts_count(tmp_path: Path) -> None:
    """What is on its way takes its whole room, and no file makes more than all of it."""
    cache = opened(tmp_path, limit=250)
    await put(cache, FIRST)
    drafts = [cache.draft(100), cache.draft(100)]
    assert cache.files() == []
    with pytest.raises(Failed) as failed:
        cache.draft(100)
    assert failed.value.failure is Failure.BUSY
    done = drafts.pop()
    done.drop()
    os.close(done.fd)
    await put(cache, SECOND)
    with pytest.raises(Failed):
        cache.draft(151)
    assert cache.files() == [SECOND], "what does not fit all the same drives nothing out"
    for draft in drafts:
        draft.drop()
        os.close(draft.fd)
    assert cache.size == 100


async def test_a_restart_keeps_files_and_their_order(tmp_path: Path) -> None:
    """Drafts that a crash left are deleted and never read; a smaller limit makes room."""
    cache = opened(tmp_path)
    for number, cid in enumerate((FIRST, SECOND, THIRD)):
        await put(cache, cid)
        os.utime(cache.folder / str(cid), (number, number))
    assert await contents(cache, FIRST) == FILES[FIRST]
    left = cache.draft(100)
    await left.write(FILES[FIRST])
    os.close(left.fd)
    (cache.folder / "README").write_text("not ours")
    again = opened(tmp_path)
    assert again.files() == [SECOND, THIRD, FIRST]
    assert again.size == 300
    assert names(again) == {str(FIRST), str(SECOND), str(THIRD), "README"}
    assert opened(tmp_path, limit=199).files() == [FIRST]


@pytest.mark.parametrize("harm", ["deleted", "cut"])
async def test_a_file_that_somebody_harmed(tmp_path: Path, harm: str) -> None:
    """It is no file any more; the next who asks fetches it again."""
    cache = opened(tmp_path)
    await put(cache, FIRST)
    path = cache.folder / str(FIRST)
    if harm == "deleted":
        path.unlink()
    else:
        os.truncate(path, 50)
    assert cache.find(FIRST) is None
    assert (names(cache), cache.size) == (set(), 0)


async def test_the_same_file_twice(tmp_path: Path) -> None:
    """Two drafts of one file count once in the end."""
    cache = opened(tmp_path)
    await put(cache, FIRST)
    await put(cache, FIRST)
    assert (cache.size, cache.files()) == (100, [FIRST])


async def test_a_full_disk(tmp_path: Path) -> None:
    """What cannot be written is told by name, and leaves nothing."""
    cache = opened(tmp_path)
    draft = cache.draft(100)
    for work in (draft.allocate(), draft.write(FILES[FIRST])):
        with small_disk(50), pytest.raises(Failed) as failed:
            await work
        assert failed.value.failure is Failure.NO_SPACE
    draft.drop()
    os.close(draft.fd)
    assert (names(cache), cache.size) == (set(), 0)
    await put(cache, FIRST)


def test_nobody_else_may_read(tmp_path: Path) -> None:
    """The folder is the service's own."""
    assert opened(tmp_path).folder.stat().st_mode & 0o777 == 0o700
