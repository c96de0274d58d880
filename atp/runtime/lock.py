"""The lock that makes one process the only writer of a store.

It is an flock on `<file>.lock`, which the kernel gives back when the process ends in whatever way.
The file holds the pid of its holder for people and messages to read, and is never deleted: a new
file under the same name would be a second lock.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class LockHeld(Exception):
    """Another process writes the store; `pid` is its number when it has written it down yet."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.path = path
        self.pid = pid
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{path} is in use by {who}: send it the command or stop it first")


class StoreLock:
    """Exclusive right to write the store at `path`, held from `acquire` to `release`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock at once or raise `LockHeld`."""
        fd = os.open(_lock_path(self.path), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(fd)
            if isinstance(exc, BlockingIOError):
                raise LockHeld(self.path, holder(self.path)) from exc
            raise
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            # Closing alone leaves the lock with a child that is just being started.
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def holder(path: Path) -> int | None:
    """The pid that the last holder of the lock of `path` wrote; it stays when one is killed."""
    try:
        return int(_lock_path(path).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
