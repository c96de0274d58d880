"""Asking about one account: every kind of answer by its name, in bounded time."""

from __future__ import annotations

import asyncio
import time

import pytest

from atp.did_doc import build
from atp.runtime.http import Client
from atp.syntax import Did, Handle
from indexer import ask as module
from indexer.ask import Asker
from indexer.fetch import HostBusy
from indexer.hosting import Answer, Reply
from indexer.hosts import PER_HOST, Hosts
from tests.indexer.authors import Author
from tests.indexer.status_servers import Answering, Servers, raw, says, serving, stalling


async def ask(servers: Servers, author: Author, hosts: Hosts | None = None) -> Reply:
    """One question, within bounds."""
    async with Client(allow_private=True) as http, asyncio.timeout(10):
        asker = Asker(http, servers.plc.url, hosts or Hosts(time.monotonic))
        return await asker.ask(author.did)


ANSWERS: dict[str, tuple[Answering, Answer, str | None]] = {
    "active": (says(active=True, rev="3kaaaaaaaaaa2"), Answer.ACTIVE, None),
    "active but throttled": (says(active=True, status="throttled"), Answer.ACTIVE, None),
    "taken down": (says(active=False, status="takendown"), Answer.INACTIVE, "takendown"),
    "no status": (says(active=False), Answer.INACTIVE, None),
    "endless status": (says(active=False, status="x" * 9_999), Answer.INACTIVE, "x" * 64),
    "not found": (says(400, error="RepoNotFound"), Answer.NOT_FOUND, None),
    "not found 404": (says(404, error="RepoNotFound"), Answer.NOT_FOUND, None),
    "error of a repo": (says(400, error="RepoSuspended"), Answer.INACTIVE, "suspended"),
    "no such method": (says(501, error="MethodNotImplemented"), Answer.REFUSED, None),
    "no such page": (raw(b"<h1>not found</h1>", 404), Answer.REFUSED, None),
    "not for us": (says(401, error="AuthMissing"), Answer.REFUSED, None),
    "elsewhere": (raw(b"", 302, Location="https://example.com/"), Answer.REFUSED, None),
    "defect": (says(500, error="RepoNotFound"), Answer.HOST_UNAVAILABLE, None),
    "too many": (raw(b"", 429), Answer.HOST_UNAVAILABLE, None),
    "gateway": (raw(b"", 502), Answer.HOST_UNAVAILABLE, None),
    "stall": (stalling, Answer.HOST_UNAVAILABLE, None),
    "nothing": (raw(b""), Answer.MALFORMED, None),
    "list": (raw(b"[]"), Answer.MALFORMED, None),
    "maybe": (says(active="yes"), Answer.MALFORMED, None),
    "another account": (
        raw(b'{"did": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "active": false, "status": "deleted"}'),
        Answer.MALFORMED,
        None,
    ),
    "bomb": (raw(b" " * 20_000_000), Answer.REFUSED, None),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_every_answer_has_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status of the account, or no answer: a broken or lying host says nothing of it."""
    answering, answer, status = ANSWERS[name]
    if answering is stalling:
        monkeypatch.setattr(module, "PATIENCE", 0.3)
    async with serving() as servers:
        mira = Author(0)
        servers.at(mira)
        servers.status = answering
        assert await ask(servers, mira) == Reply(answer, status, servers.pds.url)


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        (404, Answer.IDENTITY_ABSENT),
        (410, Answer.TOMBSTONED),
        (500, Answer.IDENTITY_UNAVAILABLE),
        ({"id": "did:plc:somebodyelse"}, Answer.IDENTITY_INVALID),
    ],
)
async def test_an_identity_that_is_none(document: object, answer: Answer) -> None:
    """Only the directory's word that it is gone for good is one."""
    async with serving() as servers:
        mira = Author(0)
        servers.documents[mira.did] = document
        assert await ask(servers, mira) == Reply(answer)
        assert servers.asked == []


async def test_a_web_server_s_word_is_no_tombstone() -> None:
    """A page that is gone is not a DID that is."""
    async with serving() as servers, Client(allow_private=True) as http:
        did = Did.parse(f"did:web:localhost%3A{servers.plc.url.rpartition(':')[2]}")
        reply = await Asker(http, servers.plc.url, Hosts(time.monotonic)).ask(did)
        assert reply == Reply(Answer.IDENTITY_ABSENT)


async def test_a_document_without_a_pds() -> None:
    """Nobody can be asked."""
    async with serving() as servers:
        mira = Author(0)
        servers.documents[mira.did] = build(mira.did, Handle.parse("mira.test"), {}, {})
        assert await ask(servers, mira) == Reply(Answer.IDENTITY_INVALID)


async def test_a_directory_that_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs bounded time."""
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    async with serving() as servers:
        servers.plc.stall()
        assert await ask(servers, Author(0)) == Reply(Answer.IDENTITY_UNAVAILABLE)


async def test_a_private_address_is_not_asked() -> None:
    """The document is a stranger's, and what it names is asked through the guard."""
    async with serving() as servers:
        mira = Author(0)
        servers.at(mira)
        async with Client(allow_private=False, trusted_origins=(servers.plc.url,)) as http:
            reply = await Asker(http, servers.plc.url, Hosts(time.monotonic)).ask(mira.did)
        assert reply.answer is Answer.HOST_REFUSED
        assert servers.asked == []


async def test_the_document_is_never_from_memory() -> None:
    """An account that moves between two questions is asked about at its new PDS."""
    async with serving() as servers, serving() as others:
        mira = Author(0)
        servers.at(mira)
        servers.status = says(active=True)
        others.status = says(active=False, status="takendown")
        async with Client(allow_private=True) as http:
            asker = Asker(http, servers.plc.url, Hosts(time.monotonic))
            assert (await asker.ask(mira.did)).answer is Answer.ACTIVE
            servers.at(mira, others.pds.url)
            servers.status = says(active=False, status="deactivated")
            assert await asker.ask(mira.did) == Reply(Answer.INACTIVE, "takendown", others.pds.url)


async def test_a_host_has_its_places_and_its_rest() -> None:
    """One whose places are taken is asked in a moment; one that is down is not asked."""
    async with serving() as servers:
        mira, hosts = Author(0), Hosts(time.monotonic)
        servers.at(mira)
        servers.status = says(active=True)
        places = [hosts.asking(servers.pds.url) for _ in range(PER_HOST)]
        for place in places:
            place.__enter__()
        with pytest.raises(HostBusy):
            await ask(servers, mira, hosts)
        for place in places:
            place.__exit__(None, None, None)
        hosts.failed(servers.pds.url, None)
        assert (await ask(servers, mira, hosts)).answer is Answer.HOST_UNAVAILABLE
        assert servers.asked == []
