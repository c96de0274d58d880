"""`plyr restore`: put the stores of a backup in the place of what is there.

Nothing is touched before everything is known to be good: the manifest, the hash and the structure
of each copy as it lies in the data folder, ready to be renamed, and that no service writes there.
A store that is replaced stays beside the new one under another name.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import orjson

from atp.datetime import Datetime
from atp.runtime import sqlite_copy
from atp.runtime.clock import now_micros
from atp.runtime.lock import StoreLock
from atp.runtime.sqlite import StoreError
from indexer import schema
from ops.backup import (
    FORMAT,
    MANIFEST,
    STORES,
    Copied,
    KeptStore,
    Manifest,
    cannot_run,
    sha256,
    sync_folder,
)
from ops.errors import CannotRun
from ops.settings import Settings

MAX_MANIFEST = 65_536
"""Bytes."""


class BackupDamaged(Exception):
    """The backup is not what its manifest says."""


def restore(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr restore`: 1 when the backup is damaged, and then nothing is changed."""
    source: Path = arguments.dir
    with cannot_run(source):
        try:
            manifest, aside = bring_back(
                source, settings.data_dir, now_micros(), force=arguments.force
            )
        except BackupDamaged as exc:
            report = {"restored": [], "error": str(exc)}
            print(json.dumps(report) if arguments.json else f"not restored: {exc}")
            return 1
    files = [copied.file for copied in manifest.stores]
    if arguments.json:
        kept = [str(path) for path in aside]
        print(json.dumps({"restored": files, "time": manifest.time, "aside": kept}))
    else:
        print(f"restored as of {manifest.time}: {', '.join(files) or 'nothing, it holds no store'}")
        for path in aside:
            print(f"what was there is now {path}")
    return 0


def bring_back(
    source: Path,
    data_dir: Path,
    now_micros: int,
    stores: Sequence[KeptStore] = STORES,
    *,
    force: bool = False,
) -> tuple[Manifest, list[Path]]:
    """Restore the backup in ``source``; returns its manifest and where replaced stores are now.

    Raises `BackupDamaged`, `LockHeld` while a service runs on ``data_dir``, `CannotRun` where a
    store is there and ``force`` is not set, and OSError.
    """
    manifest = read_manifest(source / MANIFEST)
    known = {store.file: store for store in stores}
    for copied in manifest.stores:
        if copied.file not in known:
            raise BackupDamaged(f"{copied.file[:80]!r} is no store of this version")
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        for file in (schema.FILE, *known):
            held.enter_context(StoreLock(data_dir / file))
        there = [data_dir / s.file for s in manifest.stores if (data_dir / s.file).exists()]
        if there and not force:
            raise CannotRun(f"{there[0]} exists: --force puts it aside and takes its place")
        ready = []
        for copied in manifest.stores:
            path = data_dir / f"{copied.file}.restoring"
            held.callback(path.unlink, missing_ok=True)
            _bring(source / copied.file, path, copied, known[copied.file])
            ready.append((path, data_dir / copied.file))
        mark = "".join(filter(str.isalnum, Datetime.from_micros(now_micros)))
        aside = [_replace(new, old, mark) for new, old in ready]
        sync_folder(data_dir)
    return manifest, [path for path in aside if path is not None]


def read_manifest(path: Path) -> Manifest:
    """The manifest at ``path``. Raises `CannotRun` where there is none, and `BackupDamaged`."""
    try:
        if path.stat().st_size > MAX_MANIFEST:
            raise BackupDamaged(f"{path} is too large for a manifest")
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError as exc:
        raise CannotRun(f"{path.parent} is no whole backup: it has no {MANIFEST}") from exc
    except orjson.JSONDecodeError as exc:
        raise BackupDamaged(f"{path} is not JSON: {exc}") from exc
    try:
        if found.pop("format") != FORMAT:
            raise CannotRun(
                f"{path} is of another format: restore it with the version that wrote it"
            )
        copied = [Copied(**one) for one in found.pop("stores")]
        manifest = Manifest(**found, stores=copied)
    except (AttributeError, KeyError, TypeError) as exc:
        raise BackupDamaged(f"{path} is not a manifest: {exc}") from exc
    texts = (
        manifest.time,
        manifest.software,
        *(c.file for c in copied),
        *(c.sha256 for c in copied),
    )
    numbers = [number for c in copied for number in (c.size, c.schema)]
    if {*map(type, texts)} | {*map(type, numbers)} - {int} != {str}:
        raise BackupDamaged(f"{path} is not a manifest: something in it is of the wrong kind")
    if len({c.file for c in copied}) < len(copied):
        raise BackupDamaged(f"{path} names a store twice")
    return manifest


def _bring(source: Path, target: Path, copied: Copied, store: KeptStore) -> None:
    """Copy a store of the backup to ``target`` and check what has arrived there."""
    target.unlink(missing_ok=True)
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as into, source.open("rb") as file:
            shutil.copyfileobj(file, into)
            into.flush()
            os.fsync(into.fileno())
    except FileNotFoundError as exc:
        raise BackupDamaged(f"{source} is missing") from exc
    if (target.stat().st_size, sha256(target)) != (copied.size, copied.sha256):
        raise BackupDamaged(f"{source} is not the file that the manifest describes")
    try:
        version = sqlite_copy.check(target)
    except StoreError as exc:
        raise BackupDamaged(f"{source}: {exc}") from exc
    if version != copied.schema:
        raise BackupDamaged(f"{source} has schema {version}, the manifest says {copied.schema}")
    if version > store.newest:
        raise CannotRun(
            f"{source} has schema {version}, this version knows {store.newest}:"
            " restore it with the version that wrote it"
        )


def _replace(new: Path, old: Path, mark: str) -> Path | None:
    """Rename ``new`` to ``old``; returns the name under which what was there goes on, if any."""
    aside = old.with_name(f"{old.name}.before-restore-{mark}") if old.exists() else None
    if aside is not None:
        os.link(old, aside)
        with suppress(FileNotFoundError):
            os.link(f"{old}-wal", f"{aside}-wal")
        sync_folder(old.parent)
    # SQLite would play a WAL that lies there into any file of this name.
    for suffix in ("-wal", "-shm"):
        old.with_name(old.name + suffix).unlink(missing_ok=True)
    new.rename(old)
    return aside
