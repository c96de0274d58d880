"""`plyr audit`: whether the index is what the network says, and what its raw records say.

Every followed repo is fetched from its PDS, verified and compared record by record; typed rows and
counters are compared with the raw records. Nothing is written unless repair was asked for: then
repos that differ are fetched anew by the writer, typed rows are made anew, and all is looked at
again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from atp.runtime import control, sqlite
from atp.runtime.clock import now_micros
from atp.runtime.http import Client
from atp.runtime.lock import LockHeld
from atp.syntax import Did
from indexer import service
from indexer.audit import derived
from indexer.compare import Comparison, Finding, compare
from indexer.fetch import Fetcher
from indexer.hosts import Hosts
from indexer.store import repos
from indexer.store.shadow import Wrong
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE, Names
from ops import upkeep
from ops.serve import indexer_config
from ops.settings import Settings

AT_ONCE = 4
LOOK_AGAIN = 0.2
REPAIR_SECONDS = 600.0  # how long a running service may take to fetch what was asked


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found; ``repaired`` counts repos that differed before and do not now."""

    repos: list[Comparison]
    derived: list[Wrong]
    repaired: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing differs; a repo that could not be reached is no difference."""
        return not self.derived and not any(one.finding is Finding.DRIFTED for one in self.repos)

    def to_json(self) -> dict[str, object]:
        """The report for machines."""
        count = dict.fromkeys(Finding, 0)
        for one in self.repos:
            count[one.finding] += 1
        return {
            "repos": len(self.repos),
            **{finding.value: number for finding, number in count.items()},
            "missing": sum(len(one.missing) for one in self.repos),
            "extra": sum(len(one.extra) for one in self.repos),
            "stale": sum(len(one.stale) for one in self.repos),
            "repaired": self.repaired,
            "findings": self.lines(),
        }

    def lines(self) -> list[str]:
        """Every finding in words."""
        found = [
            f"{one.table}: {one.subject} is not what the raw records say" for one in self.derived
        ]
        for one in self.repos:
            if one.finding is not Finding.IN_SYNC:
                found.append(f"{one.finding}: {one.did}: {one.why}")
            found += [f"missing: {uri}" for uri in one.missing]
            found += [f"extra: {uri}" for uri in one.extra]
            found += [f"stale: {uri}" for uri in one.stale]
        return found


def audit(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr audit`: 1 when something differs, or still differs after a repair."""
    path = upkeep.existing(settings)
    report = asyncio.run(_look(settings, path))
    if arguments.repair and not report.sound:
        before = {one.did for one in report.repos if one.finding is Finding.DRIFTED}
        asyncio.run(_repair(settings, path, sorted(before)))
        if report.derived:
            upkeep.make_anew(settings, path)
        again = asyncio.run(_look(settings, path))
        healed = [o for o in again.repos if o.did in before and o.finding is Finding.IN_SYNC]
        report = Report(again.repos, again.derived, len(healed))
    told = report.to_json()
    if arguments.json:
        print(json.dumps(told))
    else:
        print("\n".join(report.lines()))
        print(", ".join(f"{name} {value}" for name, value in told.items() if name != "findings"))
    return 0 if report.sound else 1


async def _look(settings: Settings, path: Path) -> Report:
    names = Names(settings.namespace)
    wrong = derived(path, names, Catalog.load(names.namespace))
    named = (settings.plc_url, *settings.relays, *settings.handle_resolver_url)
    async with AsyncExitStack() as stack:
        conn = stack.enter_context(closing(sqlite.connect(path, readonly=True)))
        client = Client(allow_private=settings.allow_private_hosts, trusted_origins=named)
        http = await stack.enter_async_context(client)
        directory = service.directory(indexer_config(settings), http)
        hosts = Hosts(time.monotonic)
        http.heard = hosts.rests
        fetcher = Fetcher(http, directory, hosts, settings.data_dir, now_micros)
        bars = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        dids = list(repos.followed(conn))
        bar = bars.add_task("comparing repos", total=len(dids))
        room = asyncio.Semaphore(AT_ONCE)

        async def one(did: Did) -> Comparison:
            async with room:
                found = await compare(conn, fetcher, did, [*names.collections, FOREIGN_PROFILE])
                bars.advance(bar)
                return found

        return Report(list(await asyncio.gather(*map(one, dids))), wrong)


async def _repair(settings: Settings, path: Path, dids: Sequence[Did]) -> None:
    """Have the writer of the index fetch repos anew: the running one, or one of our own."""
    if not dids:
        return
    try:
        await service.fill(indexer_config(settings), dids, asyncio.Event(), lambda _: None)
    except LockHeld:
        await control.request(path, "backfill", {"dids": list(dids)})
        async with asyncio.timeout(REPAIR_SECONDS):
            while True:
                progress = await control.request(path, "backfill-progress", {})
                if not (progress["due"] or progress["in_progress"]):
                    return
                await asyncio.sleep(LOOK_AGAIN)
