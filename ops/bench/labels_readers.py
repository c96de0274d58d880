"""Subscribers of the label stream, all in this process: they count messages and keep nothing.

``python -m ops.bench.labels_readers PORT COUNT [CURSOR]`` opens so many connections and prints
``connected``. For each line with a number it waits until every connection has had so many messages
in all, and prints as JSON when the last of them came.
"""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter

import orjson
import uvloop

from atp import label_frames
from atp.label_frames import LabelsMsg
from labeler.stream import PATH

AT_ONCE = 50
"""Connections that are opened at a time."""
_SHORT, _MEDIUM = 126, 127
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_HEAD_END = b"\r\n\r\n"


class Reader(asyncio.Protocol):
    """One subscriber."""

    def __init__(self, query: str) -> None:
        self.messages = 0
        self.last_at = 0.0
        self.last = b""
        self.open = asyncio.get_running_loop().create_future()
        self._query = query
        self._rest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ask for the stream."""
        transport.write(
            f"GET {PATH}{self._query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {_KEY}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Count the whole messages."""
        if not self.open.done():
            head, end, data = (self._rest + data).partition(_HEAD_END)
            if not end:
                self._rest = head
                return
            if b" 101 " not in head[:20]:
                self.open.set_exception(ConnectionError(head.decode("latin-1")))
                return
            self.open.set_result(None)
            self._rest = b""
        self._count(self._rest + data if self._rest else data)

    def _count(self, data: bytes) -> None:
        start, whole = 0, len(data)
        while start + 10 <= whole:
            size, body = data[start + 1], start + 2
            if size == _SHORT:
                size, body = int.from_bytes(data[body : body + 2], "big"), body + 2
            elif size == _MEDIUM:
                size, body = int.from_bytes(data[body : body + 8], "big"), body + 8
            if body + size > whole:
                break
            self.messages += 1
            self.last, start = data[body : body + size], body + size
        self._rest = data[start:]
        self.last_at = perf_counter()

    def seq(self) -> int:
        """The sequence number of the last message."""
        message = label_frames.decode(self.last)
        if not isinstance(message, LabelsMsg):
            raise TypeError(f"the stream ended with {message}")
        return message.seq


async def main() -> None:
    """Read what the runner asks for."""
    port, count = int(sys.argv[1]), int(sys.argv[2])
    query = f"?cursor={sys.argv[3]}" if len(sys.argv) > 3 else ""
    readers: list[Reader] = []
    for first in range(0, count, AT_ONCE):
        new = [_connected(port, query) for _ in range(first, min(first + AT_ONCE, count))]
        readers += await asyncio.gather(*new)
    print("connected", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = int(line)
        while any(one.messages < wanted for one in readers):  # noqa: ASYNC110 - cheaper to count
            await asyncio.sleep(0.01)
        told = {
            "end": max(reader.last_at for reader in readers),
            "most": max(reader.messages for reader in readers),
            "seqs": sorted({reader.seq() for reader in readers}),
        }
        print(orjson.dumps(told).decode(), flush=True)


async def _connected(port: int, query: str) -> Reader:
    reader = Reader(query)
    await asyncio.get_running_loop().create_connection(lambda: reader, "127.0.0.1", port)
    await reader.open
    return reader


if __name__ == "__main__":
    uvloop.run(main())
