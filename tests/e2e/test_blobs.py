"""Sounds and pictures of a running AppView, from the record on the stream to a player's ears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lexicons.names import FOREIGN_PROFILE, Names
from ops.scene import tune
from ops.world.network import World
from tests.clock import now
from tests.e2e.plyr import serving
from tests.e2e.running import PATIENCE
from tests.indexer.authors import track
from tests.ports import free_port

NAMES = Names()
SOUND = tune(1, seconds=60.0)
PICTURE = b"\x89PNG\r\n\x1a\n picture"


async def shown(
    http: aiohttp.ClientSession, url: str, uri: str, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """A track, once it is what is wanted; an error of the query is an empty one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            query = f"{url}/xrpc/{NAMES.query('feed.getTrack')}"
            async with http.get(query, params={"uri": uri}) as answer:
                found: dict[str, Any] = (await answer.json()).get("track", {})
            if wanted(found):
                return found
            await asyncio.sleep(0.05)


async def fetched(
    http: aiohttp.ClientSession, url: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by lower-case name and body."""
    async with http.get(url, headers=headers) as answer:
        said = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, said, await answer.read()


async def checked(http: aiohttp.ClientSession, url: str) -> str:
    """The tag of a file, once it has one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.head(url) as answer:
                assert answer.status == 200
                if tag := answer.headers.get("ETag"):
                    return tag
            await asyncio.sleep(0.05)


@pytest.mark.timeout(200)
async def test_a_player_gets_what_a_record_names(tmp_path: Path) -> None:
    """Whole and in parts, after a restart without the PDS too, and never what is not shown."""
    metrics = f"127.0.0.1:{free_port()}"
    async with World(5, now) as world, aiohttp.ClientSession() as http:
        mira = world.create_account("mira.test")
        picture = mira.upload_blob(PICTURE, "image/png")
        mira.create(FOREIGN_PROFILE, {"displayName": "Mira", "avatar": picture}, "self")
        sound = mira.upload_blob(SOUND, "audio/wav")
        uri = mira.create(NAMES.track, track(audioBlob=sound, duration=60)).uri
        flags = (
            f"--relays={world.relay_url}",
            f"--plc-url={world.plc_url}",
            f"--metrics-listen={metrics}",
        )
        async with serving(tmp_path, *flags) as said:
            view = await shown(
                http, said["appview"], uri, lambda it: "avatar" in it.get("author", {})
            )
            audio, avatar = view["audio"]["blob"]["url"], view["author"]["avatar"]
            assert audio.startswith(f"{said['appview']}/blob/{mira.did}/")
            # As a browser plays: from the start, then from where the listener has pulled the knob.
            async with http.get(audio, headers={"Range": "bytes=0-"}) as begun:
                assert begun.status == 206
                assert begun.headers["Content-Range"] == f"bytes 0-{len(SOUND) - 1}/{len(SOUND)}"
                assert await begun.content.readexactly(4_096) == SOUND[:4_096]
            half = len(SOUND) // 2
            status, headers, body = await fetched(http, audio, Range=f"bytes={half}-")
            assert (status, body) == (206, SOUND[half:])
            assert headers["content-type"] == "audio/wav"
            tag = await checked(http, audio)
            status, headers, body = await fetched(http, audio)
            assert (status, body, headers["etag"]) == (200, SOUND, tag)
            assert "immutable" in headers["cache-control"]
            assert (await fetched(http, audio, **{"If-None-Match": tag}))[0] == 304
            status, headers, body = await fetched(http, avatar)
            assert (status, body, headers["content-type"]) == (200, PICTURE, "image/png")
            async with http.get(f"http://{metrics}/metrics") as answer:
                series = (await answer.text()).splitlines()
            assert 'blob_requests_total{outcome="not_modified"} 1.0' in series
            assert f"blob_cache_bytes {float(len(SOUND) + len(PICTURE))}" in series
        (tmp_path / "blobs" / "left.part").write_bytes(SOUND[:100])
        world.home(mira).host.stall()
        async with serving(tmp_path, *flags) as said:
            audio = f"{said['appview']}{audio[audio.index('/blob/') :]}"
            assert (await fetched(http, audio))[2] == SOUND
            assert not (tmp_path / "blobs" / "left.part").exists()
            world.home(mira).host.resume()
            mira.delete(NAMES.track, uri.rkey or "")
            await shown(http, said["appview"], uri, lambda it: not it)
            assert (await fetched(http, audio))[0] == 404
