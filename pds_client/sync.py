"""Whole repositories, single records with proof, and who has records in a collection (§1.13).

A host decides what it sends and how slowly; here it is decided how much of that is taken.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from atp.runtime.http import Client, HttpMalformed, HttpStatus, HttpUnavailable
from atp.syntax import Did, Nsid, RecordKey
from lexicons.names import GET_RECORD
from pds_client.repo import MAX_CURSOR, MAX_PAGE, PAGE_TIMEOUT, Page
from pds_client.xrpc import failure, method_url, query

MAX_REPO = 536_870_912
"""Bytes of a repository."""

REPO_TIMEOUT = 900.0
"""Seconds for a repository, however large."""

MAX_PROOF = 2_097_152
"""Bytes of a record with its proof: the largest record, and as much for the way to it."""

PROOF_TIMEOUT = 8.0
"""Seconds for that."""

GRACE = 20.0
MIN_RATE = 32_768
"""After ``GRACE`` seconds a body has to come at this many bytes a second, on the whole."""

REDIRECTS = 3
"""A relay sends us to the PDS."""

DIDS_A_PAGE = 1_000

GET_REPO = "com.atproto.sync.getRepo"
LIST_BY_COLLECTION = "com.atproto.sync.listReposByCollection"


class Sink(Protocol):
    """Where a body goes."""

    def write(self, piece: bytes, /) -> object:
        """Take the next bytes."""


async def get_repo(http: Client, service: str, did: Did, into: Sink) -> None:
    """Write a repository's CAR, unread, ``into`` a file.

    Raises `XrpcFailure` where the host says why not, and `HttpError`.
    """
    url = method_url(service, GET_REPO, {"did": did})
    now = asyncio.get_running_loop().time
    size, start = 0, now()
    try:
        async with http.stream(
            "GET", url, limit=MAX_REPO, timeout=REPO_TIMEOUT, redirects=REDIRECTS
        ) as answer:
            async for piece in answer:
                into.write(piece)
                size += len(piece)
                seconds = now() - start
                if seconds > GRACE and size < seconds * MIN_RATE:
                    raise HttpUnavailable(url, f"too slow: {size} bytes in {seconds:.0f} s")
    except HttpStatus as exc:
        raise failure(GET_REPO, exc) from exc


async def get_record(
    http: Client, service: str, did: Did, collection: Nsid, rkey: RecordKey
) -> bytes:
    """A CAR that proves a record, or that there is none; unread, so `atp.proof` has to check it.

    Raises `XrpcFailure` where the host says why not, and `HttpError`.
    """
    url = method_url(service, GET_RECORD, {"did": did, "collection": collection, "rkey": rkey})
    try:
        return (await http.get_bytes(url, limit=MAX_PROOF, timeout=PROOF_TIMEOUT)).body
    except HttpStatus as exc:
        raise failure(GET_RECORD, exc) from exc


async def repos_by_collection(
    http: Client, service: str, collection: Nsid, cursor: str | None
) -> Page[Did]:
    """A page of who has records in a collection; some may have had them once.

    Raises `XrpcFailure` and `HttpError`.
    """
    params: dict[str, str | int] = {"collection": collection, "limit": DIDS_A_PAGE}
    if cursor is not None:
        params["cursor"] = cursor
    answer = await query(
        http, service, LIST_BY_COLLECTION, params, limit=MAX_PAGE, timeout=PAGE_TIMEOUT
    )
    try:
        dids = tuple(Did.parse(item["did"]) for item in answer["repos"])
    except (KeyError, TypeError, ValueError) as exc:
        raise HttpMalformed(service, f"not a list of repositories: {exc!r}") from exc
    following = answer.get("cursor")
    if following is None:
        return Page(dids, None)
    if not isinstance(following, str) or len(following) > MAX_CURSOR or following == cursor:
        raise HttpMalformed(service, "a list that does not come to an end")
    return Page(dids, following)
