"""Reading repositories where they live: status, newest commit, records; and who has one (§1.13).

Answers become types at once; one that does not fit its method, or speaks of another account, is
`HttpMalformed`. Lists come page by page, and a server that turns in circles or sends page after
page of nothing is not followed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from atp.cid import Cid
from atp.runtime.http import Client, HttpMalformed
from atp.syntax import AtUri, Did, Handle, Nsid
from atp.tid import Tid
from pds_client.xrpc import Params, query

RECORDS_A_PAGE = 100
REPOS_A_PAGE = 1_000

MAX_PAGE = 16_777_216
"""Bytes of a page."""

PAGE_TIMEOUT = 30.0
"""Seconds for a page."""

MAX_CURSOR = 2_048
"""Characters of a cursor."""

MAX_EMPTY_PAGES = 16
"""Empty pages in a row after which a list is not believed to go on."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RepoStatus:
    """What a host says of an account; ``status`` is an open set, ``rev`` absent without a repo."""

    did: Did
    active: bool
    status: str | None
    rev: Tid | None


@dataclass(frozen=True, slots=True)
class LatestCommit:
    """The newest commit of a repository."""

    cid: Cid
    rev: Tid


@dataclass(frozen=True, slots=True)
class RepoDescription:
    """What a PDS says of a repository; the handle is its claim and whether it is correct, too."""

    did: Did
    handle: Handle
    handle_is_correct: bool
    collections: tuple[Nsid, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as a host tells it, unproven; ``value`` is its JSON form."""

    uri: AtUri
    cid: Cid
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RepoEntry:
    """A repository that a host has; one that is not active has a ``status``."""

    did: Did
    head: Cid
    rev: Tid
    active: bool
    status: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """Part of a list; what follows begins at ``cursor``."""

    items: tuple[_T, ...]
    cursor: str | None


async def get_repo_status(http: Client, service: str, did: Did) -> RepoStatus:
    """Whether an account is active at a host."""

    def parse(answer: dict[str, Any]) -> RepoStatus:
        _check(answer["did"] == did, "another account")
        rev = _text(answer.get("rev"))
        return RepoStatus(
            did=did,
            active=_flag(answer["active"]),
            status=_text(answer.get("status")),
            rev=None if rev is None else Tid.parse(rev),
        )

    return await _ask(http, service, "com.atproto.sync.getRepoStatus", {"did": did}, parse)


async def get_latest_commit(http: Client, service: str, did: Did) -> LatestCommit:
    """The newest commit of a repository at a host."""

    def parse(answer: dict[str, Any]) -> LatestCommit:
        return LatestCommit(Cid.parse(answer["cid"]), Tid.parse(answer["rev"]))

    return await _ask(http, service, "com.atproto.sync.getLatestCommit", {"did": did}, parse)


async def describe_repo(http: Client, service: str, did: Did) -> RepoDescription:
    """Which collections a repository has, and the handle that its PDS knows."""

    def parse(answer: dict[str, Any]) -> RepoDescription:
        _check(answer["did"] == did, "another account")
        return RepoDescription(
            did=did,
            handle=Handle.parse(answer["handle"]),
            handle_is_correct=_flag(answer["handleIsCorrect"]),
            collections=tuple(Nsid.parse(text) for text in answer["collections"]),
        )

    return await _ask(http, service, "com.atproto.repo.describeRepo", {"repo": did}, parse)


def list_records(
    http: Client, service: str, did: Did, collection: Nsid
) -> AsyncIterator[Page[Record]]:
    """All records of a collection."""

    def page(cursor: Params) -> Awaitable[Page[Record]]:
        params = {"repo": did, "collection": collection, "limit": RECORDS_A_PAGE, **cursor}
        return _ask(http, service, "com.atproto.repo.listRecords", params, parse)

    def parse(answer: dict[str, Any]) -> Page[Record]:
        return Page(tuple(map(record, answer["records"])), _cursor(answer))

    def record(item: dict[str, Any]) -> Record:
        uri, value = AtUri.parse(item["uri"]), item["value"]
        _check((uri.authority, uri.collection) == (did, collection), "a record of another list")
        _check(uri.rkey is not None and isinstance(value, dict), "not a record")
        return Record(uri, Cid.parse(item["cid"]), value)

    return _pages(service, page)


def list_repos(
    http: Client, service: str, cursor: str | None = None
) -> AsyncIterator[Page[RepoEntry]]:
    """All repositories that a host has, from ``cursor`` on."""

    def page(cursor: Params) -> Awaitable[Page[RepoEntry]]:
        params = {"limit": REPOS_A_PAGE, **cursor}
        return _ask(http, service, "com.atproto.sync.listRepos", params, parse)

    def parse(answer: dict[str, Any]) -> Page[RepoEntry]:
        return Page(tuple(map(entry, answer["repos"])), _cursor(answer))

    def entry(item: dict[str, Any]) -> RepoEntry:
        return RepoEntry(
            did=Did.parse(item["did"]),
            head=Cid.parse(item["head"]),
            rev=Tid.parse(item["rev"]),
            active=_flag(item.get("active", True)),
            status=_text(item.get("status")),
        )

    return _pages(service, page, cursor)


async def _pages(
    service: str, ask: Callable[[Params], Awaitable[Page[_T]]], cursor: str | None = None
) -> AsyncIterator[Page[_T]]:
    empty = 0
    while True:
        page = await ask({} if cursor is None else {"cursor": cursor})
        yield page
        if page.cursor is None:
            return
        empty = 0 if page.items else empty + 1
        if page.cursor == cursor or empty > MAX_EMPTY_PAGES:
            raise HttpMalformed(service, "a list that does not come to an end")
        cursor = page.cursor


async def _ask(
    http: Client,
    service: str,
    nsid: str,
    params: Params,
    parse: Callable[[dict[str, Any]], _T],
) -> _T:
    answer = await query(http, service, nsid, params, limit=MAX_PAGE, timeout=PAGE_TIMEOUT)
    try:
        return parse(answer)
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        why = f"the answer of {nsid} is not what it should be: {type(exc).__name__}: {exc}"
        raise HttpMalformed(service, why) from exc


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - a condition, as in assert
    if not holds:
        raise ValueError(otherwise)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not true or false")
    return value


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("not text")
    return value


def _cursor(answer: dict[str, Any]) -> str | None:
    cursor = _text(answer.get("cursor"))
    _check(len(cursor or "") <= MAX_CURSOR, "a cursor without end")
    return cursor
