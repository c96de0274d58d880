"""``python -m ops.devnet``: run a devnet until Ctrl-C; its one line of JSON goes to stdout."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from ops.devnet.install import InstallError
from ops.devnet.network import Devnet, DevnetError

COULD_NOT_RUN = 3


def main() -> int:
    """Exit status 0 after Ctrl-C or SIGTERM, 3 when the network could not run or broke down."""
    parser = argparse.ArgumentParser(prog="python -m ops.devnet", description=__doc__)
    parser.add_argument("--pds", type=int, default=2, choices=range(1, 10), metavar="N")
    parser.add_argument("--data-dir", type=Path, help="keep the network here (default: nowhere)")
    options = parser.parse_args()
    try:
        return asyncio.run(_run(options.pds, options.data_dir))
    except (InstallError, DevnetError) as exc:
        print(f"devnet: {exc}", file=sys.stderr)
        return COULD_NOT_RUN


async def _run(pds: int, data_dir: Path | None) -> int:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told_to_stop.set)
    async with Devnet(pds, data_dir) as net:
        print(net.ready.decode(), flush=True)
        stopped = asyncio.create_task(told_to_stop.wait())
        broken = asyncio.create_task(net.watch())
        await asyncio.wait({stopped, broken}, return_when=asyncio.FIRST_COMPLETED)
        if broken.done():
            await broken
        broken.cancel()
    return 0


if __name__ == "__main__":
    sys.exit(main())
