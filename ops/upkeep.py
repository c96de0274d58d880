"""Commands that look after an index: each works beside a running service and without one."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from atp.runtime import control
from atp.runtime.lock import LockHeld, StoreLock
from atp.runtime.sqlite import Writer
from indexer import schema
from indexer.rebuild import rebuild as rebuild_rows
from lexicons.catalog import Catalog
from lexicons.names import Names
from ops.errors import CannotRun
from ops.settings import Settings

PATIENCE = 3_600.0  # seconds for a running service to carry a command out


def rebuild(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr rebuild`: make typed rows and counters anew from the raw records."""
    records = make_anew(settings, existing(settings))
    if arguments.json:
        print(json.dumps({"records": records}))
    else:
        print(f"{records} records read, all typed rows made anew")
    return 0


def make_anew(settings: Settings, path: Path) -> int:
    """Rebuild the index at ``path``, or have its writer do so; returns how many records it read."""
    try:
        with StoreLock(path):
            return asyncio.run(_alone(path, Names(settings.namespace)))
    except LockHeld:
        told = asyncio.run(control.request(path, "rebuild", {}, PATIENCE))
        return int(told["records"])


def existing(settings: Settings) -> Path:
    """The path of the index. Raises `CannotRun` where there is none."""
    path = settings.data_dir / schema.FILE
    if not path.exists():
        raise CannotRun(f"there is no index at {path}: --data-dir names another folder")
    return path


async def _alone(path: Path, names: Names) -> int:
    catalog = Catalog.load(names.namespace)
    writer = Writer(path, schema.migrations())
    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("rebuilding", total=None)
        try:
            return await writer.run(
                lambda conn: rebuild_rows(
                    conn, names, catalog, lambda done: bars.update(bar, completed=done)
                )
            )
        finally:
            await writer.close()
