"""XRPC as the world's servers speak it: a table of queries answered from memory.

A method is a plain function from the call's parameters to its answer: a JSON object, or a response
where the answer is bytes or a redirect. Nothing awaits, so every answer is one consistent look at
the network.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")
Json = dict[str, Any]


class XrpcError(Exception):
    """A refusal: HTTP status, the lexicon's error name and a sentence for people."""

    def __init__(self, error: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.error = error
        self.status = status

    def response(self) -> web.Response:
        """The error as XRPC writes it."""
        return web.json_response({"error": self.error, "message": str(self)}, status=self.status)


@dataclass(frozen=True, slots=True)
class Params:
    """The query string of one call."""

    values: Mapping[str, str]

    def optional(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The parameter as `parse` reads it, None where it is absent; InvalidRequest if bad."""
        text = self.values.get(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as exc:
            raise XrpcError("InvalidRequest", f"Error: Params has a bad {name}: {exc}") from exc

    def required(self, name: str, parse: Callable[[str], T]) -> T:
        """As `optional`, but an absent parameter is an InvalidRequest."""
        value = self.optional(name, parse)
        if value is None:
            raise XrpcError("InvalidRequest", f'Error: Params must have the property "{name}"')
        return value

    def limit(self, default: int, maximum: int) -> int:
        """The page size asked for, 1 to `maximum`."""
        limit = self.optional("limit", int)
        if limit is None:
            return default
        if not 1 <= limit <= maximum:
            raise XrpcError("InvalidRequest", f"Error: limit must be 1 to {maximum}, not {limit}")
        return limit


Method = Callable[[Params], Json | web.Response]
Methods = Mapping[str, Method]


def dispatcher(methods: Methods) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of `GET /xrpc/{nsid}` over a table of methods."""

    async def dispatch(request: web.Request) -> web.StreamResponse:
        method = methods.get(request.match_info["nsid"], _not_implemented)
        try:
            answer = method(Params(request.query))
        except XrpcError as refusal:
            answer = refusal.response()
        response = answer if isinstance(answer, web.Response) else web.json_response(answer)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    return dispatch


def _not_implemented(_: Params) -> Json:
    raise XrpcError("MethodNotImplemented", "Method Not Implemented", status=501)


def page(name: str, rows: Sequence[tuple[str, object]], limit: int) -> Json:
    """An answer whose `name` lists rows; each row comes with the cursor that goes on after it."""
    shown = rows[:limit]
    answer: Json = {name: [row for _, row in shown]}
    if len(rows) > limit:
        answer["cursor"] = shown[-1][0]
    return answer


def numbered(rows: Iterable[Json | None], params: Params) -> list[tuple[str, Json]]:
    """The rows after the call's cursor; a row's cursor is its place in the list, which only grows.

    A None keeps its place and is not shown.
    """
    start = params.optional("cursor", int) or 0
    return [
        (str(place), row) for place, row in enumerate(rows, 1) if place > start and row is not None
    ]
