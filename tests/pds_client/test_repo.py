"""Reading repositories from servers, honest or not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from atp.cid import Cid
from atp.runtime.http import Client, HttpMalformed
from atp.syntax import AtUri, Did, Handle, Nsid
from atp.tid import Tid
from pds_client.repo import (
    MAX_EMPTY_PAGES,
    LatestCommit,
    Page,
    Record,
    RepoDescription,
    RepoEntry,
    RepoStatus,
    describe_repo,
    get_latest_commit,
    get_repo_status,
    list_records,
    list_repos,
)
from pds_client.xrpc import XrpcFailure
from tests.atp.runtime.foreign_server import web_server
from tests.pds_client.hosts import DID, OTHER

TRACK = Nsid("fm.plyr.track")
REV = "3jzfcijpj2z2a"
CID = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
STATUS = {"did": DID, "active": True, "rev": REV}
DESCRIPTION = {
    "did": DID,
    "handle": "a.example.com",
    "handleIsCorrect": True,
    "collections": [TRACK],
}
RECORD = {"uri": f"at://{DID}/{TRACK}/a", "cid": CID, "value": {"title": "x"}}
REPO = {"did": DID, "head": CID, "rev": REV, "active": True}


@asynccontextmanager
async def host(
    reply: Callable[[str, Mapping[str, str]], Any],
) -> AsyncIterator[tuple[Client, str]]:
    """A client and the URL of a server that answers a method's name and parameters."""

    async def method(request: web.Request) -> web.Response:
        answer = reply(request.match_info["nsid"], request.query)
        return web.json_response(answer, status=400 if "error" in answer else 200)

    async with web_server([web.get("/xrpc/{nsid}", method)]) as url:
        async with Client(allow_private=True) as http:
            yield http, url


async def test_single_answers() -> None:
    """Status, newest commit and description come typed, asked for with the right parameters."""
    answers: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
        "com.atproto.sync.getRepoStatus": ({"did": DID}, STATUS),
        "com.atproto.sync.getLatestCommit": ({"did": DID}, {"cid": CID, "rev": REV}),
        "com.atproto.repo.describeRepo": ({"repo": DID}, DESCRIPTION),
    }

    def reply(nsid: str, params: Mapping[str, str]) -> dict[str, Any]:
        wanted, answer = answers[nsid]
        assert dict(params) == wanted
        return answer

    cid, rev = Cid.parse(CID), Tid.parse(REV)
    async with host(reply) as (http, url):
        assert await get_repo_status(http, url, DID) == RepoStatus(DID, True, None, rev)
        assert await get_latest_commit(http, url, DID) == LatestCommit(cid, rev)
        described = RepoDescription(DID, Handle("a.example.com"), True, (TRACK,))
        assert await describe_repo(http, url, DID) == described


async def test_inactive_repos() -> None:
    """An inactive account has a status and need not have a revision."""
    answer = {"did": DID, "active": False, "status": "takendown"}
    async with host(lambda _nsid, _params: answer) as (http, url):
        status = await get_repo_status(http, url, DID)
    assert status == RepoStatus(DID, False, "takendown", None)


async def test_refusals_keep_their_name() -> None:
    """A repository that is not there is a failure by name."""
    async with host(lambda _nsid, _params: {"error": "RepoNotFound"}) as (http, url):
        for ask in (get_repo_status, get_latest_commit, describe_repo):
            with pytest.raises(XrpcFailure) as raised:
                await ask(http, url, DID)
            assert raised.value.error == "RepoNotFound"


async def first_records(http: Client, url: str, did: Did) -> Page[Record]:
    return await anext(list_records(http, url, did, TRACK))


async def first_repos(http: Client, url: str, _did: Did) -> Page[RepoEntry]:
    return await anext(list_repos(http, url))


def record(**changes: Any) -> dict[str, Any]:
    return {"records": [{**RECORD, **changes}]}


def repo(**changes: Any) -> dict[str, Any]:
    return {"repos": [REPO, {**REPO, **changes}]}


