"""Files over a real socket: who gets what, and in which parts."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest
from yarl import URL

from appview.blobs import http
from atp.cid import Cid
from tests.appview.blobs.serving import (
    BODY,
    DID,
    LIMIT,
    OTHER,
    Gate,
    Service,
    listening,
    service,
)
from tests.appview.blobs.test_ranges import slowly

RANDOM_RANGES = 60


async def test_a_file_is_fetched_once_checked_and_kept(serving: Service) -> None:
    """The first answer is the bytes as they come; later ones have a tag and may be kept."""
    cid = serving.publish(BODY)
    first = await serving.get(cid)
    assert (first.status, first.body) == (200, BODY)
    assert first.headers["cache-control"] == "no-store"
    assert "etag" not in first.headers
    await serving.until(lambda: cid in serving.cache.files())
    later = await serving.get(cid)
    assert (later.status, later.body) == (200, BODY)
    assert later.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert later.headers["etag"] == f'"{cid}"'
    assert later.headers["content-type"] == "audio/mpeg"
    assert serving.pds.asked == [str(cid)]
    await serving.ended("arriving")
    await serving.ended("kept")


@pytest.mark.parametrize("is_kept", [True, False])
async def test_any_range(serving: Service, is_kept: bool) -> None:
    """Each is what counting bytes gives, from a file that is kept and from one on its way."""
    body = BODY[:500]
    cid = serving.publish(body)
    if is_kept:
        assert (await serving.get(cid)).body == body
    random = Random(2)
    edges = ["", "0", "1", "498", "499", "500", "501", *map(str, random.choices(range(520), k=9))]
    for _ in range(RANDOM_RANGES):
        if not is_kept:
            serving.cache.forget(cid)
        header = f"bytes={random.choice(edges)}-{random.choice(edges)}"
        answer = await serving.get(cid, Range=header)
        expected = slowly(header, body)
        if expected is None:
            assert (answer.status, answer.body) == (200, body), header
        elif not expected:
            assert answer.status == 416, header
            assert answer.headers["content-range"] == "bytes */500"
        else:
            assert (answer.status, answer.body) == (206, expected), header
            first = body.index(expected) if len(expected) > 8 else None
            if first is not None:
                last = first + len(expected) - 1
                assert answer.headers["content-range"] == f"bytes {first}-{last}/500"
            assert int(answer.headers["content-length"]) == len(expected)


async def test_several_ranges_are_answered_by_the_whole(serving: Service) -> None:
    """As the RFC allows."""
    cid = await serving.kept(BODY)
    assert (await serving.get(cid, Range="bytes=0-1,5-6")).body == BODY


async def test_conditions_hold_for_what_is_checked(serving: Service) -> None:
    """Who has the file gets 304; a range of another version is answered by the whole."""
    cid = await serving.kept(BODY)
    tag = f'"{cid}"'
    same = await serving.get(cid, If_None_Match=tag)
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", tag)
    assert (await serving.get(cid, If_None_Match='"x"')).status == 200
    part = await serving.get(cid, If_Range=tag, Range="bytes=1-3")
    assert (part.status, part.body, part.headers["etag"]) == (206, BODY[1:4], tag)
    assert (await serving.get(cid, If_Range='"x"', Range="bytes=1-3")).body == BODY


async def test_conditions_say_nothing_of_what_is_not(serving: Service) -> None:
    """A file on its way is sent whole to who would have it only if it were the same."""
    cid = serving.publish(BODY)
    assert (await serving.get(cid, If_None_Match=f'"{cid}"')).body == BODY
    serving.cache.forget(cid)
    answer = await serving.get(cid, If_Range=f'"{cid}"', Range="bytes=1-3")
    assert (answer.status, answer.body) == (200, BODY)


@pytest.mark.parametrize("is_kept", [True, False])
async def test_head(serving: Service, is_kept: bool) -> None:
    """The headers of the whole file, tagged when it has been checked; ranges do not matter."""
    cid = await serving.kept(BODY) if is_kept else serving.publish(BODY)
    answer = await serving.ask("HEAD", cid, Range="bytes=1-3")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(BODY))
    assert ("etag" in answer.headers) is is_kept


async def test_an_empty_file(serving: Service) -> None:
    """It is checked before it is answered."""
    cid = serving.publish(b"")
    assert (await serving.get(cid)).headers["content-length"] == "0"
    wrong = Cid.for_raw(b"something")
    serving.refer(wrong, 9)
    serving.pds.files[str(wrong)] = b""
    assert (await serving.get(wrong)).status == 502


async def test_only_what_a_shown_record_refers_to(serving: Service) -> None:
    """No proxy of others' files: unknown, deleted and hidden ones are not found, and not asked for."""
    cid = await serving.kept(BODY)
    stranger = Cid.for_raw(b"stranger")
    serving.pds.files[str(stranger)] = b"stranger"
    assert (await serving.get(stranger)).status == 404
    async with serving.http.get(serving.at(cid, OTHER)) as answer:
        assert answer.status == 404, "another account's file of the same name"
    serving.index.status(DID, active=False)
    for headers in ({}, {"If-None-Match": f'"{cid}"'}, {"Range": "bytes=0-1"}):
        async with serving.http.get(serving.at(cid), headers=headers) as answer:
            assert answer.status == 404
            assert "immutable" not in answer.headers["Cache-Control"]
    serving.index.status(DID, active=True)
    assert (await serving.get(cid)).status == 200
    serving.index.delete(serving.tracks[0])
    assert (await serving.get(cid)).status == 404
    assert serving.pds.asked == [str(cid)]


