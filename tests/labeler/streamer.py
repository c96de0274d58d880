"""A process that streams on a port and gives labels as fast as it can, or is quiet.

``python -m tests.labeler.streamer FOLDER PORT talk|quiet`` prints a line when it listens.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from tests.clock import now
from tests.labeler.served import served, tracks


async def stream(folder: Path, port: int, *, talks: bool) -> None:
    """Serve until killed."""
    async with served(folder, port, now) as it:
        print("listening", flush=True)
        for size in count(1):
            if talks:
                await it.give(*tracks(size % 7 + 1))
            await asyncio.sleep(0 if size % 3 else 0.005)


if __name__ == "__main__":
    asyncio.run(stream(Path(sys.argv[1]), int(sys.argv[2]), talks=sys.argv[3] == "talk"))
