"""A devnet for the tests of a module; where npm cannot install it they are skipped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest_asyncio

from ops.devnet.network import Devnet


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def devnet(installed: Path) -> AsyncIterator[Devnet]:
    """A running network of two PDSes."""
    async with Devnet(pds=2) as net:
        yield net


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session
