"""A record of an account at its PDS: read by anybody, written by its owner in a session (spec §3).

The PDS may be anybody's and say anything. No text of ours repeats a secret: no error's message and
no printed session has one, and an error that came of an answer does not keep the answer as its
cause. What a server says is cut to what can be printed.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from atp.cid import Cid
from atp.runtime import log
from atp.runtime.http import Client, HttpError, HttpMalformed, HttpUnavailable
from atp.syntax import AtUri, Did, Nsid, RecordKey
from pds_client.repo import Record
from pds_client.xrpc import XrpcFailure, method_url, procedure, query

CREATE_SESSION = "com.atproto.server.createSession"
DELETE_SESSION = "com.atproto.server.deleteSession"
GET_RECORD = "com.atproto.repo.getRecord"
PUT_RECORD = "com.atproto.repo.putRecord"

MAX_RECORD = 2_097_152
"""Bytes of an answer with a record, which in JSON is longer than the block that it is kept in."""

PIECE = 8
"""So many characters of a secret in a row stand in no text by accident."""

_TOKEN = re.compile(r"[!-~]{1,8192}")

logger = log.get("session")


class SessionError(Exception):
    """The account's PDS did not do what it was asked for; the message says why and what to do."""


class SignInRefused(SessionError):
    """The PDS does not take the password, or not the password alone."""


class RecordChanged(SessionError):
    """The record is not what it was when it was read; nothing was written."""


@dataclass(frozen=True, slots=True)
class Session:
    """An account's own session at its PDS."""

    did: Did
    pds: str
    _http: Client = field(repr=False)
    _access: str = field(repr=False)
    _refresh: str = field(repr=False)

    async def put(
        self, collection: Nsid, rkey: RecordKey, value: dict[str, Any], before: Cid | None
    ) -> Record:
        """Write a record that still is as ``before``, None where there was none.

        Raises `RecordChanged` or another `SessionError`.
        """
        body = {
            "repo": self.did,
            "collection": collection,
            "rkey": rkey,
            "record": value,
            "swapRecord": None if before is None else str(before),
        }
        uri = AtUri.of(self.did, collection, rkey)
        try:
            answer = await procedure(
                self._http, self.pds, PUT_RECORD, body, headers=_bearer(self._access)
            )
            return Record(uri, _version(self.pds, answer, uri), value)
        except (HttpError, XrpcFailure) as exc:
            failed = exc
        if isinstance(failed, XrpcFailure) and failed.error == "InvalidSwap":
            raise RecordChanged(f"{uri} was changed meanwhile; nothing was written: try again")
        raise _told(failed, self._access, self._refresh)

    async def end(self) -> None:
        """Have the PDS forget the session; that it may not have done so is logged."""
        url = method_url(self.pds, DELETE_SESSION, {})
        try:
            await self._http.request("POST", url, headers=_bearer(self._refresh))
        except HttpError as exc:
            error = str(_told(exc, self._access, self._refresh))
            logger.warning("the session stays until it expires", did=self.did, error=error)


@asynccontextmanager
async def signed_in(http: Client, pds: str, did: Did, password: str) -> AsyncIterator[Session]:
    """A session at the PDS that the account's DID document names, as long as the block.

    The password is the account's, or an app password. Raises `SignInRefused` or another
    `SessionError`.
    """
    session = await _opened(http, pds, did, password)
    try:
        yield session
    finally:
        await session.end()


async def get_record(
    http: Client, pds: str, did: Did, collection: Nsid, rkey: RecordKey
) -> Record | None:
    """A record as the account's PDS tells it, None where it says that there is none.

    Raises `XrpcFailure` or `HttpError`.
    """
    params = {"repo": did, "collection": collection, "rkey": rkey}
    try:
        answer = await query(http, pds, GET_RECORD, params, limit=MAX_RECORD)
    except XrpcFailure as exc:
        if exc.error == "RecordNotFound":
            return None
        raise
    uri, value = AtUri.of(did, collection, rkey), answer.get("value")
    if not isinstance(value, dict):
        raise HttpMalformed(pds, f"the answer of {GET_RECORD} has no record")
    return Record(uri, _version(pds, answer, uri), value)


async def _opened(http: Client, pds: str, did: Did, password: str) -> Session:
    body = {"identifier": did, "password": password}
    try:
        answer = await procedure(http, pds, CREATE_SESSION, body)
    except (HttpError, XrpcFailure) as exc:
        failed = exc
    else:
        access, refresh = _token(answer, "accessJwt"), _token(answer, "refreshJwt")
        if answer.get("did") == did and access and refresh:
            return Session(did, pds, http, access, refresh)
        raise SessionError(f"{pds} gave no session of {did}: see that it is this account's PDS")
    match failed:
        case XrpcFailure(error="AuthFactorTokenRequired"):
            raise SignInRefused(
                f"{did} signs in with a mailed code beside its password:"
                " make an app password in its settings, and give that"
            )
        case XrpcFailure(error="AuthenticationRequired"):
            raise SignInRefused(
                f"{pds} does not take this password for {did}:"
                " give the account's, or an app password of it"
            )
    raise _told(failed, password)


def _version(pds: str, answer: Mapping[str, Any], uri: AtUri) -> Cid:
    """The version of the record at ``uri`` that an answer speaks of, or `HttpMalformed`."""
    said, cid = answer.get("uri"), answer.get("cid")
    try:
        if said == uri and isinstance(cid, str):
            return Cid.parse(cid)
    except ValueError as exc:
        raise HttpMalformed(pds, f"the answer names no version of {uri}") from exc
    raise HttpMalformed(pds, f"the answer is not about {uri}")


def _told(failed: HttpError | XrpcFailure, *secrets: str) -> SessionError:
    """The same for people, without what a server may have repeated of ours."""
    text = _printable(str(failed))
    if any(_repeats(text, _printable(secret)) for secret in secrets):
        text = "the PDS refused, and its answer is not shown, as it repeats a secret"
    again = "; try again later" if isinstance(failed, HttpUnavailable) else ""
    return SessionError(text + again)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _repeats(text: str, secret: str) -> bool:
    starts = range(max(1, len(secret) - PIECE + 1))
    return any(secret[start : start + PIECE] in text for start in starts)


def _token(answer: Mapping[str, Any], name: str) -> str | None:
    value = answer.get(name)
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
