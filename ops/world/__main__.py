"""`python -m ops.world`: serve a world with a little traffic, for the curious.

Prints one JSON line with the URLs and runs until SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from functools import partial

from atp.datetime import Datetime
from atp.runtime.clock import now_micros
from atp.runtime.supervise import run_until_signal
from atp.runtime.within import within
from lexicons.names import Names
from ops.world.network import World

SECONDS_BETWEEN_RECORDS = 1.0


async def serve(stop: asyncio.Event, seed: int, pdses: int) -> None:
    """Run the world until told to stop: on each PDS an artist, who go on liking each other's."""
    names = Names()
    async with World(seed, now_micros, pdses=pdses) as world:
        artists = [world.create_account(f"artist{pds}.test", pds) for pds in range(pdses)]
        tracks = [
            artist.create(
                names.track,
                {
                    "title": f"Song of {artist.handle}",
                    "artist": artist.handle,
                    "fileType": "mp3",
                    "audioUrl": "https://example.com/song.mp3",
                    "createdAt": Datetime.from_micros(now_micros()),
                },
            )
            for artist in artists
        ]
        urls = {"plc": world.plc_url, "relays": [world.relay_url], "pds": world.pds_urls}
        print(json.dumps(urls), flush=True)
        count = 0
        while not await within(SECONDS_BETWEEN_RECORDS, stop):
            subject = tracks[count % pdses].to_json()
            like = {"subject": subject, "createdAt": Datetime.from_micros(now_micros())}
            artists[(count + 1) % pdses].create(names.like, like)
            count += 1


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m ops.world", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same DIDs")
    parser.add_argument("--pdses", type=int, default=2, help="how many PDSes")
    options = parser.parse_args()
    run_until_signal(partial(serve, seed=options.seed, pdses=options.pdses))


if __name__ == "__main__":
    main()
