"""How much disk the repos on their way may take together.

Each may have its share, which is more than nearly every repo needs. What one needs beyond comes out
of a pool for all: when that is empty, the large ones fail and are tried again later, and no host
can take the room of the others' small ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

SHARE = 67_108_864
"""Bytes that each fetch may write; there are at most `indexer.resync.AT_ONCE`."""
POOL = 1_073_741_824
"""Bytes that all may write beyond their shares."""


class NoRoom(OSError):
    """Too much is on its way already."""


class Ration:
    """Hands out temporary files in ``folder`` that together stay within bounds."""

    def __init__(self, folder: Path, *, share: int = SHARE, pool: int = POOL) -> None:
        self._folder = folder
        self._share = share
        self._left = pool

    @contextmanager
    def file(self) -> Iterator[RationedFile]:
        """A file of its own, gone afterwards."""
        with TemporaryFile(dir=self._folder) as file:
            rationed = RationedFile(file, self)
            try:
                yield rationed
            finally:
                # Not truncated: a thread whose caller gave up may still read it through a map.
                rationed.release()

    def take(self, size: int, more: int) -> int:
        """Have a file of ``size`` bytes grow; what of that is from the pool. Raises `NoRoom`."""
        beyond = max(0, size + more - max(self._share, size))
        if beyond > self._left:
            raise NoRoom(f"other repos on their way leave no room after {size} bytes")
        self._left -= beyond
        return beyond

    def give_back(self, borrowed: int) -> None:
        """Put into the pool what a file had from it."""
        self._left += borrowed


class RationedFile:
    """A file of ``size`` bytes that grows within a ration. ``raw`` is the file itself, to read."""

    def __init__(self, raw: BinaryIO, ration: Ration) -> None:
        self.raw = raw
        self._ration = ration
        self.size = 0
        self._borrowed = 0

    def write(self, piece: bytes) -> None:
        """Append. Raises `NoRoom`, and `OSError` where the disk is full."""
        self._borrowed += self._ration.take(self.size, len(piece))
        self.size += len(piece)
        self.raw.write(piece)

    def clear(self) -> None:
        """Make it empty, to begin anew; nobody may have it mapped."""
        self.release()
        self.raw.seek(0)
        self.raw.truncate()

    def release(self) -> None:
        """Give back what it took of the ration."""
        self._ration.give_back(self._borrowed)
        self.size = self._borrowed = 0
