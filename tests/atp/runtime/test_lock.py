"""The lock of a store, between real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from atp.runtime import lock
from atp.runtime.lock import LockHeld, StoreLock

HOLD = """
import sys
from pathlib import Path
from atp.runtime.lock import StoreLock
StoreLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


def test_a_second_holder_is_refused_with_the_pid(store: Path) -> None:
    """LockHeld names the process that holds the lock; its death, even by SIGKILL, frees it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(
            LockHeld, match=rf"index\.db is in use by process {child.pid}"
        ) as caught:
            StoreLock(store).acquire()
        assert caught.value.pid == child.pid
        child.send_signal(signal.SIGKILL)
        child.wait()
    with StoreLock(store):
        assert lock.holder(store) == os.getpid()


def test_release_gives_the_lock_back(store: Path) -> None:
    """After release another may hold it, the file stays, and nobody is named in it."""
    first, second = StoreLock(store), StoreLock(store)
    first.acquire()
    with pytest.raises(LockHeld):
        second.acquire()
    first.release()
    first.release()
    assert lock.holder(store) is None
    with second:
        assert lock.holder(store) == os.getpid()
    assert store.with_name("index.db.lock").exists()
    assert not store.exists()


def test_a_child_process_does_not_keep_the_lock(store: Path) -> None:
    """What the holder starts does not hold on to it."""
    with StoreLock(store):
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            close_fds=False,
        )
    with StoreLock(store):
        assert child.poll() is None
    child.communicate()


def test_nobody_has_held_a_new_store(store: Path) -> None:
    """Without a lock file, or with an empty one, there is no holder."""
    assert lock.holder(store) is None
    store.with_name("index.db.lock").touch()
    assert lock.holder(store) is None
