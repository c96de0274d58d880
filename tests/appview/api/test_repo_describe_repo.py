"""``com.atproto.repo.describeRepo``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from atp.syntax import Handle
from lexicons.methods import method
from lexicons.names import DESCRIBE_REPO, FOREIGN_PROFILE
from tests.appview.api.repos import apply, name
from tests.appview.client import CATALOG, Client
from tests.appview.index import NAMES, Index
from tests.appview.pds import Outside, document, outside
from tests.atp.runtime.asgi_call import call
from tests.indexer.authors import Author, Create, Delete


@pytest.fixture
async def around() -> AsyncIterator[Outside]:
    """A directory that knows who is registered."""
    async with outside() as found:
        yield found


async def ask(index: Index, around: Outside, repo: str) -> tuple[int, dict[str, Any]]:
    """Status and body."""
    client = Client(index, around.network)
    answer = await call(client.router, f"/xrpc/{DESCRIBE_REPO}", f"repo={repo}".encode())
    client.connection.close()
    return answer.status, orjson.loads(answer.body)


async def test_account_document_and_collections(index: Index, around: Outside) -> None:
    """The collections are those with a live record here; the handle is correct if verified."""
    mira = around.register(Author(0))
    profile = Create(FOREIGN_PROFILE, {"displayName": "M"}, "self")
    apply(index, mira.commit(mira.track("3kaaaaaaaaaa2"), profile))
    status, found = await ask(index, around, mira.did)
    assert (status, list(method(CATALOG, DESCRIBE_REPO).check_output(found))) == (200, [])
    assert found == {
        "did": mira.did,
        "handle": Handle.INVALID,
        "didDoc": document(mira, around.pds.url),
        "collections": sorted([FOREIGN_PROFILE, NAMES.track]),
        "handleIsCorrect": False,
    }
    name(index, mira, "mira.test")
    apply(index, mira.commit(Delete(NAMES.track, "3kaaaaaaaaaa2")))
    _, found = await ask(index, around, "mira.test")
    assert (found["handle"], found["handleIsCorrect"]) == ("mira.test", True)
    assert found["collections"] == [FOREIGN_PROFILE]


async def test_without_a_document_there_is_no_answer(index: Index, around: Outside) -> None:
    """The document is part of the answer, so one that cannot be had is an error."""
    mira = Author(0)
    apply(index, mira.commit(mira.track("3kaaaaaaaaaa2")))
    status, found = await ask(index, around, mira.did)
    assert (status, found["error"]) == (400, "InvalidRequest")


async def test_unknown(index: Index, around: Outside) -> None:
    """A repo that is not followed, or no account."""
    stranger = around.register(Author(1))
    assert (await ask(index, around, stranger.did))[1]["error"] == "RepoNotFound"
    assert (await ask(index, around, "nobody.test"))[1]["error"] == "RepoNotFound"
    assert (await ask(index, around, "x"))[1]["error"] == "InvalidRequest"
