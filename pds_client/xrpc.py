"""Calling XRPC methods of other people's servers (spec §3).

A refusal that the server explains is an `XrpcFailure`, to be told apart by its name, not by its
status: implementations differ in the latter. Everything else is an `HttpError`; of these,
`HttpUnavailable` says nothing about what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Unpack
from urllib.parse import urlencode

import orjson

from atp.runtime.http import Bounds, Client, HttpMalformed, HttpStatus, Response

Params = Mapping[str, str | int | bool | Sequence[str]]
"""Parameters of a query; a sequence is sent as a repeated key."""

MAX_NAME = 128
MAX_MESSAGE = 512
"""Characters of an error's name and message that are kept."""


class XrpcFailure(Exception):
    """The server answered that it will not; ``error`` is its name for why, or empty."""

    def __init__(self, nsid: str, status: int, error: str, message: str) -> None:
        super().__init__(f"{nsid}: status {status} {error}: {message}".rstrip(": "))
        self.nsid = nsid
        self.status = status
        self.error = error
        self.message = message


async def query(
    http: Client,
    service: str,
    nsid: str,
    params: Params | None = None,
    **bounds: Unpack[Bounds],
) -> dict[str, Any]:
    """Call a query that answers with JSON. Raises `XrpcFailure` or `HttpError`."""
    url = method_url(service, nsid, params or {})
    try:
        return _object(await http.get_bytes(url, **bounds))
    except HttpStatus as exc:
        raise failure(nsid, exc) from exc


async def procedure(
    http: Client,
    service: str,
    nsid: str,
    body: Mapping[str, Any],
    **bounds: Unpack[Bounds],
) -> dict[str, Any]:
    """Call a procedure with JSON input and output. Raises `XrpcFailure` or `HttpError`."""
    url = method_url(service, nsid, {})
    try:
        return _object(await http.request("POST", url, json=body, **bounds))
    except HttpStatus as exc:
        raise failure(nsid, exc) from exc


def method_url(service: str, nsid: str, params: Params) -> str:
    """The URL of a method at a service, which is an origin such as ``https://pds.example.com``."""
    text = urlencode(list(_pairs(params)))
    return f"{service.rstrip('/')}/xrpc/{nsid}" + (f"?{text}" if text else "")


def failure(nsid: str, answer: HttpStatus) -> XrpcFailure:
    """What a server's refusal says, as far as it says anything."""
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        said = {}
    error, message = said.get("error"), said.get("message")
    return XrpcFailure(
        nsid,
        answer.status,
        error[:MAX_NAME] if isinstance(error, str) else "",
        message[:MAX_MESSAGE] if isinstance(message, str) else "",
    )


def _pairs(params: Params) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        if isinstance(value, bool):
            yield name, "true" if value else "false"
        elif isinstance(value, str | int):
            yield name, str(value)
        else:
            yield from ((name, item) for item in value)


def _object(answer: Response) -> dict[str, Any]:
    value = answer.json()
    if not isinstance(value, dict):
        raise HttpMalformed(answer.url, "the answer is not a JSON object")
    return value
