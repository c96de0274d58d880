"""Disk for repos on their way is shared out."""

from __future__ import annotations

import mmap
from contextlib import ExitStack
from pathlib import Path

import pytest

from indexer.ration import NoRoom, Ration


def test_each_has_its_share_whatever_others_take(tmp_path: Path) -> None:
    """One that empties the pool fails; the others still get what nearly everyone needs."""
    ration = Ration(tmp_path, share=10, pool=20)
    with ration.file() as greedy, ration.file() as modest:
        greedy.write(bytes(9))
        greedy.write(bytes(15))
        greedy.write(bytes(6))
        with pytest.raises(NoRoom):
            greedy.write(b"x")
        modest.write(bytes(10))
        with pytest.raises(NoRoom):
            modest.write(b"x")
        greedy.clear()
        modest.write(bytes(20))


def test_what_is_taken_comes_back(tmp_path: Path) -> None:
    """A file that is gone, or begun anew, has nothing from the pool; it holds what was written."""
    ration = Ration(tmp_path, share=1, pool=5)
    for _ in range(3):
        with ration.file() as file:
            file.write(b"123456")
            file.clear()
            file.write(b"abc")
            file.write(b"def")
            file.raw.seek(0)
            assert file.raw.read() == b"abcdef"
    assert list(tmp_path.iterdir()) == []


def test_all_together_stay_within_bounds(tmp_path: Path) -> None:
    """However many write, it is no more than their shares and the pool."""
    ration = Ration(tmp_path, share=4, pool=7)
    with ExitStack() as stack:
        files = [stack.enter_context(ration.file()) for _ in range(5)]
        written = 0
        for n in range(100):
            try:
                files[n % 5].write(b"x")
                written += 1
            except NoRoom:
                pass
    assert written == 5 * 4 + 7


def test_who_still_reads_a_file_that_was_given_up_reads_on(tmp_path: Path) -> None:
    """A thread cannot be stopped: what it has mapped must not be cut off under it."""
    with Ration(tmp_path).file() as file:
        file.write(b"x" * 10_000)
        file.raw.flush()
        mapped = mmap.mmap(file.raw.fileno(), 10_000, access=mmap.ACCESS_READ)
    assert mapped[9_999:] == b"x"
    mapped.close()
