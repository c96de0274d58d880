"""The reference verifying consumer, `@atproto/sync`, as a call."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import orjson

from ops.devnet.install import node

TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Consumed:
    """What it was handed, as ``kind [collection] [status]`` → how often, and its complaints."""

    count: dict[str, int]
    errors: list[str]


async def consume(installed: Path, relay_url: str, plc_url: str) -> Consumed:
    """Read a firehose from its beginning until it is quiet; ``relay_url`` is ``ws://host:port``."""
    process = await asyncio.create_subprocess_exec(
        node(installed),
        installed / "sync_ref.mjs",
        relay_url,
        plc_url,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return Consumed(**orjson.loads(said))
