"""A process that gives labels as fast as it can, and tells the number of each that is stored."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from labeler.decide import Statement
from labeler.service import LabelerConfig, opened
from lexicons.catalog import Catalog
from tests.clock import now
from tests.labeler.making import KEY, SRC


async def talk(folder: Path) -> None:
    """Give labels two at a time until killed."""
    config = LabelerConfig(folder, SRC, KEY)
    async with opened(config, Catalog.load(), now) as it:
        while True:
            said = [Statement(f"did:web:{n}.test", "spam") for n in range(2)]
            for stored in await it.labels.apply(said, "operator:ann"):
                print(stored.seq, flush=True)


if __name__ == "__main__":
    asyncio.run(talk(Path(sys.argv[1])))
