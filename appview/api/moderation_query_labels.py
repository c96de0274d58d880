"""``moderation.queryLabels``: labels of every labeler that we follow, for who verifies them.

The pages are in the order of the table's own key, so that each costs what it shows, whatever is
asked for, and a label that is renewed keeps its place.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence

import orjson

from appview.call import Call
from appview.cursor import CursorError
from appview.store import Store
from appview.store_labels import Range, all_labels, followed
from atp.label import Label
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did

_BEHIND = "\U0010ffff"
"""Behind everything that a URI can go on with."""

_Place = tuple[str, str, str]


def answer(store: Store, call: Call) -> dict[str, object]:
    """The labels that follow the cursor."""
    patterns, asked = call.params.values["uriPatterns"], call.params.values.get("sources")
    assert isinstance(patterns, list)
    assert asked is None or isinstance(asked, list)
    spans = _spans(patterns)
    try:
        after = (
            _decode(str(call.params.values["cursor"])) if "cursor" in call.params.values else None
        )
    except CursorError as exc:
        raise XrpcError(400, "InvalidRequest", str(exc)) from exc
    with store.snapshot():
        labelers = [did for did in followed(store) if asked is None or did in asked]
        ranges = list(_ranges(labelers, spans, after))
        found = all_labels(store, ranges, call.params.limit + 1) if ranges else []
    labels = found[: call.params.limit]
    value: dict[str, object] = {"labels": [label.to_json() for label in labels]}
    return value if len(found) == len(labels) else {"cursor": _encode(labels[-1]), **value}


def _spans(patterns: Sequence[str]) -> list[tuple[str, str]]:
    """The first and last URI of each pattern, in order, none within another. Raises XrpcError."""
    spans: list[tuple[str, str]] = []
    for pattern in patterns:
        start, star, rest = pattern.partition("*")
        if rest:
            raise XrpcError(
                400, "InvalidRequest", f"{pattern}: an asterisk may only stand at the end"
            )
        spans.append((start, start + _BEHIND if star else start))
    apart: list[tuple[str, str]] = []
    for low, high in sorted(spans, key=lambda span: (span[0], -len(span[1]))):
        if not apart or low > apart[-1][1]:
            apart.append((low, high))
    return apart


def _ranges(
    labelers: Sequence[Did], spans: Sequence[tuple[str, str]], after: _Place | None
) -> Iterator[Range]:
    """Each labeler's part of each span, less what comes before the cursor."""
    for did in labelers:
        for low, high in spans:
            if after is None or did > after[0] or (did == after[0] and low > after[1]):
                yield Range(did, low, high)
            elif did == after[0] and high >= after[1]:
                yield Range(did, after[1], high, after[2])


def _encode(label: Label) -> str:
    place = orjson.dumps([str(label.src), label.uri, label.val])
    return urlsafe_b64encode(place).decode().rstrip("=")


def _decode(text: str) -> _Place:
    """The place that a cursor names. Raises `CursorError`."""
    try:
        place = orjson.loads(urlsafe_b64decode(text + "==="))
    except ValueError as exc:
        raise CursorError from exc
    match place:
        case [str(src), str(uri), str(val)]:
            return src, uri, val
    raise CursorError
