"""`plyr backup`: what is copied is whole, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from atp.runtime import sqlite
from ops.backup import MANIFEST, REBUILT, back_up, sha256
from ops.errors import CannotRun
from ops.restore import bring_back, read_manifest
from tests.ops.logs import LABELS, NOW, PRIVATE, child, crash, events, log, stocked
from tests.ops.test_cli import plyr


def mode(path: Path) -> int:
    """Who may do what."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with both stores, and an index."""
    return stocked(tmp_path)


def test_there_and_back(tmp_path: Path, data: Path) -> None:
    """Each store comes back as it was; only its owner may read any of it."""
    saved, elsewhere = tmp_path / "saved", tmp_path / "elsewhere"
    before = {name: events(data / name) for name in (LABELS, PRIVATE)}
    manifest = back_up(data, saved, NOW)
    assert sorted(path.name for path in saved.iterdir()) == sorted([LABELS, PRIVATE, MANIFEST])
    assert read_manifest(saved / MANIFEST) == manifest
    assert [(c.file, c.schema) for c in manifest.stores] == [(LABELS, 1), (PRIVATE, 1)]
    assert mode(saved) == 0o700
    assert {mode(path) for path in saved.iterdir()} == {0o600}
    assert bring_back(saved, elsewhere, NOW) == (manifest, [])
    assert {name: events(elsewhere / name) for name in before} == before
    assert {mode(elsewhere / name) for name in before} == {0o600}
    assert {sha256(saved / c.file) for c in manifest.stores} == {c.sha256 for c in manifest.stores}


WRITER = """
import sys
from pathlib import Path
from atp.runtime import eventlog, sqlite
from atp.runtime.lock import StoreLock
path = Path(sys.argv[1])
with StoreLock(path):
    conn = sqlite.connect(path)
    print("writing", flush=True)
    while True:
        with sqlite.transaction(conn):
            for _ in range(2):
                eventlog.append(conn, 1, "label", b"y" * 500)
"""


def test_a_store_that_is_being_written(tmp_path: Path) -> None:
    """Each copy is sound and a prefix of the log, with whole transactions; nobody waits."""
    data = tmp_path / "data"
    data.mkdir()
    log(data / LABELS, 20_000, payload=b"z" * 1_000)
    writer = child(WRITER, data / LABELS)
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline() == "writing\n"
        for n in range(3):
            sizes = [len(events(data / LABELS))]
            back_up(data, tmp_path / f"saved{n}", NOW)
            sizes.append(len(events(data / LABELS)))
            assert sizes[0] < sizes[1], "the writer went on"
    finally:
        writer.kill()
        writer.communicate()
    whole = events(data / LABELS)
    counts = []
    for n in range(3):
        manifest, _ = bring_back(tmp_path / f"saved{n}", tmp_path / f"data{n}", NOW)
        assert [copied.file for copied in manifest.stores] == [LABELS]
        copied = events(tmp_path / f"data{n}" / LABELS)
        assert copied == whole[: len(copied)]
        counts.append(len(copied))
    assert counts == sorted(set(counts))
    assert {count % 2 for count in counts} == {0}


KILLED = """
import os, signal, sys
from pathlib import Path
from atp.runtime import sqlite_copy
from ops import backup

def die(*_): os.kill(os.getpid(), signal.SIGKILL)

where = sys.argv[3]
if where == "copying":
    copy = sqlite_copy.copy
    sqlite_copy.copy = lambda source, target, tell: copy(source, target, die)
elif where == "checking":
    sqlite_copy.check = die
elif where == "describing":
    os.fsync = lambda descriptor: die() if list(Path(sys.argv[2]).glob("*.partial")) else None
else:
    Path.rename = die
backup.back_up(Path(sys.argv[1]), Path(sys.argv[2]), 1)
"""


@pytest.mark.parametrize("where", ["copying", "checking", "describing", "naming"])
def test_a_killed_backup_is_none(tmp_path: Path, data: Path, where: str) -> None:
    """Wherever the kill falls, what it leaves is not restored from."""
    saved = tmp_path / "saved"
    killed = child(KILLED, data, saved, where)
    assert killed.wait(30) == -signal.SIGKILL
    killed.communicate()
    assert any(saved.iterdir()), "it had begun"
    with pytest.raises(CannotRun, match="no whole backup"):
        bring_back(saved, tmp_path / "elsewhere", NOW)
    with pytest.raises(CannotRun, match="not empty"):
        back_up(data, saved, NOW)


def test_what_only_the_wal_has_is_saved(tmp_path: Path, data: Path) -> None:
    """Nothing is lost that a process had committed before it died."""
    crash(data / LABELS)
    saved = tmp_path / "saved"
    back_up(data, saved, NOW)
    bring_back(saved, tmp_path / "elsewhere", NOW)
    assert events(tmp_path / "elsewhere" / LABELS)[-1][2] == b"only in the WAL"
    assert events(tmp_path / "elsewhere" / LABELS) == events(data / LABELS)


def test_a_failed_backup_leaves_nothing(tmp_path: Path, data: Path) -> None:
    """A damaged store is not saved as if it were sound."""
    with (data / PRIVATE).open("r+b") as file:
        file.seek(4096 + 8)
        file.write(os.urandom(2_000))
    saved = tmp_path / "saved"
    with pytest.raises(sqlite.StoreBroken, match=PRIVATE):
        back_up(data, saved, NOW)
    assert list(saved.iterdir()) == []


def test_commands_say_what_they_do(tmp_path: Path, data: Path) -> None:
    """Exit status 0, what is in the backup, what is not and why, as text and as JSON."""
    folder = f"--data-dir={data}"
    (data / PRIVATE).unlink()
    told = plyr("backup", str(tmp_path / "one"), folder)
    assert (told.returncode, told.stderr) == (0, "")
    for word in (LABELS, f"{PRIVATE}: skipped", *REBUILT, "rebuilt", "PLYR_LABELER_KEY_FILE"):
        assert word in told.stdout
    told = plyr("backup", str(tmp_path / "two"), folder, "--json")
    said = json.loads(told.stdout)
    assert said["missing"] == [PRIVATE]
    assert said["rebuilt"] == list(REBUILT)
    assert [store["file"] for store in said["stores"]] == [LABELS]
    back = plyr("restore", str(tmp_path / "two"), folder, "--force", "--json")
    assert back.returncode == 0
    said = json.loads(back.stdout)
    assert said["restored"] == [LABELS]
    assert [Path(path).exists() for path in said["aside"]] == [True]
