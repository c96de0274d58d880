"""Messages as they stand on the wire, beside another library's."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from labeler.stream_wire import binary


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 300, 65_535, 65_536, 200_000])
def test_a_binary_message_is_what_others_write(size: int) -> None:
    """At each size at which the header changes."""
    payload = bytes(number % 251 for number in range(size))
    assert binary(payload) == Frame(Opcode.BINARY, payload).serialize(mask=False)
