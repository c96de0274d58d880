"""What each command of `plyr` does with the settings; each returns the exit status."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

from atp.runtime import control
from atp.runtime.supervise import run_until_signal
from indexer import schema
from indexer import service as indexer_service
from ops import web
from ops.demo import run_demo
from ops.errors import CannotRun
from ops.serve import indexer_config, listening, run_services
from ops.settings import Settings


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr serve`."""
    settings = listening(settings)
    run_until_signal(lambda stop: run_services(settings, stop, as_json=arguments.json))
    return 0


def index(settings: Settings, _arguments: argparse.Namespace) -> int:
    """`plyr index`."""
    run_until_signal(lambda stop: indexer_service.run(indexer_config(settings), stop))
    return 0


def appview(settings: Settings, _arguments: argparse.Namespace) -> int:
    """`plyr appview`."""
    run_until_signal(lambda stop: web.run(settings, stop))
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
    """`plyr status`: 1 when a source is not connected."""
    path = settings.data_dir / schema.FILE
    try:
        found = asyncio.run(control.request(path, "status", {}))
    except control.NotRunning as exc:
        raise CannotRun(str(exc)) from exc
    if arguments.json:
        print(json.dumps(found))
    else:
        for source in found["sources"]:
            how = "connected" if source["connected"] else source["error"] or "connecting"
            print(f"{source['url']}  {how}  cursor {source['cursor']}  lag {source['lag']} µs")
        for state, count in sorted(found["repos"].items()):
            print(f"{count} repos {state}")
    return 0 if all(source["connected"] for source in found["sources"]) else 1
