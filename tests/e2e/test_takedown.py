"""The operator takes down an account and a record, by a label, and takes both back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lexicons.names import Names
from ops.world.network import World
from tests.clock import now
from tests.e2e.plyr import answered, serving, told
from tests.e2e.running import PATIENCE
from tests.indexer.authors import like, track

NAMES = Names()
SOUND = b"RIFF a sound"
ACCEPTING = (None, "", "did:web:another.test;redact")
"""Choices of labelers; the first is the operator's own."""


@dataclass
class Asking:
    """Callers without an account, who accept different labelers."""

    http: aiohttp.ClientSession
    url: str

    async def track(self, uri: str, accept: str | None = None) -> dict[str, Any] | None:
        """A track as one of them sees it; None where it is not shown."""
        headers = {} if accept is None else {"atproto-accept-labelers": accept}
        query = f"{self.url}/xrpc/{NAMES.query('feed.getTrack')}"
        async with self.http.get(query, params={"uri": uri}, headers=headers) as answer:
            found = await answer.json()
        assert "track" in found or found["error"] == "RecordNotFound"
        shown: dict[str, Any] | None = found.get("track")
        return shown

    async def all(self, uri: str) -> list[dict[str, Any] | None]:
        """The same for each of them."""
        return [await self.track(uri, accept) for accept in ACCEPTING]

    async def file(self, url: str) -> int:
        """The status with which a file is answered."""
        async with self.http.get(url) as answer:
            await answer.read()
            return answer.status


async def until(look: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Wait until a look gives what is wanted."""
    async with asyncio.timeout(PATIENCE):
        while await look() != wanted:
            await asyncio.sleep(0.02)


@pytest.mark.timeout(200)
async def test_what_is_taken_down_is_gone_for_everybody_and_comes_back(tmp_path: Path) -> None:
    """With its likes, whoever is asked to label; upstream nothing happened, so nothing drifted."""
    key, folder = tmp_path / "key", tmp_path / "data"
    await answered("label", "keygen", str(key))
    async with World(5, now) as world, aiohttp.ClientSession() as http:
        mira, fan = world.create_account("mira.test"), world.create_account("fan.test")
        sound = mira.upload_blob(SOUND, "audio/wav")
        song = mira.create(NAMES.track, track(audioBlob=sound))
        fan.create(NAMES.like, like({"uri": song.uri, "cid": str(song.cid)}))
        cover = fan.create(NAMES.track, track(title="Cover")).uri
        flags = (
            f"--relays={world.relay_url}",
            f"--plc-url={world.plc_url}",
            f"--handle-resolver-url={world.pdses[0].host.url}",
            f"--labeler-key-file={key}",
        )
        async with serving(folder, *flags) as said:
            ask, here = Asking(http, said["appview"]), f"--data-dir={folder}"

            async def ready() -> list[object]:
                found = [await ask.track(song.uri), await ask.track(cover)]
                return [one and (one["author"]["handle"], one["likeCount"]) for one in found]

            await until(ready, [("mira.test", 1), ("fan.test", 0)])
            before = await ask.all(song.uri), await ask.all(cover)
            file = before[0][0]["audio"]["blob"]["url"]  # type: ignore[index]

            await answered("label", "apply", fan.did, "!takedown", "--reason=spam", here)
            await until(lambda: ask.all(cover), [None, None, None])
            assert [one and one["likeCount"] for one in await ask.all(song.uri)] == [0, 0, 0]
            status, report = await told(folder, world, "audit")
            assert (status, report["drifted"]) == (0, 0)
            await answered("label", "negate", fan.did, "!takedown", here)
            await until(lambda: ask.all(cover), before[1])
            assert await ask.all(song.uri) == before[0]

            assert await ask.file(file) == 200
            await answered("label", "apply", song.uri, "!takedown", here)
            await until(lambda: ask.all(song.uri), [None, None, None])
            assert await ask.file(file) == 404
            assert await ask.all(cover) == before[1]
            await answered("label", "negate", song.uri, "!takedown", here)
            await until(lambda: ask.all(song.uri), before[0])
            assert await ask.file(file) == 200
