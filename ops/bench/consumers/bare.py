"""The floor: the websocket library of the indexer, handing on whole messages as bytes, no more."""

from __future__ import annotations

import asyncio

import uvloop
from picows import WSFrame, WSListener, WSTransport, ws_connect

from atp.frames import MAX_FRAME
from ops.bench.consumer import Job
from ops.bench.meter import Consumed, Meter


class _Receiver(WSListener):
    def __init__(self, count: int, done: asyncio.Event) -> None:
        self._left = count
        self._done = done

    def on_ws_frame(self, _: WSTransport, frame: WSFrame) -> None:
        frame.get_payload_as_bytes()
        self._left -= 1
        if not self._left:
            self._done.set()


def consume(job: Job, meter: Meter) -> Consumed:
    """Receive; no record is looked for, so none is found."""
    return uvloop.run(_receive(job, meter))


async def _receive(job: Job, meter: Meter) -> Consumed:
    done = asyncio.Event()
    transport, _ = await ws_connect(
        lambda: _Receiver(job.count, done), job.url, max_frame_size=MAX_FRAME
    )
    await done.wait()
    consumed = meter.stop(job.count, 0)
    transport.disconnect()
    return consumed
