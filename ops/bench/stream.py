"""The traffic as a file: websocket messages end to end, ready to be sent without a thought.

The file is made once for each content of the module that makes the traffic, under ``build/``; it
appears whole or not at all, and in place of the one before, as it is large.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lexicons.names import Names
from ops.bench import traffic
from ops.bench.traffic import Traffic

MESSAGES = 100_000
SEED = 1
FINAL_BINARY = 0x82


@dataclass(frozen=True, slots=True)
class Stream:
    """A folder with the messages, where each of them ends, and what they are about."""

    folder: Path

    @property
    def messages(self) -> Path:
        """Websocket frames as a server sends them, one a message."""
        return self.folder / "messages.ws"

    def ends(self) -> array[int]:
        """Where in the file each message ends."""
        ends = array("Q")
        ends.frombytes((self.folder / "ends.u64").read_bytes())
        return ends

    def ours(self, count: int) -> int:
        """How many of the first ``count`` messages hold a record of ours."""
        return sum(seq <= count for seq in self._about()["ours"])

    def documents(self) -> list[dict[str, Any]]:
        """The DID documents of the accounts that write records of ours."""
        documents: list[dict[str, Any]] = self._about()["documents"]
        return documents

    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = orjson.loads((self.folder / "about.json").read_bytes())
        return about


def cached(build: Path) -> Stream:
    """The stream of `MESSAGES` messages under ``build``, made when it is not there (a minute)."""
    made_by = hashlib.sha256(Path(traffic.__file__).read_bytes()).hexdigest()[:12]
    folder = build / f"stream-{MESSAGES}-{made_by}"
    if not folder.is_dir():
        print(f"making {MESSAGES} messages of relay traffic (a minute, once)", file=sys.stderr)
        for outdated in build.glob("stream-*"):
            shutil.rmtree(outdated)
        partial = folder.with_suffix(".partial")
        partial.mkdir(parents=True)
        write(partial, MESSAGES)
        partial.rename(folder)
    return Stream(folder)


def write(folder: Path, count: int) -> None:
    """Make the stream's files in a folder."""
    stream = Stream(folder)
    made = Traffic(SEED, Names())
    ends, ours, size = array("Q"), [], 0
    with stream.messages.open("wb") as file:
        for seq, sent in enumerate(made.sent(count), 1):
            size += file.write(websocket_header(len(sent.frame)) + sent.frame)
            ends.append(size)
            if sent.ours:
                ours.append(seq)
    (folder / "ends.u64").write_bytes(ends.tobytes())
    documents = [listener.document() for listener in made.listeners]
    (folder / "about.json").write_bytes(orjson.dumps({"ours": ours, "documents": documents}))


def websocket_header(length: int) -> bytes:
    """What precedes a whole binary message from a server (RFC 6455 §5.2)."""
    if length < 126:
        return struct.pack("!BB", FINAL_BINARY, length)
    if length < 1 << 16:
        return struct.pack("!BBH", FINAL_BINARY, 126, length)
    return struct.pack("!BBQ", FINAL_BINARY, 127, length)
