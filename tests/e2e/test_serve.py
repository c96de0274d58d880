"""`plyr serve` over a simulated network: health, metrics, status, restart."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lexicons.names import Names
from ops.world.network import World
from tests.clock import now
from tests.e2e.plyr import serving
from tests.e2e.running import PATIENCE
from tests.indexer.authors import like, track
from tests.ops.test_cli import plyr
from tests.ports import free_port

NAMES = Names()


async def get(http: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    """Status and JSON body."""
    async with http.get(url) as answer:
        return answer.status, await answer.json(content_type=None)


async def eventually(http: aiohttp.ClientSession, url: str, status: int) -> Any:
    """The body, once the answer has that status."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found, body = await get(http, url)
            if found == status:
                return body
            await asyncio.sleep(0.05)


async def test_health_follows_the_source(tmp_path: Path) -> None:
    """200 while the source lives, quiet or not; 503 once it is gone; 200 when it is back."""
    async with World(3, now) as world, aiohttp.ClientSession() as http:
        flags = (f"--relays={world.relay_url}", f"--plc-url={world.plc_url}")
        async with serving(tmp_path, *flags) as said:
            health = f"{said['appview']}/xrpc/_health"
            assert (await eventually(http, health, 200))["status"] == "ok"
            await world.relay.host.stop()
            body = await eventually(http, health, 503)
            assert body["sources"][0]["status"] == "disconnected"


async def test_a_source_that_is_not_there_is_retried(tmp_path: Path) -> None:
    """Ready means connected or being retried: the service answers, and says what is wrong."""
    gone = f"ws://127.0.0.1:{free_port()}"
    async with serving(tmp_path, f"--relays={gone}") as said, aiohttp.ClientSession() as http:
        status, body = await get(http, f"{said['appview']}/xrpc/_health")
        assert status == 503
        assert body["sources"][0]["url"] == gone
        status, body = await get(http, f"{said['appview']}/xrpc/{NAMES.query('server.getStats')}")
        assert (status, body["tracks"]) == (200, 0)
        asked = await asyncio.to_thread(plyr, "status", "--json", f"--data-dir={tmp_path}")
        assert asked.returncode == 1
        assert json.loads(asked.stdout)["sources"][0]["connected"] is False


async def test_one_address_serves_all_metrics(tmp_path: Path) -> None:
    """The indexer's and the web process's series stand on one page, each once."""
    port = free_port()
    async with World(3, now) as world, aiohttp.ClientSession() as http:
        mira, ada = world.create_account("mira.test"), world.create_account("ada.test")
        ref = mira.create(NAMES.track, track())
        ada.create(NAMES.like, like(ref.to_json()))
        flags = (
            f"--relays={world.relay_url}",
            f"--plc-url={world.plc_url}",
            f"--metrics-listen=127.0.0.1:{port}",
        )
        async with serving(tmp_path, *flags) as said:
            await eventually(
                http, f"{said['appview']}/xrpc/{NAMES.query('feed.getTrack')}?uri={ref.uri}", 200
            )
            await asyncio.sleep(1.2)
            async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                page = await answer.text()
            asked = await asyncio.to_thread(plyr, "status", "--json", f"--data-dir={tmp_path}")
    assert asked.returncode == 0
    assert json.loads(asked.stdout)["repos"] == {"synchronized": 2}
    helped = re.findall(r"^# HELP (\w+)", page, re.MULTILINE)
    assert len(helped) == len(set(helped))
    series = dict(re.findall(r"^([^#\s]+(?:\{[^}]*\})?) ([\d.e+]+)$", page, re.MULTILINE))
    routed = float(series['plyr_indexer_frames_total{routing="routed"}'])
    ended = sum(float(v) for k, v in series.items() if k.startswith("plyr_indexer_events_total"))
    assert routed == ended == 2
    assert float(series['plyr_indexer_frames_total{routing="dismissed"}']) == 8
    assert "plyr_web_process_resident_memory_bytes" in series


@pytest.mark.parametrize("origin", ["https://app.example.com"])
async def test_browsers_on_any_origin_may_ask(tmp_path: Path, origin: str) -> None:
    """Preflight and answer carry the CORS headers."""
    async with serving(tmp_path, "--relays=ws://127.0.0.1:1") as said:
        url = f"{said['appview']}/xrpc/{NAMES.query('server.getStats')}"
        async with aiohttp.ClientSession(headers={"Origin": origin}) as http:
            asked = {"Access-Control-Request-Method": "GET"}
            async with http.options(url, headers=asked) as answer:
                assert answer.status == 204
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
            async with http.get(url) as answer:
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
