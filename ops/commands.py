"""What each command of `plyr` does with the settings; each returns the exit status."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from atp.datetime import Datetime
from atp.runtime import control
from atp.runtime.supervise import run_until_signal
from indexer import schema
from indexer import service as indexer_service
from labeler import schema as labels
from ops import labeler as labeler_service
from ops import web
from ops.demo import run_demo
from ops.errors import CannotRun
from ops.serve import indexer_config, listening, run_services
from ops.settings import Settings

NICENESS = 10
"""Of the indexer: catching up at full speed then leaves the AppView's answers as quick as ever."""


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr serve`."""
    settings = listening(settings)
    run_until_signal(lambda stop: run_services(settings, stop, as_json=arguments.json))
    return 0


def index(settings: Settings, _arguments: argparse.Namespace) -> int:
    """`plyr index`; whoever reads goes first where both want the same core."""
    niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, 0, niceness)  # for every thread that is to come
    run_until_signal(lambda stop: indexer_service.run(indexer_config(settings), stop))
    return 0


def appview(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr appview`."""
    run_until_signal(lambda stop: web.run(settings, stop, with_labeler=arguments.with_labeler))
    return 0


def labeler(settings: Settings, _arguments: argparse.Namespace) -> int:
    """`plyr labeler`."""
    run_until_signal(lambda stop: labeler_service.run(settings, stop))
    return 0


def demo(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr demo`."""
    settings = listening(settings)
    with ExitStack() as stack:
        folder = settings.data_dir
        if folder == Settings().data_dir:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plyr-demo-")))
        elif (folder / schema.FILE).exists():
            raise CannotRun(f"{folder} already holds an index: the demo needs a folder of its own")
        run_until_signal(
            lambda stop: run_demo(
                settings,
                folder,
                stop,
                seed=arguments.seed,
                real=arguments.real,
                as_json=arguments.json,
            )
        )
    return 0


def status(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr status`: 1 when a source is not connected, or blind."""
    path = settings.data_dir / schema.FILE
    try:
        found = asyncio.run(control.request(path, "status", {}))
    except control.NotRunning as exc:
        raise CannotRun(str(exc)) from exc
    found["labeler"] = _labeler_status(settings)
    if arguments.json:
        print(json.dumps(found))
    else:
        for source in found["sources"]:
            print(_source(source))
        for state, count in sorted(found["repos"].items()):
            print(f"{count} repos {state}")
        print(_labeler(found["labeler"]))
    well = (one["connected"] and one["blind_since"] is None for one in found["sources"])
    return 0 if all(well) else 1


def _labeler_status(settings: Settings) -> dict[str, Any] | None:
    """How the labeler does; None where none runs."""
    try:
        return asyncio.run(control.request(settings.data_dir / labels.FILE, "status", {}))
    except control.NotRunning:
        return None


def _labeler(told: dict[str, Any] | None) -> str:
    if told is None:
        return "no labeler runs"
    return f"labeler {told['did']}  {told['labels']} labels  {told['problem'] or told['key']}"


def _source(told: dict[str, Any]) -> str:
    how = "connected" if told["connected"] else told["error"] or "connecting"
    line = f"{told['url']}  {how}  cursor {told['cursor']}  lag {told['lag']} µs"
    if told["blind_since"] is not None:
        since = Datetime.from_micros(told["blind_since"])
        line += f"  blind since {since}, rewound {told['rewinds']} times"
    if told["gap_at"] is not None:
        line += f"  events lost for good at {Datetime.from_micros(told['gap_at'])}"
    return line
