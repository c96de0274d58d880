"""The indexer under test, in this process or in one of its own; it begins and ends many times."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from atp.runtime import control
from indexer import schema
from indexer.service import IndexerConfig, run
from tests.conftest import ROOT
from tests.e2e.running import config
from tests.simulator.haste import OFTEN, RARE
from tests.simulator.history import End

STOP_SECONDS = 10.0


class Indexer(Protocol):
    """Something that indexes while it runs."""

    @property
    def running(self) -> bool:
        """Whether it has begun and not ended; raises where it ended by itself."""

    async def start(self) -> None:
        """Begin."""

    async def end(self, how: End) -> None:
        """Stop in order, or in the middle of whatever it does."""


def settings(folder: Path, streams: Sequence[str], plc: str, pdses: Sequence[str]) -> IndexerConfig:
    """What an indexer on a world is told."""
    one = config(folder, streams[0], plc, *pdses)
    return IndexerConfig(
        data_dir=one.data_dir,
        namespace=one.namespace,
        relays=tuple(streams),
        starts_at_oldest=one.starts_at_oldest,
        plc_url=one.plc_url,
        handle_resolvers=one.handle_resolvers,
        allow_private_hosts=one.allow_private_hosts,
        metrics_listen=one.metrics_listen,
    )


class InProcess:
    """The service as a task; an abrupt end cancels it."""

    def __init__(self, told: IndexerConfig, *, sweeps: bool) -> None:
        self._told = told
        self._pace = OFTEN if sweeps else RARE
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        if self._task is not None and self._task.done():
            self._task.result()
            raise AssertionError("the indexer ended by itself")
        return self._task is not None

    async def start(self) -> None:
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(run(self._told, self._stop, pace=self._pace))

    async def end(self, how: End) -> None:
        assert self._task is not None
        task, self._task = self._task, None
        if how == "stop":
            self._stop.set()
        else:
            task.cancel()
        async with asyncio.timeout(STOP_SECONDS):
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()


class OwnProcess:
    """The service as a process; an abrupt end is SIGKILL."""

    def __init__(self, told: IndexerConfig, *, sweeps: bool) -> None:
        network = (list(told.relays), told.plc_url, list(told.handle_resolvers))
        self._told = json.dumps([sweeps, str(told.data_dir), *network])
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        if self._process is not None and self._process.returncode is not None:
            raise AssertionError(f"the indexer ended by itself: {self._process.returncode}")
        return self._process is not None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.simulator.process", self._told, cwd=ROOT
        )

    async def end(self, how: End) -> None:
        assert self._process is not None
        process, self._process = self._process, None
        if how == "stop":
            process.terminate()
        else:
            process.kill()
        async with asyncio.timeout(STOP_SECONDS):
            status = await process.wait()
        assert status <= 0, f"the indexer failed with {status}"


async def ask(folder: Path, command: str, args: dict[str, Any]) -> dict[str, Any]:
    """The answer of a running indexer."""
    return await control.request(folder / schema.FILE, command, args)
