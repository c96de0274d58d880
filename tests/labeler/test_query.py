"""``com.atproto.label.queryLabels`` as callers meet it, through the router."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from atp.datetime import Datetime
from atp.label import Label
from atp.runtime.xrpc import Router
from labeler.decide import Statement
from labeler.query import MAX_PREFIXES, MAX_WAITING
from labeler.service import QUERY_LABELS, Labeler, LabelerConfig, opened
from lexicons.catalog import Catalog
from lexicons.methods import method
from tests.labeler.making import KEY, NOW, SRC

CATALOG = Catalog.load()
METHOD = method(CATALOG, QUERY_LABELS)
ALICE = "did:web:alice.test"
TRACK = f"at://{ALICE}/fm.plyr.track/3kaaaaaaaaaaa"


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Labeler]:
    """A labeler with a key."""
    async with opened(LabelerConfig(folder, SRC, KEY), CATALOG, lambda: NOW) as it:
        yield it


async def ask(it: Labeler, *pairs: tuple[str, object]) -> tuple[int, dict[str, Any]]:
    """Status and body of a call; a good answer is what the lexicon says."""
    router = Router(it.endpoints, {}, lambda _name, _outcome: None)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/xrpc/{QUERY_LABELS}",
        "query_string": urlencode(pairs).encode(),
        "headers": [],
    }
    await router(scope, receive, send)
    status, body = sent[0]["status"], orjson.loads(sent[1]["body"])
    if status == 200:
        assert METHOD.check_output(body) == []
    return status, body


async def test_labels_come_as_they_were_signed(tmp_path: Path) -> None:
    """Version and signature with them; negated and expired ones, and those that take back, too."""
    async with running(tmp_path) as it:
        soon = Datetime.from_micros(NOW + 1_000_000)
        said = [Statement(TRACK, "spam", exp=soon), Statement(ALICE, "rude")]
        said += [Statement(ALICE, "rude", neg=True)]
        given = await it.labels.apply(said, "operator:ann")
        status, body = await ask(it, ("uriPatterns", TRACK), ("uriPatterns", ALICE))
        assert (status, list(body)) == (200, ["labels"])
        assert [Label.from_json(one) for one in body["labels"]] == [one.label for one in given]
        for one in body["labels"]:
            assert one["ver"] == 1
            assert set(one["sig"]) == {"$bytes"}
            assert Label.from_json(one).verify(KEY.public_key)


async def test_pages(tmp_path: Path) -> None:
    """The cursor is the last label's number; the last page has none."""
    async with running(tmp_path) as it:
        given = await it.labels.apply([Statement(TRACK, "spam")] * 5, "operator:ann")
        seen: list[Any] = []
        cursor: str | None = "0"
        for size in (2, 2, 1):
            pairs = (("uriPatterns", "at://*"), ("limit", 2), ("cursor", cursor))
            _, body = await ask(it, *pairs)
            assert len(body["labels"]) == size
            seen += body["labels"]
            cursor = body.get("cursor")
        assert cursor is None
        assert seen == [one.label.to_json() for one in given]
        _, body = await ask(it, ("uriPatterns", "*"), ("limit", 5))
        assert len(body["labels"]) == 5
        assert "cursor" not in body
        _, body = await ask(it, ("uriPatterns", "*"), ("cursor", given[-1].seq))
        assert body == {"labels": []}


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], "uriPatterns: is required"),
        ([("uriPatterns", "at://*/x")], "invalid pattern"),
        ([("uriPatterns", "**")], "invalid pattern"),
        ([("uriPatterns", ALICE), ("uriPatterns", "a*b*")], "invalid pattern"),
        ([("uriPatterns", f"{n}*") for n in range(MAX_PREFIXES + 1)], "with an asterisk"),
        ([("uriPatterns", "*"), ("limit", 0)], "limit"),
        ([("uriPatterns", "*"), ("limit", 251)], "limit"),
        ([("uriPatterns", "*"), ("limit", "many")], "limit"),
        ([("uriPatterns", "*"), ("cursor", "-1")], "cursor"),
        ([("uriPatterns", "*"), ("cursor", "")], "cursor"),
        ([("uriPatterns", "*"), ("cursor", "1.5")], "cursor"),
        ([("uriPatterns", "*"), ("cursor", "9" * 19)], "cursor"),
        ([("uriPatterns", "*"), ("cursor", "٣")], "cursor"),
        ([("uriPatterns", "*"), ("sources", "alice")], "sources"),
    ],
)
async def test_a_bad_question_is_told_what_is_wrong(
    tmp_path: Path, pairs: list[tuple[str, object]], said: str
) -> None:
    """400, the XRPC error, and which parameter it was."""
    async with running(tmp_path) as it:
        status, body = await ask(it, *pairs)
        assert (status, body["error"]) == (400, "InvalidRequest")
        assert said in body["message"]


async def test_a_labeler_without_labels_has_none(tmp_path: Path) -> None:
    """An empty answer, not an error; also where there is no key."""
    async with opened(LabelerConfig(tmp_path, SRC, None), CATALOG, lambda: NOW) as it:
        assert await ask(it, ("uriPatterns", "*")) == (200, {"labels": []})
        assert await ask(it, ("uriPatterns", ALICE), ("sources", SRC)) == (200, {"labels": []})
        status = await it.status({})
        assert status["key"] is None
        assert "plyr label keygen" in status["problem"]


async def test_long_questions_hold_up_no_short_one(tmp_path: Path) -> None:
    """They wait for each other, up to a bound; whole subjects are answered meanwhile."""
    async with running(tmp_path) as it:
        await it.labels.apply([Statement(TRACK, "spam")], "operator:ann")
        free = threading.Event()
        it._queries._thread.submit(free.wait)
        try:
            waiting = [
                asyncio.create_task(ask(it, ("uriPatterns", "at://*"))) for _ in range(MAX_WAITING)
            ]
            while it._queries._waiting < MAX_WAITING:
                await asyncio.sleep(0)
            status, body = await ask(it, ("uriPatterns", "at://*"))
            assert (status, body["error"]) == (503, "NotEnoughResources")
            for short in (TRACK, "*"):
                status, body = await ask(it, ("uriPatterns", short))
                assert (status, len(body["labels"])) == (200, 1)
            assert not any(task.done() for task in waiting)
        finally:
            free.set()
        for status, body in await asyncio.gather(*waiting):
            assert (status, len(body["labels"])) == (200, 1)
        assert it._queries._waiting == 0
