"""A long log of labels, made once and kept outside the checkout.

Its labels are what the labeler makes but for their signatures, which are made up: a million real
ones take a minute, and neither replay nor signing anew looks at what is there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from atp.keys import Curve, PrivateKey
from atp.runtime import sqlite
from atp.syntax import Did
from labeler import decide, schema, store
from labeler.decide import Statement
from labeler.keys import Signer
from labeler.store import Event

LABELS = 1_000_000
SIGNER = Signer(Did("did:web:labeler.example.com"), PrivateKey.from_bytes(Curve.K256, b"\x05" * 32))
VALUES = ("copyright-violation", "sexual", "porn", "graphic-media")
ACTOR = "operator:benchmark"

_BEGIN = 1_750_000_000_000_000
_STEP = 10_000
_ACCOUNTS = 100_000


def statement(number: int) -> Statement:
    """The label of that number: of a track or now and then of an account, some taken back."""
    account = f"did:plc:{number % _ACCOUNTS:024d}"
    uri = f"at://{account}/fm.plyr.track/3l{number:011d}" if number % 10 else account
    return Statement(uri, VALUES[number % len(VALUES)], neg=number % 20 == 19)


def cached() -> Path:
    """The folder with a ``labels.db`` of `LABELS` labels, made when it is not there (a minute)."""
    made_by = hashlib.sha256(Path(__file__).read_bytes() + "".join(schema.migrations()).encode())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plyr-appview"
    folder = cache / f"labels-{LABELS}-{made_by.hexdigest()[:12]}"
    if not folder.is_dir():
        print(f"making {LABELS} labels in {cache} (a minute, once)", file=sys.stderr)
        for outdated in cache.glob("labels-*"):
            shutil.rmtree(outdated)
        partial = folder.with_suffix(".partial")
        partial.mkdir(parents=True)
        write(partial, LABELS)
        partial.rename(folder)
    return folder


def write(folder: Path, count: int) -> None:
    """Make a log of so many labels in a folder."""
    conn = sqlite.connect(folder / schema.FILE)
    sqlite.migrate(conn, schema.migrations())
    key = store.key_number(conn, SIGNER.key.public_key.did_key(), _BEGIN)
    for first in range(0, count, _STEP):
        with sqlite.transaction(conn):
            for number in range(first, min(first + _STEP, count)):
                now = _BEGIN + 1_000 * number
                said = statement(number)
                label = decide.label(said, SIGNER.did, None, now)
                event = store.add_event(conn, Event(now, ACTOR, "label", said.uri))
                made_up = hashlib.sha512(number.to_bytes(8, "big")).digest()
                store.add_label(conn, replace(label, sig=made_up), event, key, now)
    conn.close()
