"""A labeler behind a listener, for the tests of its methods."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.labeler.making import Clock
from tests.labeler.served import Served, served, short_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """The labeler's data folder."""
    with short_folder() as it:
        yield it


@pytest.fixture
def clock() -> Clock:
    """The labeler's clock."""
    return Clock()


@pytest.fixture
async def it(folder: Path, clock: Clock) -> AsyncIterator[Served]:
    """The labeler."""
    async with served(folder, clock=clock) as labeler:
        yield labeler
