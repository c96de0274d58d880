"""A store of labels for tests: a writer, a key and a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from atp.keys import Curve, PrivateKey
from atp.runtime import sqlite
from atp.runtime.sqlite import Writer
from atp.syntax import Did
from labeler import schema
from labeler.keys import Signer
from labeler.labels import Labels

SRC = Did("did:web:labeler.test")
KEY = PrivateKey.from_bytes(Curve.K256, b"\x05" * 32)
NOW = 1_800_000_000_000_000


@dataclass
class Clock:
    """µs since the epoch, moved by hand."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class Made:
    """An open store."""

    labels: Labels
    writer: Writer
    clock: Clock
    conn: apsw.Connection


@asynccontextmanager
async def made(folder: Path) -> AsyncIterator[Made]:
    """The store in a folder."""
    path = folder / schema.FILE
    writer = Writer(path, schema.migrations())
    conn = sqlite.connect(path, readonly=True)
    clock = Clock()
    try:
        yield Made(Labels(writer, Signer(SRC, KEY), clock), writer, clock, conn)
    finally:
        conn.close()
        await writer.close()
