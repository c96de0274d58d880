"""A process that gives labels, rotates its key and ends when all is signed anew."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from labeler import keys, store
from labeler.rotate import rotating
from labeler.service import LabelerConfig, opened
from tests.clock import now
from tests.labeler.making import SRC
from tests.labeler.served import ACTOR, CATALOG, tracks
from tests.labeler.test_rotate import ASK, Document, done, key_file

LABELS = 1_200


async def rotate(folder: Path) -> None:
    """Begin a rotation, or go on with the last one and then begin another."""
    path = key_file(folder)
    config = LabelerConfig(folder, SRC, keys.read(path))
    async with opened(config, CATALOG, now) as it:
        if store.count(it.reader) == 0:
            await it.labels.apply(tracks(LABELS), ACTOR)
        print("ready", flush=True)
        async with rotating(it, path, Document()):
            await done(it)
            await it.commands["rotate"](ASK)
            await done(it)
            await it.labels.apply(tracks(1), ACTOR)


if __name__ == "__main__":
    asyncio.run(rotate(Path(sys.argv[1])))