async def test_a_taken_down_account_is_hidden_while_its_file_comes(tmp_path: Path) -> None:
    """New requests are refused at once."""
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate()
        gate.passed.put_nowait(1_000)
        cid = serving.publish(BODY)
        async with serving.http.get(serving.at(cid)):
            serving.index.conn.execute("UPDATE actors SET takedown = 'x' WHERE did = ?", (DID,))
            assert (await serving.get(cid)).status == 404
            gate.passed.put_nowait(len(BODY))


async def test_who_takes_nothing_is_let_go(tmp_path: Path) -> None:
    """A reader that stands still is cut off, and holds up nobody."""
    async with service(tmp_path, taken_in=0.2, limit=LIMIT * 5) as serving:
        body = bytes(30_000_000)
        cid = await serving.kept(body)
        host, port = serving.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(f"GET /blob/{DID}/{cid} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
        await serving.ended("slow")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(len(body))
        writer.close()


async def test_too_many_readers(serving: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an end to how many are answered at once."""
    monkeypatch.setattr(http, "MAX_READERS", 0)
    answer = await serving.get(serving.publish(BODY))
    assert (answer.status, json.loads(answer.body)["error"]) == (503, "NotEnoughResources")


async def test_one_caller_has_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads many files at once waits; others do not, nor does what has no address."""
    monkeypatch.setattr(http, "PER_CALLER", 2)
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate()
        gate.passed.put_nowait(1_000)
        cid = serving.publish(BODY)
        greedy, modest = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
        async with AsyncExitStack() as stack:
            for caller, status in ((greedy, 200), (greedy, 200), (greedy, 503), (modest, 200)):
                request = serving.http.get(serving.at(cid), headers=caller)
                answer = await stack.enter_async_context(request)
                assert answer.status == status
            for _ in range(4):
                answer = await stack.enter_async_context(serving.http.get(serving.at(cid)))
                assert answer.status == 200
            gate.passed.put_nowait(len(BODY))
            assert await answer.read() == BODY


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/blob/", 400),
        ("/blob/x/y", 400),
        (f"/blob/{DID}", 400),
        (f"/blob/{DID}/", 400),
        (f"/blob/{DID}/x", 400),
        (f"/blob/{DID}/{Cid.for_raw(b'x')}/more", 400),
        (f"/blob/did%3Aplc%3Aaaaaaaaaaaaaaaaaaaaaaaaa/{Cid.for_raw(b'x')}", 404),
        (f"/blob/{DID}/../../etc/passwd", 400),
        ("/blob", 404),
    ],
)
async def test_other_paths(serving: Service, path: str, status: int) -> None:
    """What is no address of a file is refused, readable from any origin."""
    async with serving.http.get(URL(serving.url + path, encoded=True)) as answer:
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "error" in await answer.json()


async def test_other_verbs(serving: Service) -> None:
    """Only reading works, and a browser may ask whether it may."""
    cid = await serving.kept(BODY)
    assert (await serving.ask("POST", cid)).status == 405
    told = await serving.ask("OPTIONS", cid, Access_Control_Request_Headers="range")
    assert told.status == 204
    assert told.headers["access-control-allow-headers"] == "range"
    assert told.headers["access-control-allow-origin"] == "*"


async def test_an_application_elsewhere_ends_connections_too(serving: Service) -> None:
    """A server that cannot be told to cut a connection closes it all the same."""
    cid = serving.publish(BODY)
    serving.pds.files[str(cid)] = BODY[:-1] + b"?"
    blobs = http.Blobs(serving.store, serving.flights, serving.flights._metrics)

    async def plain(scope: dict[str, object], receive: object, send: object) -> None:
        scope.pop("extensions")
        await blobs(scope, receive, send)  # type: ignore[arg-type]

    async with listening(plain) as serving.url:
        assert BODY.startswith(await serving.broken(cid, len(BODY)))
