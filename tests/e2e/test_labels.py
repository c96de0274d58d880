"""A labeler that this project did not write, and its labels in answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from atp.keys import PublicKey
from atp.label import Label
from atp.syntax import Handle
from lexicons.names import Names
from ops.devnet.labeler import Labeler
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from tests.e2e.plyr import running
from tests.e2e.running import PATIENCE
from tests.indexer.authors import track

NAMES = Names()
SOON = 1.0  # seconds in which a label is in answers


class Asking:
    """An anonymous client of a running AppView."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def get(self, name: str, **params: str) -> dict[str, Any]:
        """The answer to a query."""
        url = f"{self._url}/xrpc/{NAMES.query(name)}"
        async with self._http.get(url, params=params) as response:
            value: dict[str, Any] = await response.json()
            return value

    async def labels(self, uri: str) -> list[str]:
        """The names of a track's labels."""
        shown = (await self.get("feed.getTrack", uri=uri)).get("track", {})
        return [label["val"] for label in shown.get("labels", [])]

    async def listed(self) -> list[str]:
        """The newest tracks."""
        return [one["uri"] for one in (await self.get("feed.getLatestTracks"))["tracks"]]

    async def until(self, uri: str, right: Callable[[list[str]], bool]) -> float:
        """Ask for a track's labels until they are right; seconds that it took."""
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            while not right(await self.labels(uri)):
                await asyncio.sleep(0.01)
        return time.monotonic() - began


@pytest.mark.timeout(300)
async def test_labels_of_a_reference_labeler(devnet: Devnet, tmp_path: Path) -> None:
    """A label is in answers within a second, gone after negation, ignored when forged."""
    async with aiohttp.ClientSession() as http, Labeler(devnet) as labeler:
        alice = await Pds(http, devnet).create_account(Handle("alice.test"))
        uri = str((await alice.create_record(NAMES.track, {"$type": NAMES.track, **track()})).uri)
        stream = devnet.pds_urls[0].replace("http", "ws", 1)
        flags = (
            f"--data-dir={tmp_path / 'data'}",
            "--listen=127.0.0.1:0",
            f"--relays={stream}",
            f"--plc-url={devnet.plc_url}",
            "--allow-private-hosts",
            f"--labelers={labeler.did}",
        )
        await labeler.label(uri, "early")
        with running("serve", *flags) as plyr:
            ask = Asking(http, plyr.said["appview"])
            await ask.until(uri, lambda labels: labels == ["early"])
            assert await ask.listed() == [uri]

            await labeler.label(uri, "copyright-violation")
            assert await ask.until(uri, lambda labels: "copyright-violation" in labels) < SOON
            assert await ask.listed() == []

            await labeler.label(uri, "copyright-violation", neg=True)
            assert await ask.until(uri, lambda labels: labels == ["early"]) < SOON
            assert await ask.listed() == [uri]

            await labeler.label(uri, "copyright-violation", forged=True)
            await labeler.label(uri, "late")  # behind it in the stream
            await ask.until(uri, lambda labels: "late" in labels)
            assert sorted(await ask.labels(uri)) == ["early", "late"]
            assert await ask.listed() == [uri]
            await check_signatures(ask, labeler, http, devnet, uri)

        await labeler.label(uri, "meanwhile")
        with running("serve", *flags) as plyr:
            ask = Asking(http, plyr.said["appview"])
            await ask.until(uri, lambda labels: "meanwhile" in labels)
            assert sorted(await ask.labels(uri)) == ["early", "late", "meanwhile"]


async def check_signatures(
    ask: Asking, labeler: Labeler, http: aiohttp.ClientSession, net: Devnet, uri: str
) -> None:
    """What is answered with a signature verifies with the key in the directory."""
    async with http.get(f"{net.plc_url}/{labeler.did}/data") as response:
        key = PublicKey.from_did_key(
            (await response.json())["verificationMethods"]["atproto_label"]
        )
    found = (await ask.get("moderation.queryLabels", uriPatterns=uri))["labels"]
    labels = [Label.from_json(label) for label in found]
    assert [(label.val, label.neg) for label in labels] == [
        ("copyright-violation", True),
        ("early", False),
        ("late", False),
    ]
    assert all(label.verify(key) for label in labels)
