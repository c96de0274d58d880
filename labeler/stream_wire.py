"""What a subscription needs of its websocket beyond ASGI: many messages in one write.

A server's messages are not masked, so the bytes of a message are the same for every subscriber, and
so are those of many in a row: they are made once and given to each connection as they are. ASGI
takes one message at a time and has it framed again for each reader. The server passes its
connection under `WIRE` in the extensions of the scope.
"""

from __future__ import annotations

import struct
from typing import Protocol

WIRE = "plyr.wire"

_FINAL_BINARY = 0x82
_SHORT = 126
_MEDIUM = 65_536


class Gone(Exception):
    """Nobody reads any more."""


class TooSlow(Exception):
    """What was written before has not been taken for too long."""


class Wire(Protocol):
    """An open websocket; no extension is in use on it."""

    async def write(self, messages: bytes) -> None:
        """Send whole messages, each in its `binary` form; wait until there is room for more.

        Raises `Gone` and `TooSlow`.
        """
        ...

    def end(self, messages: bytes, code: int) -> None:
        """Send last messages and close; cut the connection if they are not taken soon."""
        ...


def binary(payload: bytes) -> bytes:
    """The binary websocket message of a server with this payload (RFC 6455 §5.2)."""
    size = len(payload)
    if size < _SHORT:
        return struct.pack("!BB", _FINAL_BINARY, size) + payload
    if size < _MEDIUM:
        return struct.pack("!BBH", _FINAL_BINARY, _SHORT, size) + payload
    return struct.pack("!BBQ", _FINAL_BINARY, _SHORT + 1, size) + payload