@pytest.mark.parametrize(
    ("ask", "answers"),
    [
        pytest.param(
            get_repo_status,
            [
                {},
                {"active": True},
                {**STATUS, "did": OTHER},
                {**STATUS, "active": 1},
                {**STATUS, "status": {}},
                {**STATUS, "rev": "x"},
                {**STATUS, "rev": 7},
            ],
            id="status",
        ),
        pytest.param(
            get_latest_commit,
            [{"cid": CID}, {"rev": REV}, {"cid": 7, "rev": REV}, {"cid": CID, "rev": "x"}],
            id="commit",
        ),
        pytest.param(
            describe_repo,
            [
                {},
                {**DESCRIPTION, "did": OTHER},
                {**DESCRIPTION, "handle": "x"},
                {**DESCRIPTION, "handle": None},
                {**DESCRIPTION, "handleIsCorrect": "yes"},
                {**DESCRIPTION, "collections": ["x"]},
                {**DESCRIPTION, "collections": [7]},
                {**DESCRIPTION, "collections": None},
            ],
            id="description",
        ),
        pytest.param(
            first_records,
            [
                {},
                {"records": None},
                {"records": {"x": 1}},
                {"records": [7]},
                {"records": [], "cursor": 7},
                {"records": [], "cursor": "x" * 3_000},
                record(uri=None),
                record(uri="at://x"),
                record(uri=f"at://{OTHER}/{TRACK}/a"),
                record(uri=f"at://{DID}/fm.plyr.like/a"),
                record(uri=f"at://{DID}/{TRACK}"),
                record(cid="x"),
                record(value="x"),
                record(value=None),
            ],
            id="records",
        ),
        pytest.param(
            first_repos,
            [
                {},
                {"repos": 7},
                {"repos": ["x"]},
                repo(did="x"),
                repo(head=None),
                repo(rev="x"),
                repo(active=None),
                repo(status=7),
            ],
            id="repos",
        ),
    ],
)
async def test_bad_answers(
    ask: Callable[[Client, str, Did], Awaitable[object]], answers: list[dict[str, Any]]
) -> None:
    """An answer with a part missing, of a wrong form or about something else is malformed."""
    coming = iter(answers)
    async with host(lambda _nsid, _params: next(coming)) as (http, url):
        for _ in answers:
            with pytest.raises(HttpMalformed):
                await ask(http, url, DID)


async def test_lists_go_on_to_their_end() -> None:
    """Pages follow their cursors, over empty ones too; each page says where the next begins."""
    asked: list[dict[str, str]] = []
    uris = [f"at://{DID}/{TRACK}/{key}" for key in "abc"]
    pages: list[dict[str, Any]] = [
        {"records": [{**RECORD, "uri": uri} for uri in uris[:2]], "cursor": "one &"},
        {"records": [], "cursor": "two"},
        {"records": [{**RECORD, "uri": uris[2]}]},
    ]

    def reply(_nsid: str, params: Mapping[str, str]) -> dict[str, Any]:
        asked.append(dict(params))
        return pages[len(asked) - 1]

    async with host(reply) as (http, url):
        found = [page async for page in list_records(http, url, DID, TRACK)]
    assert [page.cursor for page in found] == ["one &", "two", None]
    records = [record for page in found for record in page.items]
    assert records == [Record(AtUri(uri), Cid.parse(CID), {"title": "x"}) for uri in uris]
    common = {"repo": DID, "collection": TRACK, "limit": "100"}
    assert asked == [common, {**common, "cursor": "one &"}, {**common, "cursor": "two"}]


async def test_repos_of_a_host() -> None:
    """Repositories are listed from a cursor on; one that says nothing of it is active."""
    said = {"did": OTHER, "head": CID, "rev": REV, "active": False, "status": "deactivated"}
    quiet = {"did": DID, "head": CID, "rev": REV}

    def reply(nsid: str, params: Mapping[str, str]) -> dict[str, Any]:
        assert (nsid, params["cursor"]) == ("com.atproto.sync.listRepos", "7")
        return {"repos": [said, quiet]}

    async with host(reply) as (http, url):
        found = [page async for page in list_repos(http, url, cursor="7")]
    head, rev = Cid.parse(CID), Tid.parse(REV)
    entries = (
        RepoEntry(OTHER, head, rev, False, "deactivated"),
        RepoEntry(DID, head, rev, True, None),
    )
    assert found == [Page(entries, None)]


async def test_lists_without_end() -> None:
    """A server that repeats a cursor, or sends empty pages for ever, is not followed."""
    asked = 0

    def circle(_nsid: str, _params: Mapping[str, str]) -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"repos": [REPO], "cursor": "again"}

    def nothing(_nsid: str, _params: Mapping[str, str]) -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"repos": [], "cursor": str(asked)}

    for reply, limit in ((circle, 2), (nothing, MAX_EMPTY_PAGES + 1)):
        asked = 0
        async with host(reply) as (http, url):
            with pytest.raises(HttpMalformed, match="end"):
                _ = [page async for page in list_repos(http, url)]
        assert asked == limit
