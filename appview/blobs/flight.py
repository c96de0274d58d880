"""One file on its way, and those who read it as it comes.

Readers get bytes as they arrive, but the last byte only once all of them have been checked: whoever
has read a file to its end has read the right one. When the check fails, or the file does not come,
each of them is told so, and their connections break.
"""

from __future__ import annotations

import asyncio
import os

from appview.blobs.cache import Draft, pread
from appview.blobs.failure import Failed, Failure


class Flight:
    """A file that is being fetched."""

    def __init__(self) -> None:
        self.verified = False
        self.ended = False
        self.arrived = 0
        self.readers = 0
        self._draft: Draft | None = None
        self._failed: Failed | None = None
        self._moved = asyncio.Event()

    @property
    def size(self) -> int:
        """How many bytes it will have; known once `begun`."""
        assert self._draft is not None, "asked for before it has begun"
        return self._draft.size

    async def begun(self) -> None:
        """Wait for its first byte; an empty file is waited for to its end. Raises `Failed`."""
        while not self.ended and self.arrived == 0:
            await self._moved.wait()
        self._check()

    async def read(self, position: int, most: int) -> bytes:
        """Bytes from a position on, once there are some; at most so many. Raises `Failed`."""
        while not self.ended and self._ready() <= position:
            await self._moved.wait()
        self._check()
        assert self._draft is not None, "what has begun has a draft"
        return await pread(self._draft.fd, position, min(most, self._ready() - position))

    def close(self) -> None:
        """A reader is done."""
        self.readers -= 1
        self._close_file()

    def begin(self, draft: Draft) -> None:
        """Say where its bytes are written."""
        self._draft = draft

    def advance(self, size: int) -> None:
        """So many bytes more are there."""
        self.arrived += size
        self._wake()

    def end(self, failed: Failed | None) -> None:
        """It is there and has been checked, or it has failed."""
        self.ended = True
        self.verified = failed is None
        self._failed = failed
        self._wake()
        self._close_file()

    def is_far(self) -> bool:
        """Whether more of it is there than not."""
        return self._draft is not None and 2 * self.arrived > self._draft.size

    def _ready(self) -> int:
        """How many bytes may be read."""
        return self.size if self.verified else min(self.arrived, self.size - 1)

    def _check(self) -> None:
        if self._failed is not None:
            raise Failed(self._failed.failure, str(self._failed))
        assert self._draft is not None or not self.ended, "what has come had a draft"

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _close_file(self) -> None:
        if self.ended and self.readers == 0 and self._draft is not None:
            os.close(self._draft.fd)
            self._draft = None


def ended() -> Failed:
    """What is told when a file is given up for no fault of its own."""
    return Failed(Failure.ENDED, "it is not being fetched any more; ask again")
