"""The file of messages is what a websocket server would have sent."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from websockets.frames import Frame, Opcode

from lexicons.names import Names
from ops.bench import stream, traffic
from ops.bench.stream import SEED, Stream
from ops.bench.traffic import Traffic
from tests.ops.bench.conftest import MESSAGES


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 100_000])
def test_header_is_rfc_6455(length: int) -> None:
    """The header is the one that another library writes."""
    payload = bytes(length)
    whole = Frame(Opcode.BINARY, payload).serialize(mask=False)
    assert stream.websocket_header(length) + payload == whole


def test_file_holds_the_traffic(small_stream: Stream) -> None:
    """Message after message, each ends where it is said to; ours are counted and documented."""
    sent = list(Traffic(SEED, Names()).sent(MESSAGES))
    whole = [stream.websocket_header(len(one.frame)) + one.frame for one in sent]
    content = small_stream.messages.read_bytes()
    starts = [0, *small_stream.ends()]
    assert [content[a:b] for a, b in pairwise(starts)] == whole
    for count in (0, 150, MESSAGES):
        assert small_stream.ours(count) == sum(one.ours for one in sent[:count])
    assert len(small_stream.documents()) == traffic.LISTENERS


def test_made_once_and_whole(
    small_repos: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a dead process left is not trusted; what was finished is not made again."""
    monkeypatch.setattr(stream, "MESSAGES", 50)
    made = stream.cached(tmp_path)
    content = made.messages.read_bytes()
    made.folder.rename(made.folder.with_suffix(".partial"))
    again = stream.cached(tmp_path)
    assert again.messages.read_bytes() == content
    monkeypatch.setattr(stream, "write", None)
    assert stream.cached(tmp_path) == again
