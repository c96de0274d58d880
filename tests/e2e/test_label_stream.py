"""The label stream behind a proxy: who is refused, and what is counted of it."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from labeler.stream import PATH
from labeler.stream_places import MAX_OF_ADDRESS
from tests.e2e.plyr import answered, running
from tests.e2e.running import PATIENCE
from tests.e2e.test_label import ALICE, alone
from tests.ports import free_port

ONE, OTHER = ({"X-Forwarded-For": f"192.0.2.{number}"} for number in (1, 2))


async def examined(base: str, metrics: int, folder: Path, *, beside: int = 0) -> None:
    """All places of an address are taken, then one more; a label is told to each.

    ``beside`` read the stream besides.
    """
    url = f"{base}{PATH}"
    async with aiohttp.ClientSession() as http, AsyncExitStack() as stack:

        async def series() -> dict[str, float]:
            async with http.get(f"http://127.0.0.1:{metrics}/metrics") as answer:
                page = await answer.text()
            found = re.findall(r"^(label_\S+) ([\d.e+]+)$", page, re.MULTILINE)
            return {name: float(value) for name, value in found}

        readers = [
            await stack.enter_async_context(http.ws_connect(url, headers=headers))
            for headers in [*[ONE] * MAX_OF_ADDRESS, OTHER, {}]
        ]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url, headers=ONE)
        assert refused.value.status == 429
        await answered("label", "apply", ALICE, "rude", f"--data-dir={folder}")
        for reader in readers:
            await reader.receive_bytes(timeout=PATIENCE)
        everybody = len(readers) + beside
        async with asyncio.timeout(PATIENCE):
            while (told := await series())["label_frames_total"] < everybody:
                await asyncio.sleep(0.05)
        assert told["label_frames_total"] == told["label_subscribers"] == everybody
        assert told['label_refusals_total{reason="address"}'] == 1
        assert told["label_consumers_too_slow_total"] == 0


async def given_key(tmp_path: Path) -> tuple[int, tuple[str, ...]]:
    """A port for metrics, and the flags of a service with a labeler that has it."""
    await answered("label", "keygen", str(tmp_path / "key"))
    port = free_port()
    return port, (
        f"--data-dir={tmp_path}",
        f"--labeler-key-file={tmp_path / 'key'}",
        f"--metrics-listen=127.0.0.1:{port}",
    )


async def test_beside_the_appview(tmp_path: Path) -> None:
    """The series stand on the page of the web process; the indexer reads the stream too."""
    port, flags = await given_key(tmp_path)
    network = ("--relays=ws://127.0.0.1:1", "--allow-private-hosts")
    with running("serve", "--listen=127.0.0.1:0", *flags, *network) as serve:
        await examined(serve.said["appview"], port, tmp_path, beside=1)


async def test_alone(tmp_path: Path) -> None:
    """And on the labeler's own."""
    port, flags = await given_key(tmp_path)

    def serving() -> None:
        with alone(*flags, f"--listen=127.0.0.1:{free_port()}") as (_, base):
            asyncio.run(examined(base, port, tmp_path))

    await asyncio.to_thread(serving)
