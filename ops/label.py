"""`plyr label …`: what an operator says, takes back and looks at.

What changes the store is sent to the running labeler, and done here where none runs; both sign with
the labeler's key and leave a moderation event in the name of the operator. What only looks reads
the store itself.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw

from appview.network import network
from atp.label import Label
from atp.runtime import control, sqlite
from atp.runtime.clock import now_micros
from atp.runtime.config import ConfigError
from labeler import decide, keys, schema, store
from labeler.keys import KeyFileError
from lexicons.catalog import Catalog
from ops.errors import CannotRun
from ops.labeler import labeler
from ops.settings import Settings

PAGE = 1_000  # labels read at a time


def apply(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr label apply`: say something of a subject."""
    fields = {"cid": arguments.cid, "neg": arguments.neg, "exp": arguments.exp}
    return _say(settings, arguments, {name: value for name, value in fields.items() if value})


def negate(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr label negate`: take back what was said."""
    return _say(settings, arguments, {"neg": True})


def list_(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr label list`: what holds now, of one subject or of all; with ``--all`` the history."""
    with _opened(settings) as conn:
        found = _history(conn) if arguments.all else store.newest(conn, arguments.uri)
        shown = [
            (seq, label)
            for seq, label in found
            if arguments.uri in (None, label.uri)
            and (arguments.all or decide.holds(label, now_micros()))
        ]
    if arguments.json:
        print(json.dumps({"labels": [_told(seq, label) for seq, label in shown]}))
        return 0
    for seq, label in shown:
        ends = f"  until {label.exp}" if label.exp else ""
        version = f"  version {label.cid}" if label.cid else ""
        what = "not " if label.negates else ""
        print(f"{seq}  {label.cts}  {what}{label.val}  {label.uri}{version}{ends}")
    return 0


def export(settings: Settings, _arguments: argparse.Namespace) -> int:
    """`plyr label export`: every label as it was signed, a line of JSON each, oldest first."""
    try:
        with _opened(settings) as conn:
            for seq, label in _history(conn):
                sys.stdout.write(json.dumps(_told(seq, label)) + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; what is left in the buffer is not to fail at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def keygen(_settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr label keygen`: a new key file, and the public key that belongs to it."""
    try:
        key = keys.write_new(arguments.file, secrets.token_bytes(32))
    except KeyFileError as exc:
        raise CannotRun(str(exc)) from exc
    public = {"didKey": key.public_key.did_key(), "multikey": key.public_key.multikey()}
    if arguments.json:
        print(json.dumps({"file": str(arguments.file), **public}))
    else:
        print(f"{public['didKey']}\nPLYR_LABELER_KEY_FILE={arguments.file.absolute()}")
    return 0


def operator() -> str:
    """Who gives the command, as moderation events name them."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"operator:{os.getuid()}"  # a container's users need no names


async def command(settings: Settings, name: str, args: dict[str, Any]) -> dict[str, Any]:
    """Have the running labeler carry out a control command, or do it here where none runs."""
    path = settings.data_dir / schema.FILE
    try:
        return await control.request(path, name, args)
    except control.NotRunning:
        outside = network(
            settings.plc_url,
            settings.handle_resolver_url,
            allow_private_hosts=settings.allow_private_hosts,
        )
        catalog = Catalog.load(settings.namespace)
        async with outside as way, labeler(settings, way.directory, catalog) as it:
            return await it.commands[name](args)


def _say(settings: Settings, arguments: argparse.Namespace, fields: dict[str, Any]) -> int:
    statement = {"uri": arguments.uri, "val": arguments.val, **fields}
    args = {"statements": [statement], "actor": operator(), "reason": arguments.reason}
    try:
        told = asyncio.run(command(settings, "apply", args))
    except control.ControlError as exc:
        if exc.error == "LabelError":
            raise ConfigError([exc.message]) from exc
        raise
    (stored,) = told["stored"]
    if arguments.json:
        print(json.dumps(stored))
    else:
        label = stored["label"]
        what = "no longer " if label.get("neg") else ""
        print(f"{stored['seq']}  {label['uri']} is {what}{label['val']}, says {label['src']}")
    return 0


def _history(conn: apsw.Connection) -> Iterator[tuple[int, Label]]:
    seq = 0
    while page := store.after(conn, seq, PAGE):
        yield from page
        seq = page[-1][0]


def _told(seq: int, label: Label) -> dict[str, Any]:
    return {"seq": seq, "label": label.to_json()}


@contextmanager
def _opened(settings: Settings) -> Iterator[apsw.Connection]:
    path = settings.data_dir / schema.FILE
    if not path.exists():
        raise CannotRun(f"there are no labels at {path}: --data-dir names another folder")
    conn = sqlite.connect(path, readonly=True)
    try:
        yield conn
    finally:
        conn.close()
