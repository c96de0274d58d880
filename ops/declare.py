"""`plyr label declare`: the record by which the labeler's account says what it labels.

It is written at the PDS of the account, with its password, and only where it says something else
than it should; what the operator wrote beside stays. The password is in a file, or asked for on a
terminal: never in the arguments or the environment, which other processes can read.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
import stat
import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appview.network import Network, network
from atp.runtime.clock import now_micros
from atp.runtime.http import Client, HttpError
from atp.syntax import Datetime, Did, Nsid, RecordKey
from labeler.policy import COLLECTION, RKEY, declaration
from ops.errors import CannotRun
from ops.identity import given
from ops.settings import Settings
from pds_client.identity import DidError, Directory
from pds_client.repo import Record
from pds_client.session import SessionError, get_record, signed_in
from pds_client.xrpc import XrpcFailure

MAX_PASSWORD = 1_024  # bytes

_WHERE = (Nsid(COLLECTION), RecordKey(RKEY))


@dataclass(frozen=True, slots=True)
class Found:
    """The declaration at the account's PDS, None where there is none, and as it is to be."""

    pds: str
    record: Record | None
    right: dict[str, Any]


def declare(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr label declare`: write the labeler's declaration, or find that it stands."""
    found = asyncio.run(_found(settings))
    record, written = found.record, False
    if record is None or record.value != found.right:
        file: Path | None = arguments.password_file
        password = _asked(settings.labeler) if file is None else _read(file)
        record, written = asyncio.run(_written(settings, found, password)), True
    if arguments.json:
        print(json.dumps({"uri": record.uri, "cid": str(record.cid), "written": written}))
    else:
        said = "written" if written else "says all that it should, nothing was written"
        print(f"{record.uri} {record.cid}: {said}")
    return 0


async def read_declaration(http: Client, pds: str, did: Did) -> Record | None:
    """The account's declaration, None where there is none. Raises `XrpcFailure` or `HttpError`."""
    return await get_record(http, pds, did, *_WHERE)


async def _found(settings: Settings) -> Found:
    async with _outside(settings) as way:
        pds = await _pds(settings, way.directory)
        try:
            record = await read_declaration(way.http, pds, settings.labeler)
        except (HttpError, XrpcFailure) as exc:
            raise CannotRun(f"{exc}: see that {pds} is the account's PDS, or try again") from exc
    before = {} if record is None else record.value
    return Found(
        pds, record, declaration(Datetime.from_micros(now_micros()), given(settings), before)
    )


async def _written(settings: Settings, found: Found, password: str) -> Record:
    did, before = settings.labeler, None if found.record is None else found.record.cid
    try:
        async with (
            _outside(settings) as way,
            signed_in(way.http, found.pds, did, password) as session,
        ):
            return await session.put(*_WHERE, found.right, before)
    except SessionError as exc:
        raise CannotRun(str(exc)) from exc


def _outside(settings: Settings) -> AbstractAsyncContextManager[Network]:
    return network(
        settings.plc_url,
        settings.handle_resolver_url,
        allow_private_hosts=settings.allow_private_hosts,
    )


async def _pds(settings: Settings, directory: Directory) -> str:
    did, pds = settings.labeler, None
    if did != settings.web_did:  # whose document is our own and has none
        try:
            pds = (await directory.doc(did)).pds
        except DidError as exc:
            what = "see that PLYR_LABELER_DID is right, or try again later"
            raise CannotRun(f"{exc}: {what}") from exc
    if pds is None:
        raise CannotRun(
            f"{did} has no PDS and needs no declaration: readers find it by its DID document."
            " For apps to list it, PLYR_LABELER_DID has to be an account that has a PDS"
        )
    return pds


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if stat.S_ISREG(about.st_mode) and about.st_mode & 0o077:
                raise CannotRun(f"{path} can be read by others than its owner: chmod 600 {path}")
            said = file.read(MAX_PASSWORD + 1)
    except OSError as exc:
        raise CannotRun(f"cannot read the password file {path}: {exc.strerror}") from exc
    try:
        text = said.decode().rstrip("\r\n")
    except UnicodeDecodeError:  # which has the password in it
        text = ""
    if not text or len(said) > MAX_PASSWORD:
        raise CannotRun(f"{path} holds no password: want one line of text")
    return text


def _asked(did: Did) -> str:
    if not sys.stdin.isatty():
        raise CannotRun("there is no terminal to ask for the password on: give --password-file")
    try:
        text = getpass.getpass(f"Password of {did}, or an app password: ", sys.stderr)
    except (EOFError, UnicodeError):
        text = ""
    if not text:
        raise CannotRun("no password was given")
    return text
