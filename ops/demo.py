"""`plyr demo`: a network of its own, a scene on it, and everything of `plyr serve` over both."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from random import Random

import aiohttp
from rich.console import Console
from rich.markup import escape

from atp.runtime.clock import now_micros
from atp.runtime.supervise import supervise
from labeler import keys
from lexicons.names import Names
from ops.devnet.install import InstallError, ensure_installed
from ops.devnet.network import Devnet, DevnetError
from ops.devnet.pds import Pds
from ops.errors import CannotRun
from ops.players import DevnetStage, WorldStage
from ops.scene import Enter, Scene, play, trickle
from ops.serve import LOOK_AGAIN, announce, services, summary
from ops.settings import Settings
from ops.world.network import World

SHOW_SECONDS = 15.0
TRICKLE = 4.0  # seconds from one new record to the next, about


@dataclass(frozen=True, slots=True)
class _Network:
    """What the demo needs to know of the network it stands on."""

    plc: str
    relays: tuple[str, ...]
    pds: list[str]
    enter: Enter


async def run_demo(
    settings: Settings,
    folder: Path,
    stop: asyncio.Event,
    *,
    seed: int,
    real: bool,
    as_json: bool,
) -> None:
    """Run the demo in ``folder`` until told to stop."""
    async with _real() if real else _world(seed) as network:
        settings = replace(
            settings,
            data_dir=folder,
            relays=network.relays,
            plc_url=network.plc,
            handle_resolver_url=tuple(network.pds),
            allow_private_hosts=True,
            labeler_key_file=settings.labeler_key_file or _labeler_key(folder),
        )
        scene = await play(Names(settings.namespace), network.enter, now_micros(), seed)

        async def say() -> None:
            await _on_show(settings, scene)
            if as_json:
                print(json.dumps(summary(settings, network.pds)), flush=True)
            else:
                _print_welcome(settings, network, scene)

        async def go_on(ended: asyncio.Event) -> None:
            random = Random(seed)  # noqa: S311 - music, not secrets
            playing = asyncio.create_task(trickle(scene, now_micros, TRICKLE, random))
            asked = asyncio.create_task(ended.wait())
            await asyncio.wait({playing, asked}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                await playing
            playing.cancel()

        ready = announce(settings, say)
        await supervise({**services(settings), "ready": ready, "scene": go_on}, stop)


@asynccontextmanager
async def _world(seed: int) -> AsyncIterator[_Network]:
    async with World(seed, now_micros) as world:
        stage = WorldStage(world)
        yield _Network(world.plc_url, (world.relay_url,), world.pds_urls, stage.enter)


@asynccontextmanager
async def _real() -> AsyncIterator[_Network]:
    print("plyr: starting a real PDS; its first installation takes a minute", file=sys.stderr)
    try:
        await asyncio.to_thread(ensure_installed)
        async with Devnet(pds=1) as net, aiohttp.ClientSession() as http:
            stage = DevnetStage(Pds(http, net))
            streams = tuple(url.replace("http", "ws", 1) for url in net.pds_urls)
            yield _Network(net.plc_url, streams, list(net.pds_urls), stage.enter)
    except (InstallError, DevnetError) as exc:
        raise CannotRun(str(exc)) from exc


async def _on_show(settings: Settings, scene: Scene) -> None:
    """Wait until what the printed queries ask for can be had, or for `SHOW_SECONDS`."""
    base = f"{settings.url}/xrpc/{scene.names.query('actor.getProfile')}"
    waiting = [player.handle for player in scene.players]
    deadline = time.monotonic() + SHOW_SECONDS
    async with aiohttp.ClientSession() as http:
        while waiting and time.monotonic() < deadline:
            async with http.get(base, params={"actor": waiting[-1]}) as answer:
                if answer.status == HTTPStatus.OK:
                    waiting.pop()
                    continue
            await asyncio.sleep(LOOK_AGAIN)


def _labeler_key(folder: Path) -> Path:
    """A key of the demo's own."""
    path = folder / "labeler.key"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        keys.write_new(path, secrets.token_bytes(32))
    return path


def _print_welcome(settings: Settings, network: _Network, scene: Scene) -> None:
    names = scene.names
    track = scene.tracks[0].uri
    say = Console(soft_wrap=True).print
    say(f"\n[bold]plyr demo[/]  {settings.url}\n")
    for what, where in (
        ("AppView", settings.url),
        ("relay", ", ".join(network.relays)),
        ("PLC directory", network.plc),
        ("PDS", ", ".join(network.pds)),
        ("data", str(settings.data_dir)),
        ("service", settings.did),
    ):
        say(f"  {what:<14}{escape(where)}")
    say(
        f"\n  {len(scene.players)} accounts, {len(scene.tracks)} tracks;"
        " a new record every few seconds. Try:\n"
    )
    for query in (
        f"{names.query('feed.getLatestTracks')}?limit=3",
        f"{names.query('feed.getTrack')}?uri={track}",
        f"{names.query('feed.getTrackComments')}?uri={track}",
        f"{names.query('actor.getProfile')}?actor={scene.players[0].handle}",
        str(names.query("server.getStats")),
    ):
        say(f"  curl '{escape(f'{settings.url}/xrpc/{query}')}'", highlight=False)
    say("\n  Ctrl-C ends it all.\n")
