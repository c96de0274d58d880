"""Files on disk: those whose bytes have been checked, under their CIDs, and drafts of others.

A draft becomes a file by a new name, once its hash is the one that its CID has and its bytes are on
the disk. A draft that a crash left behind is deleted at the next start and never read. All of them
together take no more than a limit: those least recently used go first. A file that is deleted
while somebody reads it is there for them to the end.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import OrderedDict
from pathlib import Path

from appview.blobs.failure import Failed, Failure
from appview.blobs.thread import in_thread
from atp.cid import Cid
from atp.errors import CidError

_DRAFT = ".part"
_DIGEST = 4
"""Where the hash starts in a CID."""


class File:
    """A file that has been checked, open for reading."""

    verified = True

    def __init__(self, fd: int, size: int) -> None:
        self._fd = fd
        self.size = size

    async def read(self, position: int, most: int) -> bytes:
        """Bytes from a position on; some, and at most so many. Raises `Failed`."""
        return await pread(self._fd, position, most)

    def close(self) -> None:
        """Read no more."""
        os.close(self._fd)


class Draft:
    """A file that is being written; it ends by `keep` or `drop`."""

    def __init__(self, cache: Cache, size: int) -> None:
        self._cache = cache
        self.size = size
        self.fd, name = tempfile.mkstemp(_DRAFT, dir=cache.folder)
        self._path: Path | None = Path(name)
        self._hash = hashlib.sha256()

    async def allocate(self) -> None:
        """Take its whole room on the disk, so that none is missing later. Raises `Failed`."""
        if self.size:
            await in_thread(self._allocate)

    def _allocate(self) -> None:
        try:
            os.posix_fallocate(self.fd, 0, self.size)
        except OSError as exc:
            raise Failed(Failure.NO_SPACE, f"no room for {self.size} bytes: {exc}") from exc

    async def write(self, piece: bytes) -> None:
        """Add bytes. Raises `Failed`."""
        await in_thread(self._write, piece)

    def _write(self, piece: bytes) -> None:
        self._hash.update(piece)
        left = memoryview(piece)
        try:
            while left:
                left = left[os.write(self.fd, left) :]
        except OSError as exc:
            raise Failed(Failure.NO_SPACE, f"cannot write: {exc}") from exc

    async def keep(self, cid: Cid) -> None:
        """Make it a file of the cache. Raises `Failed` where it is not what the CID names."""
        if self._hash.digest() != cid[_DIGEST:]:
            raise Failed(Failure.MISMATCH, f"these are not the bytes of {cid}")
        assert self._path is not None, "a draft ends once"
        await in_thread(self._rename, self._path, self._cache.folder / str(cid))
        self._path = None
        self._cache.settle(self, cid)

    def _rename(self, draft: Path, file: Path) -> None:
        try:
            os.fsync(self.fd)  # else a power cut may leave the name and lose the bytes
            draft.rename(file)
        except OSError as exc:
            raise Failed(Failure.NO_SPACE, f"cannot keep: {exc}") from exc

    def drop(self) -> None:
        """Forget it, unless it was kept. Who has it open may read on."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None
            self._cache.settle(self, None)


class Cache:
    """The files in ``folder``, of at most ``limit`` bytes; one process's own."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self._limit = limit
        self._files: OrderedDict[Cid, int] = OrderedDict()
        self._drafts = 0
        self.size = 0
        """Bytes of files and drafts, the latter as long as they will be."""

    def open(self) -> None:
        """Find what is there, and delete what no crash should have left."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = []
        for entry in os.scandir(self.folder):
            if entry.name.endswith(_DRAFT):
                Path(entry.path).unlink()
            elif cid := _cid(entry.name):
                status = entry.stat()
                found.append((status.st_mtime_ns, cid, status.st_size))
        for _, cid, size in sorted(found):
            self._files[cid] = size
            self.size += size
        self._make_room(0)

    def files(self) -> list[Cid]:
        """What is kept, least recently used first."""
        return list(self._files)

    def find(self, cid: Cid) -> File | None:
        """The file of a CID, which is now the one used last."""
        size = self._files.get(cid)
        if size is None:
            return None
        path = self.folder / str(cid)
        try:
            fd = os.open(path, os.O_RDONLY)
            if os.fstat(fd).st_size == size:
                os.utime(fd)  # so that the order survives a restart
                self._files.move_to_end(cid)
                return File(fd, size)
            os.close(fd)
        except OSError:
            pass  # somebody else has deleted it
        self.forget(cid)
        return None

    def draft(self, size: int) -> Draft:
        """A place for a file of this size. Raises `Failed` when there is none."""
        if self._drafts + size > self._limit:
            raise Failed(Failure.BUSY, "the cache is full of what is being fetched")
        self._make_room(size)
        try:
            draft = Draft(self, size)
        except OSError as exc:
            raise Failed(Failure.NO_SPACE, f"cannot write: {exc}") from exc
        self.size += size
        self._drafts += size
        return draft

    def settle(self, draft: Draft, cid: Cid | None) -> None:
        """A draft has become the file of a CID, or nothing."""
        self.size -= draft.size
        self._drafts -= draft.size
        if cid is not None:
            self.size += draft.size - self._files.pop(cid, 0)
            self._files[cid] = draft.size

    def forget(self, cid: Cid) -> None:
        """Delete a file."""
        self.size -= self._files.pop(cid, 0)
        (self.folder / str(cid)).unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        while self._files and self.size + size > self._limit:
            self.forget(next(iter(self._files)))


async def pread(fd: int, position: int, most: int) -> bytes:
    """Bytes of an open file. Raises `Failed` where the disk does not give them."""
    try:
        piece = await in_thread(os.pread, fd, most, position)
    except OSError as exc:
        raise Failed(Failure.NO_SPACE, f"cannot read: {exc}") from exc
    if not piece:
        raise Failed(Failure.NO_SPACE, "a file has become shorter")
    return piece


def _cid(name: str) -> Cid | None:
    try:
        return Cid.parse(name)
    except CidError:
        return None
