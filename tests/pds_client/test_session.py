"""An owner's session at a PDS that is honest, and at one that is not."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest

from atp.runtime import log
from atp.runtime.http import Client, HttpError, HttpMalformed, HttpTooLarge
from atp.syntax import Nsid, RecordKey
from pds_client import session
from pds_client.session import (
    CREATE_SESSION,
    DELETE_SESSION,
    GET_RECORD,
    PUT_RECORD,
    RecordChanged,
    SessionError,
    SignInRefused,
    get_record,
    signed_in,
)
from pds_client.xrpc import MAX_MESSAGE, XrpcFailure
from tests.atp.runtime.foreign_server import answers, tcp_server
from tests.pds_client.home import ACCESS, PASSWORD, REFRESH, Home, home, version
from tests.pds_client.hosts import DID, OTHER, Answer

WHERE = (Nsid("app.bsky.labeler.service"), RecordKey("self"))
RECORD = {"$type": WHERE[0], "createdAt": "2026-11-22T00:00:00.000Z"}
SECRETS = (PASSWORD, ACCESS, REFRESH)
LIMIT = 600_000


@pytest.fixture
async def pds() -> AsyncIterator[Home]:
    """The account's PDS."""
    async with home() as it:
        yield it


@pytest.fixture
async def http() -> AsyncIterator[Client]:
    """The way to it."""
    async with Client(allow_private=True) as client:
        yield client


async def written(http: Client, url: str, password: str = PASSWORD) -> None:
    """A session in which the record is written for the first time."""
    async with signed_in(http, url, DID, password) as it:
        await it.put(*WHERE, RECORD, None)


async def failed(http: Client, url: str, password: str = PASSWORD) -> SessionError:
    """How that fails; nothing that people or machines read of it has a secret."""
    with pytest.raises(SessionError) as raised:
        await written(http, url, password)
    read = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert not any(secret[:8] in read for secret in (*SECRETS, password))
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    return raised.value


async def test_a_record_is_made_and_renewed(pds: Home, http: Client) -> None:
    """Each write names the version that it follows, and each session ends with its block."""
    assert await get_record(http, pds.url, DID, *WHERE) is None
    await written(http, pds.url)
    first = await get_record(http, pds.url, DID, *WHERE)
    assert first is not None
    assert (str(first.cid), first.value) == (version(RECORD), RECORD)
    later = {**RECORD, "labels": []}
    async with signed_in(http, pds.url, DID, PASSWORD) as it:
        assert pds.open == 1
        renewed = await it.put(*WHERE, later, first.cid)
    assert (str(renewed.cid), renewed.uri) == (version(later), f"at://{DID}/{'/'.join(WHERE)}")
    assert [one["swapRecord"] for one in pds.put] == [None, version(RECORD)]
    assert pds.record == later
    assert pds.open == 0


async def test_what_somebody_else_wrote_stays(pds: Home, http: Client) -> None:
    """A record that is not what it was when it was read is not written over."""
    pds.record = {**RECORD, "labels": []}
    assert isinstance(await failed(http, pds.url), RecordChanged)
    assert (pds.put, pds.open) == ([], 0)


@pytest.mark.parametrize(
    ("error", "said"),
    [("AuthenticationRequired", "app password"), ("AuthFactorTokenRequired", "app password")],
)
async def test_a_password_that_is_not_taken(pds: Home, http: Client, error: str, said: str) -> None:
    """A wrong one, and one that needs a mailed code beside it, are told with what to do."""
    pds.instead[CREATE_SESSION] = Answer(json.dumps({"error": error}), 401)
    refusal = await failed(http, pds.url)
    assert isinstance(refusal, SignInRefused)
    assert said in str(refusal)
    assert ("code" in str(refusal)) == (error == "AuthFactorTokenRequired")


async def test_a_wrong_password(pds: Home, http: Client) -> None:
    """Nothing follows it."""
    assert isinstance(await failed(http, pds.url, "not the password"), SignInRefused)
    assert pds.asked == [CREATE_SESSION]


def opened(**more: Any) -> str:
    """An answer with a session in it."""
    return json.dumps({"did": DID, "accessJwt": ACCESS, "refreshJwt": REFRESH, **more})


@pytest.mark.parametrize(
    "answer",
    [
        Answer("[]"),
        Answer("<!doctype html>"),
        Answer(""),
        Answer("{}"),
        Answer(opened(did=OTHER)),
        Answer(opened(accessJwt=None)),
        Answer(opened(accessJwt="")),
        Answer(opened(accessJwt="a\r\nX-Evil: 1")),
        Answer(opened(refreshJwt="a" * 8_193)),
        Answer(opened(refreshJwt=["a"])),
        Answer(" " * LIMIT + opened()),
        Answer('{"error": "\\u001b[2J", "message": "\\u001b]0;x\\u0007"}', 400),
        Answer(f'{{"error": "{PASSWORD}"}}', 400),
        Answer(f'{{"error": "No", "message": "is it {PASSWORD}?"}}', 401),
        Answer(f'{{"message": "{"x" * (MAX_MESSAGE - 12)}{PASSWORD}"}}', 400),
        Answer("trouble", 500),
        Answer("slow down", 429, {"Retry-After": "9"}),
    ],
)
async def test_what_is_no_session(pds: Home, http: Client, answer: Answer) -> None:
    """Whatever else is answered is an error, and ends it."""
    pds.instead[CREATE_SESSION] = answer
    error = await failed(http, pds.url)
    assert str(error).isprintable()
    assert pds.asked == [CREATE_SESSION]


