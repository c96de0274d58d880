"""`plyr backup`: the stores that the network cannot give back, copied while they are in use.

A backup is a folder with a copy of each store and a manifest that says what they have to be. The
manifest is written last, so a folder without one is what an interrupted backup left behind and is
never restored from. `ops.restore` is the way back.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID

from appview import schema as private
from atp.datetime import Datetime
from atp.runtime import sqlite_copy
from atp.runtime.clock import now_micros
from indexer import schema
from labeler import schema as labels
from ops.errors import CannotRun
from ops.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class KeptStore:
    """A store that is lost when its file is; ``newest`` is the last schema that is known here."""

    file: str
    holds: str
    newest: int


STORES: Sequence[KeptStore] = (
    KeptStore(labels.FILE, "labels, moderation events and reports", labels.version()),
    KeptStore(private.FILE, "when each account last saw its notifications", private.version()),
)
REBUILT: Sequence[str] = (schema.FILE, "blobs")
SECRETS = "the file that PLYR_LABELER_KEY_FILE names"


@dataclass(frozen=True, slots=True)
class Copied:
    """One store of a backup: its file, size in bytes, SHA-256 in hex and schema version."""

    file: str
    size: int
    sha256: str
    schema: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup consists of, when it was made and by which version of this software."""

    time: str
    software: str
    stores: Sequence[Copied]

    def to_json(self) -> dict[str, Any]:
        """The manifest as its file has it."""
        return {"format": FORMAT, **asdict(self)}


def backup(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr backup`: raises `CannotRun` where there is nothing to read or no room to write."""
    into: Path = arguments.dir
    if not settings.data_dir.is_dir():
        raise CannotRun(f"there is no data folder {settings.data_dir}: --data-dir names another")
    with cannot_run(into):
        manifest = back_up(settings.data_dir, into, now_micros())
    copied = {one.file for one in manifest.stores}
    missing = [store for store in STORES if store.file not in copied]
    if arguments.json:
        files = [store.file for store in missing]
        left_out = {"missing": files, "rebuilt": REBUILT, "secrets": SECRETS}
        print(json.dumps({"dir": str(into), **manifest.to_json(), **left_out}))
        return 0
    for one in manifest.stores:
        print(f"{one.file}: {one.size} bytes in {into}")
    for store in missing:
        print(f"{store.file}: skipped, there is none in {settings.data_dir} ({store.holds})")
    print(f"{', '.join(REBUILT)}: rebuilt from the network, not in the backup")
    print(f"{SECRETS}: a secret, not in the backup; keep a copy of it elsewhere")
    return 0


def back_up(
    data_dir: Path, into: Path, now_micros: int, stores: Sequence[KeptStore] = STORES
) -> Manifest:
    """Copy the stores that there are from ``data_dir`` to ``into``, a new or empty folder.

    Raises `CannotRun`, `StoreBroken` for a store that is damaged, and OSError; then nothing is
    left of what was written.
    """
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise CannotRun(f"{into} is not empty: a backup needs a new folder")
    try:
        copied = [_copied(data_dir / s.file, into) for s in stores if (data_dir / s.file).exists()]
        when = Datetime.from_micros(now_micros)
        manifest = Manifest(when, metadata.version("plyr-appview"), copied)
        _write(into / MANIFEST, json.dumps(manifest.to_json(), indent=2).encode() + b"\n")
    except BaseException:
        for left in into.iterdir():
            left.unlink()
        raise
    sync_folder(into)
    sync_folder(into.absolute().parent)
    return manifest


def _copied(store: Path, into: Path) -> Copied:
    target = into / store.name
    with progress(f"copying {store.name}") as tell:
        sqlite_copy.copy(store, target, tell)
    version = sqlite_copy.check(target)
    return Copied(store.name, target.stat().st_size, sha256(target), version)


def _write(path: Path, body: bytes) -> None:
    """Write a file that is there as a whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(path: Path) -> None:
    """Have the disk know which files a folder holds."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def progress(what: str) -> Iterator[sqlite_copy.Tell]:
    """A bar on a terminal for a copy that goes on."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        bar: TaskID = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


@contextmanager
def cannot_run(path: Path) -> Iterator[None]:
    """Turn what the system refuses into a message that says what to do."""
    try:
        yield
    except OSError as exc:
        raise CannotRun(f"{exc.filename or path}: {exc.strerror or exc}") from exc
