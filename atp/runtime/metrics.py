"""Prometheus series whose labels are closed sets.

A label is an enum class and its values are the members, so no DID, path or other text from the
network can become a series. Every series exists at 0 from the start: a rate over an error that has
never happened is 0 and not missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from itertools import product
from typing import Generic, TypeVar

import prometheus_client
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from atp.runtime.config import Listen

MAX_HEAD_BYTES = 8192
MAX_CONNECTIONS = 16
EXCHANGE_SECONDS = 5.0

Page = Callable[[], Awaitable[bytes]]
"""Makes the text of a scrape."""

P = TypeVar("P", prometheus_client.Counter, prometheus_client.Gauge, prometheus_client.Histogram)


class _Series(Generic[P]):
    """One child of `parent` for each combination of label values; any other is a KeyError."""

    def __init__(self, parent: P, labels: Sequence[type[Enum]]) -> None:
        self._children: dict[tuple[Enum, ...], P] = {
            values: parent.labels(*(str(value.value) for value in values)) if values else parent
            for values in product(*labels)
        }


class Counter(_Series[prometheus_client.Counter]):
    """Counts what happens."""

    def inc(self, *labels: Enum, by: float = 1) -> None:
        """Add `by`, in the order in which the labels were declared."""
        self._children[labels].inc(by)

    def of(self, *labels: Enum) -> Callable[[], None]:
        """What counts one, for what happens often."""
        return self._children[labels].inc


class Gauge(_Series[prometheus_client.Gauge]):
    """Shows what is."""

    def set(self, value: float, *labels: Enum) -> None:
        """Show `value` from now on."""
        self._children[labels].set(value)


class Histogram(_Series[prometheus_client.Histogram]):
    """Shows how sizes or times are spread."""

    def observe(self, value: float, *labels: Enum) -> None:
        """Count `value` into its bucket."""
        self._children[labels].observe(value)


class Registry:
    """The series of one process, with those of the process itself (CPU, memory, files).

    The latter begin with ``process``, so that the series of several processes fit on one page.
    """

    def __init__(self, process: str = "") -> None:
        # Else the library adds a second series, of its time of birth, to each counter.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(namespace=process, registry=self._registry)

    def counter(self, name: str, about: str, **labels: type[Enum]) -> Counter:
        """Declare a counter; its name ends in `_total`."""
        parent = prometheus_client.Counter(name, about, list(labels), registry=self._registry)
        return Counter(parent, list(labels.values()))

    def gauge(self, name: str, about: str, **labels: type[Enum]) -> Gauge:
        """Declare a gauge."""
        parent = prometheus_client.Gauge(name, about, list(labels), registry=self._registry)
        return Gauge(parent, list(labels.values()))

    def histogram(
        self, name: str, about: str, buckets: Sequence[float], **labels: type[Enum]
    ) -> Histogram:
        """Declare a histogram with the upper bounds `buckets`; its name ends in its unit."""
        parent = prometheus_client.Histogram(
            name, about, list(labels), buckets=buckets, registry=self._registry
        )
        return Histogram(parent, list(labels.values()))

    def render(self) -> bytes:
        """All series in the Prometheus text format."""
        return prometheus_client.generate_latest(self._registry)

    async def page(self) -> bytes:
        """What `serve` serves when this registry is all there is."""
        return self.render()


@asynccontextmanager
async def serve(page: Page, listen: Listen) -> AsyncIterator[Listen]:
    """Answer `GET /metrics` with ``page`` inside the block; yields the address that was bound."""
    free = asyncio.Semaphore(MAX_CONNECTIONS)

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if free.locked():
                return
            async with free, asyncio.timeout(EXCHANGE_SECONDS):
                writer.write(await _response(reader, page))
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(exchange, listen.host, listen.port, limit=MAX_HEAD_BYTES)
    async with server:
        yield Listen(listen.host, server.sockets[0].getsockname()[1])


async def _response(reader: asyncio.StreamReader, page: Page) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return _http("431 Request Header Fields Too Large", b"")
    method, _, rest = head.partition(b" ")
    if method != b"GET":
        return _http("405 Method Not Allowed", b"", "Allow: GET")
    if rest.partition(b" ")[0].partition(b"?")[0] != b"/metrics":
        return _http("404 Not Found", b"")
    return _http("200 OK", await page(), f"Content-Type: {CONTENT_TYPE_PLAIN_0_0_4}")


def _http(status: str, body: bytes, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
