"""A devnet for tests of the whole; where npm cannot install it they are skipped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops.devnet.network import Devnet


@pytest.fixture
async def devnet(installed: Path, tmp_path: Path) -> AsyncIterator[Devnet]:
    """A network of two PDSes."""
    async with Devnet(pds=2, data_dir=tmp_path / "devnet") as net:
        yield net
