"""Another library's websocket client gets the stream, message by message."""

from __future__ import annotations

import ssl
import subprocess
import sys

import pytest
from websockets.sync.client import connect

from lexicons.names import Names
from ops.bench.certificate import make_certificate
from ops.bench.sender import Way
from ops.bench.stream import SEED, Stream
from ops.bench.traffic import Traffic

COUNT = 200


@pytest.mark.parametrize("way", Way)
def test_sends_the_stream(small_stream: Stream, way: Way) -> None:
    """The first so many messages, whole and in order, once it is told to begin."""
    certificate = make_certificate(small_stream.folder)
    trust = ssl.create_default_context(cafile=str(certificate)) if way.encrypted else None
    scheme = "wss" if way.encrypted else "ws"
    command = [sys.executable, "-m", "ops.bench.sender", str(small_stream.folder), str(COUNT)]
    with subprocess.Popen(
        [*command, way.value], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        port = int(sender.stdout.readline())
        with connect(f"{scheme}://localhost:{port}/any", ssl=trust, close_timeout=1) as client:
            assert sender.stdout.readline() == "connected\n"
            with pytest.raises(TimeoutError):
                client.recv(timeout=0.1)
            sender.stdin.write("go\n")
            sender.stdin.flush()
            received = [client.recv(timeout=10) for _ in range(COUNT)]
        assert sender.wait(10) == 0
    assert received == [sent.frame for sent in Traffic(SEED, Names()).sent(COUNT)]
