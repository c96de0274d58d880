"""XRPC calls to one server of the devnet: JSON or bytes in, JSON out, errors by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

JsonObject = dict[str, Any]

PAGE = 100


class PdsError(RuntimeError):
    """A PDS answered a call with an error."""

    def __init__(self, nsid: str, status: int, error: str, message: str) -> None:
        super().__init__(f"{nsid}: {status} {error}: {message}")
        self.status = status
        self.error = error


class Xrpc:
    """The methods of the server at ``url``; every call raises PdsError for an error answer."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url

    async def get(
        self, nsid: str, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> JsonObject:
        """Call a query."""
        url = f"{self.url}/xrpc/{nsid}"
        async with self.http.get(url, params=params, headers=headers) as response:
            return await _answer(nsid, response)

    async def get_bytes(self, nsid: str, params: Mapping[str, str]) -> tuple[bytes, str]:
        """Call a query whose answer is no JSON: what it says, and of which media type."""
        async with self.http.get(f"{self.url}/xrpc/{nsid}", params=params) as response:
            if not response.ok:
                await _answer(nsid, response)
            return await response.read(), response.content_type

    async def pages(self, nsid: str, key: str, params: Mapping[str, str]) -> list[JsonObject]:
        """The rows under ``key`` on all pages of a query with a cursor."""
        rows: list[JsonObject] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(nsid, {**params, **cursor, "limit": str(PAGE)})
            rows += page[key]
            if "cursor" not in page:
                return rows
            cursor = {"cursor": page["cursor"]}

    async def post(
        self,
        nsid: str,
        body: JsonObject | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Call a procedure; empty where its answer has no JSON."""
        async with self.http.post(
            f"{self.url}/xrpc/{nsid}",
            headers=headers,
            data=body if isinstance(body, bytes) else None,
            json=body if isinstance(body, dict) else None,
        ) as response:
            return await _answer(nsid, response)


async def _answer(nsid: str, response: aiohttp.ClientResponse) -> JsonObject:
    said: JsonObject = {}
    if response.content_type == "application/json":
        said = await response.json()
    if not response.ok:
        raise PdsError(nsid, response.status, said.get("error", ""), said.get("message", ""))
    return said