async def test_the_password_is_sent_nowhere_else(pds: Home, http: Client) -> None:
    """A redirect is not followed."""
    async with home() as elsewhere:
        to = f"{elsewhere.url}/xrpc/{CREATE_SESSION}"
        for status in (301, 302, 303, 307, 308):
            pds.instead[CREATE_SESSION] = Answer("", status, {"Location": to})
            await failed(http, pds.url)
        assert elsewhere.asked == []


@pytest.mark.parametrize("secret", [PASSWORD, PASSWORD[:9]])
async def test_bytes_that_are_no_http(http: Client, secret: str) -> None:
    """Nor is a secret repeated that stands where a status or a header should."""
    for reply in (f"HTTP/1.1 {secret}\r\n\r\n", f"HTTP/1.1 200 OK\r\n{secret}\r\n\r\n", secret):
        async with tcp_server(answers(reply.encode())) as port:
            await failed(http, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "answer",
    [
        Answer("{}"),
        Answer("[]"),
        Answer(json.dumps({"uri": f"at://{OTHER}/{'/'.join(WHERE)}", "cid": version(RECORD)})),
        Answer(json.dumps({"uri": f"at://{DID}/{'/'.join(WHERE)}", "cid": "bafy"})),
        Answer(f'{{"error": "InvalidRequest", "message": "{ACCESS}"}}', 400),
        Answer(f'{{"error": "InvalidRequest", "message": "Bearer {ACCESS[4:]}"}}', 400),
        Answer(f'{{"error": "{REFRESH}"}}', 401),
        Answer(" " * LIMIT + "{}"),
        Answer("", 307, {"Location": "http://127.0.0.1:1/"}),
    ],
)
async def test_what_is_no_write(pds: Home, http: Client, answer: Answer) -> None:
    """It is an error, and the session is ended all the same."""
    pds.instead[PUT_RECORD] = answer
    await failed(http, pds.url)
    assert pds.asked == [CREATE_SESSION, PUT_RECORD, DELETE_SESSION]
    assert pds.open == 0


async def test_a_refusal_that_says_why_is_told(pds: Home, http: Client) -> None:
    """What a PDS has against a record is for whoever wrote it."""
    why = {"error": "InvalidRecord", "message": "policies must be an object"}
    pds.instead[PUT_RECORD] = Answer(json.dumps(why), 400)
    assert "policies must be an object" in str(await failed(http, pds.url))


@pytest.mark.parametrize("answer", [Answer("", 400), Answer(f'{{"error": "{REFRESH}"}}', 401)])
async def test_a_session_that_does_not_end(
    pds: Home, http: Client, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was written stands; the log says so, without the session's tokens."""
    log.configure(json=True)
    pds.instead[DELETE_SESSION] = answer
    await written(http, pds.url)
    assert pds.record == RECORD
    logged = capsys.readouterr().err
    assert "stays until it expires" in logged
    assert not any(secret[:8] in logged for secret in SECRETS)


async def test_what_is_printed_of_a_session(pds: Home, http: Client) -> None:
    """Whose it is and where; no token."""
    async with signed_in(http, pds.url, DID, PASSWORD) as it:
        assert not any(secret in repr(it) for secret in SECRETS)
        assert DID in repr(it)


@pytest.mark.parametrize("odd", ["\u00a0", "\t", "\u3000", "\x7f"])
async def test_a_secret_is_known_as_it_would_be_printed(pds: Home, http: Client, odd: str) -> None:
    """A refusal that repeats it is not told, though what cannot be printed is told as a space."""
    secret = f"correct{odd}horse"
    said = json.dumps({"error": "InvalidRequest", "message": f"password {secret} is wrong"})
    pds.instead[CREATE_SESSION] = Answer(said, 400)
    refusal = str(await failed(http, pds.url, secret))
    assert "horse" not in refusal
    assert "repeats a secret" in refusal


def test_pieces_of_secrets() -> None:
    """A secret is found by any eight characters of it, and a short one whole."""
    for start in range(len(PASSWORD) - session.PIECE + 1):
        assert session._repeats(f"x{PASSWORD[start : start + session.PIECE]}x", PASSWORD)
    assert not session._repeats("x" + PASSWORD[: session.PIECE - 1] + "x", PASSWORD)
    assert session._repeats("it was abc", "abc")
    assert not session._repeats("it was ab", "abc")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer('{"error": "RepoNotFound"}', 400), XrpcFailure),
        (Answer("", 404), XrpcFailure),
        (Answer("", 302, {"Location": "http://127.0.0.1:1/"}), XrpcFailure),
        (Answer("", 503), HttpError),
        (Answer("<!doctype html>"), HttpMalformed),
        (Answer('{"value": []}'), HttpMalformed),
        (Answer(f'{{"uri": "at://{DID}", "cid": "{version(RECORD)}", "value": {{}}}}'), HttpError),
        (Answer(" " * session.MAX_RECORD + "{}"), HttpTooLarge),
    ],
)
async def test_unknown_is_not_none(
    pds: Home, http: Client, answer: Answer, error: type[Exception]
) -> None:
    """Only a PDS that says so has no record (law 10)."""
    pds.instead[GET_RECORD] = answer
    with pytest.raises(error):
        await get_record(http, pds.url, DID, *WHERE)
