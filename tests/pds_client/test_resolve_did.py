"""From DIDs to documents, over real servers."""

from __future__ import annotations

import pytest
from aiohttp import web

from atp.runtime.http import Client
from atp.syntax import Did
from pds_client.resolve_did import (
    MAX_DOCUMENT,
    DidAbsent,
    DidError,
    DidInvalid,
    DidTombstoned,
    DidUnavailable,
    document_url,
    fetch_document,
)
from tests.atp.runtime.foreign_server import web_server
from tests.pds_client.hosts import (
    DID,
    OTHER,
    Answer,
    document,
    plc_directory,
    public_hosts,
)

PLC = "https://plc.example.com/"
WEB = Did("did:web:bob.example.com")


@pytest.mark.parametrize(
    ("did", "url"),
    [
        (DID, f"https://plc.example.com/{DID}"),
        ("did:web:bob.example.com", "https://bob.example.com/.well-known/did.json"),
        ("did:web:localhost%3A8080", "http://localhost:8080/.well-known/did.json"),
        ("did:web:localhost", "http://localhost/.well-known/did.json"),
    ],
)
def test_where_documents_are(did: str, url: str) -> None:
    """Each method has its place."""
    assert document_url(PLC, Did.parse(did), allow_private=True) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:plc:short",
        "did:plc:AAAAAAAAAAAAAAAAAAAAAAAA",
        "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa1",
        "did:plc:aaaaaaaaaaaa01891aaaaaaa",
        "did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N",
        "did:web:bob.example.com:users:bob",
        "did:web:bob.example.com%3A8080",
        "did:web:127.0.0.1%3A8080",
        "did:web:bob.example.com%2Fpath",
        "did:web:user%40bob.example.com",
    ],
)
def test_dids_of_no_form_that_we_resolve(did: str) -> None:
    """Other methods, misspelt ones, and did:web with a path, a port or tricks are invalid."""
    with pytest.raises(DidInvalid):
        document_url(PLC, Did.parse(did), allow_private=True)


def test_localhost_is_for_local_networks() -> None:
    """Without leave for private hosts no URL of localhost is made."""
    with pytest.raises(DidInvalid):
        document_url(PLC, Did("did:web:localhost%3A8080"), allow_private=False)
    assert document_url(PLC, Did("did:web:localhost"), allow_private=False).startswith("https://")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (404, DidAbsent),
        (410, DidTombstoned),
        (400, DidUnavailable),
        (403, DidUnavailable),
        (429, DidUnavailable),
        (500, DidUnavailable),
        (302, DidUnavailable),
        ({"id": OTHER}, DidInvalid),
        ({}, DidInvalid),
        ({"id": DID, "x": "x" * MAX_DOCUMENT}, DidUnavailable),
    ],
)
async def test_plc(answer: dict[str, object] | int, error: type[DidError]) -> None:
    """Only 404 and 410 of the directory say that a DID does not exist."""
    async with plc_directory() as plc, Client(allow_private=True) as http:
        plc.answers[DID] = answer
        with pytest.raises(error) as raised:
            await fetch_document(http, plc.url, DID)
        assert type(raised.value) is error
        plc.answers[DID] = document(DID)
        found = await fetch_document(http, plc.url, DID)
    assert (found.did, found.handle) == (DID, "alice.example.com")


async def test_plc_that_is_down_or_not_itself() -> None:
    """A directory that cannot be reached, or answers with a web page, says nothing of the DID."""
    page = Answer("<!doctype html>")
    async with (
        web_server([web.get("/{did}", page.reply)]) as url,
        Client(allow_private=True) as http,
    ):
        with pytest.raises(DidUnavailable, match="JSON"):
            await fetch_document(http, url, DID)
    async with Client(allow_private=True) as http:
        with pytest.raises(DidUnavailable):
            await fetch_document(http, url, DID)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer("", 404), DidAbsent),
        (Answer("", 410), DidTombstoned),
        (Answer("", 403), DidInvalid),
        (Answer("", 302, {"Location": "https://bob.example.com/did.json"}), DidInvalid),
        (Answer("", 500), DidUnavailable),
        (Answer("", 429), DidUnavailable),
        (Answer("<!doctype html>"), DidInvalid),
        (Answer("[]"), DidInvalid),
        (Answer('{"id": "did:web:eve.example.com"}'), DidInvalid),
        (Answer(f'"{"x" * MAX_DOCUMENT}"'), DidInvalid),
    ],
)
async def test_web_errors(answer: Answer, error: type[DidError]) -> None:
    """What the host of a did:web answers is its own statement; only silence is none."""
    async with public_hosts({"bob.example.com/.well-known/did.json": answer.reply}) as http:
        with pytest.raises(error) as raised:
            await fetch_document(http, PLC, WEB)
    assert type(raised.value) is error


async def test_web() -> None:
    """A did:web's document comes from its host; a host that is gone may come back."""

    async def did_json(_request: web.Request) -> web.Response:
        return web.json_response(document(WEB))

    async with public_hosts({"bob.example.com/.well-known/did.json": did_json}) as http:
        assert (await fetch_document(http, PLC, WEB)).did == WEB
        with pytest.raises(DidUnavailable):
            await fetch_document(http, PLC, Did("did:web:gone.example.com"))


async def test_web_on_localhost() -> None:
    """A local service's did:web names its port and is asked over http."""

    async def did_json(request: web.Request) -> web.Response:
        return web.json_response(document("did:web:" + request.host.replace(":", "%3A")))

    async with web_server([web.get("/.well-known/did.json", did_json)]) as url:
        did = Did("did:web:localhost%3A" + url.rpartition(":")[2])
        async with Client(allow_private=True) as http:
            assert (await fetch_document(http, PLC, did)).did == did
        async with Client() as http:
            with pytest.raises(DidInvalid):
                await fetch_document(http, PLC, did)
            for host in ("pds", "a.local", "127.0.0.1"):
                with pytest.raises(DidInvalid):
                    await fetch_document(http, PLC, Did(f"did:web:{host}"))
