"""``com.atproto.label.queryLabels``: what this labeler has said of some subjects (spec §4.3).

Labels come in the order in which they were given, as they were signed: whoever asks decides what
still holds. A page ends where the next begins, whatever is given meanwhile; the cursor is the
sequence number of a page's last label, and the last page has none.

What is asked of whole subjects is found at once. Beginnings of subjects may have to be looked for
in the whole log, which would hold up every other answer: a thread of its own does that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import apsw

from atp.runtime.asgi import Request
from atp.runtime.sqlite import connect
from atp.runtime.xrpc import XrpcError
from labeler import store, store_keys

MAX_PREFIXES = 16
"""Patterns with an asterisk in one question: each may match any number of labels."""
MAX_WAITING = 32
"""Questions with such patterns under way or waiting for the thread."""
MAX_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Question:
    """The checked parameters of a call."""

    patterns: tuple[str, ...]
    sources: tuple[str, ...]
    limit: int
    cursor: int

    @classmethod
    def of(cls, params: Mapping[str, object]) -> Self:
        """The question that the parameters of the method ask. Raises `XrpcError`."""
        patterns = tuple(map(_pattern, cast("list[str]", params["uriPatterns"])))
        if sum(pattern.endswith("*") for pattern in patterns) > MAX_PREFIXES:
            raise _invalid(f"uriPatterns: more than {MAX_PREFIXES} with an asterisk")
        return cls(
            patterns,
            tuple(cast("list[str]", params.get("sources", []))),
            cast("int", params["limit"]),
            _cursor(cast("str | None", params.get("cursor"))),
        )

    @property
    def short(self) -> bool:
        """Whether it takes no time worth speaking of to answer."""
        return "*" in self.patterns or not any(one.endswith("*") for one in self.patterns)

    def answer(self, conn: apsw.Connection) -> dict[str, Any]:
        """The page that is asked for. Raises `XrpcError` while it is not to be shown."""
        with conn:  # one state of the store
            found = store.query(conn, self.patterns, self.sources, self.limit + 1, self.cursor)
            withheld = store_keys.withheld(conn, [seq for seq, _ in found])
        if withheld:
            message = "These labels are being signed with another key; try again later"
            raise XrpcError(503, "NotEnoughResources", message)
        page: dict[str, Any] = {"labels": [label.to_json() for _, label in found[: self.limit]]}
        if len(found) > self.limit:
            page["cursor"] = str(found[self.limit - 1][0])
        return page


class Queries:
    """Answers calls of the method from the store at ``path``, which exists."""

    def __init__(self, path: Path) -> None:
        self._conn = connect(path, readonly=True)
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="labels-query")
        self._aside = self._thread.submit(connect, path, readonly=True).result()

    async def __call__(self, params: Mapping[str, object], _request: Request) -> object:
        """Answer one call. Raises `XrpcError`."""
        question = Question.of(params)
        if question.short:
            return question.answer(self._conn)
        if self._waiting >= MAX_WAITING:
            raise XrpcError(503, "NotEnoughResources", "Too many long questions; try again later")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, question.answer, self._aside)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the thread, once it has answered, and close the connections."""
        self._thread.submit(self._aside.close).result()
        self._thread.shutdown()
        self._conn.close()


def _pattern(text: str) -> str:
    if "*" in text[:-1]:
        raise _invalid(f"uriPatterns: invalid pattern {text[:64]!r}: * may stand at the end only")
    return text


def _cursor(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdecimal() or len(text) > 19 or int(text) > MAX_SEQ:
        raise _invalid("cursor: must be one that an earlier page gave")
    return int(text)


def _invalid(message: str) -> XrpcError:
    return XrpcError(400, "InvalidRequest", message)
