"""`plyr backfill`: find everybody and fetch what is missing, or fetch the repos that were named.

A running service is asked to do it, and its progress shown; ending the command then ends the
showing, not the work. With no service running the command does it, and goes on where it was when
it is started again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from atp.errors import InvalidIdentifier
from atp.runtime import control
from atp.runtime.config import ConfigError
from atp.runtime.lock import LockHeld
from atp.runtime.supervise import run_until_signal
from atp.syntax import Did
from indexer import backfill as work
from indexer import schema, service
from ops.serve import indexer_config
from ops.settings import Settings

LOOK_AGAIN = 0.5

Tell = Callable[[work.Progress], None]


def backfill(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr backfill`: 1 when repos are left that could not be fetched."""
    dids = _dids(arguments.dids)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        lists = bars.add_task("lists", total=None)
        repos = bars.add_task("repos", total=None)

        def tell(at: work.Progress) -> None:
            bars.update(lists, completed=at.lists_read, total=at.lists)
            left = at.due + at.in_progress
            done = at.synchronized + at.waiting
            bars.update(repos, completed=done, total=done + left)

        try:
            progress = run_until_signal(
                lambda stop: service.fill(indexer_config(settings), dids, stop, tell)
            )
        except LockHeld:
            progress = run_until_signal(lambda stop: _ask(settings, dids, stop, tell))
    if arguments.json:
        print(json.dumps(asdict(progress)))
    else:
        print(
            f"{progress.synchronized} repos complete, {progress.waiting} not to be had now,"
            f" {progress.due + progress.in_progress} still to do"
        )
    return 0 if not (progress.waiting or progress.due or progress.in_progress) else 1


async def _ask(
    settings: Settings, dids: list[Did], stop: asyncio.Event, tell: Tell
) -> work.Progress:
    path = settings.data_dir / schema.FILE
    await control.request(path, "backfill", {"dids": list(dids)})
    while True:
        progress = work.Progress(**await control.request(path, "backfill-progress", {}))
        tell(progress)
        left = progress.due or progress.in_progress or progress.lists_read < progress.lists
        if stop.is_set() or not left:
            return progress
        await asyncio.sleep(LOOK_AGAIN)


def _dids(texts: list[str]) -> list[Did]:
    try:
        return [Did.parse(text) for text in texts]
    except InvalidIdentifier as exc:
        raise ConfigError([str(exc)]) from exc
