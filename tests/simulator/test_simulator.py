"""Whatever happens, in the end the index is what the network is."""

from __future__ import annotations

import asyncio
import traceback
from itertools import count
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given, note

from tests.conftest import LONG
from tests.simulator.history import QUIET, History, histories, history_of
from tests.simulator.play import play

SEEDS = 500 if LONG else 25
SHARD = 25
SIDE_BY_SIDE = 5
KILLED_EVERY = 6
"""One history of so many has its indexer in a process of its own, and SIGKILL is SIGKILL."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("first", range(0, SEEDS, SHARD))
async def test_the_index_becomes_the_truth(first: int, tmp_path: Path) -> None:
    """Zero missing, zero extra, zero stale; who is hidden is hidden; counters equal a recount."""
    room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(seed: int) -> str | None:
        async with room:
            try:
                await play(
                    history_of(seed), seed, tmp_path / str(seed), killed=seed % KILLED_EVERY == 0
                )
            except Exception:  # noqa: BLE001 - all of them are told at the end
                return f"seed {seed}:\n{traceback.format_exc(limit=-3)}"
            return None

    failed = [text for text in await asyncio.gather(*map(one, range(first, first + SHARD))) if text]
    again = "alone, and shrunk: pytest tests/simulator --seed N"
    assert not failed, "\n".join([*failed, again])


@pytest.mark.timeout(3_600)
def test_one_history(tmp_path: Path, seed: int) -> None:
    """The history of `--seed`, which hypothesis shrinks where it fails."""
    number = count()

    @hypothesis.seed(seed)
    @QUIET
    @given(histories)
    def hold(history: History) -> None:
        note("\n".join(map(str, history.steps)))
        folder = tmp_path / str(next(number))
        asyncio.run(play(history, seed, folder, killed=seed % KILLED_EVERY == 0))

    hold()
