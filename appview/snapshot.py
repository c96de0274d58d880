"""The states of the index that one connection reads, one after the other.

Beginning and ending one takes as long as reading the ids of a page. So whatever waits for the event
loop when one begins shares it. All of that came before it began, so nobody is shown a state older
than their request; what comes later waits until it has ended, as the loop takes turns. Where no
loop runs it ends with the block.
"""

from __future__ import annotations

import asyncio

import apsw


class Snapshot:
    """A context whose reads are of one state, with its number; nobody waits inside."""

    def __init__(self, conn: apsw.Connection) -> None:
        self._conn = conn
        self._number = 0
        self._depth = 0
        self._end: asyncio.Handle | None = None

    def __enter__(self) -> int:
        if not self._conn.in_transaction:
            self._conn.execute("BEGIN")
            self._number += 1
        self._depth += 1
        return self._number

    def __exit__(self, *_raised: object) -> None:
        self._depth -= 1
        if self._depth or self._end:
            return
        try:
            self._end = asyncio.get_running_loop().call_soon(self.end)
        except RuntimeError:
            self.end()

    def end(self) -> None:
        """End it now."""
        if self._end:
            self._end.cancel()
            self._end = None
        if self._conn.in_transaction:
            self._conn.execute("COMMIT")
