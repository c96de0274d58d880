"""The far end of the measurement: serves a stream to one client as fast as the socket takes it.

``python -m ops.bench.sender FOLDER COUNT WAY`` prints its port, then ``connected`` when a client
has come, begins when it is sent a line, and ends when the client goes. It is a process of its own
and does nothing but write bytes that lie ready, so that the client's core is the one that decides.
"""

from __future__ import annotations

import base64
import hashlib
import mmap
import socket
import ssl
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from ops.bench.certificate import server_context
from ops.bench.stream import Stream

CHUNK = 256 * 1024
MAP_READY = mmap.MAP_SHARED | mmap.MAP_POPULATE
"""All of the file stands in memory before the first byte is sent."""
MAX_REQUEST = 8 * 1024
FINAL_CLOSE = 0x88
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Way(Enum):
    """How the messages travel."""

    PLAIN = "plain"
    TLS = "tls"
    TLS_SINGLY = "tls_singly"

    @property
    def encrypted(self) -> bool:
        """Whether TLS is in between."""
        return self is not Way.PLAIN

    @property
    def singly(self) -> bool:
        """Whether each message is a write of its own, as a relay at its tail does, or 256 KB."""
        return self is Way.TLS_SINGLY


def main() -> None:
    """Serve one client."""
    folder, count, way = Path(sys.argv[1]), int(sys.argv[2]), Way(sys.argv[3])
    stream = Stream(folder)
    ends = stream.ends()[:count]
    cuts = ends if way.singly else [*range(CHUNK, ends[-1], CHUNK), ends[-1]]
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        stream.messages.open("rb") as file,
        mmap.mmap(file.fileno(), ends[-1], MAP_READY, mmap.PROT_READ) as mapped,
        memoryview(mapped) as messages,
    ):
        print(listener.getsockname()[1], flush=True)
        with _accept(listener, folder, way) as connection:
            _upgrade(connection)
            print("connected", flush=True)
            sys.stdin.readline()
            _send(connection, messages, cuts)
            _await_end(connection)


def _accept(listener: socket.socket, folder: Path, way: Way) -> socket.socket:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if way.encrypted:
        return server_context(folder).wrap_socket(connection, server_side=True)
    return connection


def _upgrade(connection: socket.socket) -> None:
    """Accept the client's websocket, whatever it asks for (RFC 6455 §4.2)."""
    request = b""
    while b"\r\n\r\n" not in request and len(request) < MAX_REQUEST:
        request += connection.recv(MAX_REQUEST)
    headers = dict(line.split(b": ", 1) for line in request.split(b"\r\n") if b": " in line)
    key = {name.lower(): value for name, value in headers.items()}[b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID).digest())  # noqa: S324 - RFC 6455
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def _send(connection: socket.socket, messages: memoryview, cuts: Iterable[int]) -> None:
    start = 0
    for end in cuts:
        connection.sendall(messages[start:end])
        start = end


def _await_end(connection: socket.socket) -> None:
    """Stay until the client closes, in whatever manner; pings are not answered any more."""
    try:
        while (said := connection.recv(CHUNK)) and said[0] != FINAL_CLOSE:
            pass
    except (ConnectionError, ssl.SSLError):
        return


if __name__ == "__main__":
    main()
