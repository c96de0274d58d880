"""Giving labels: decision, label, signature and sequence number in one transaction.

Whoever is told that a label was given can rely on it: the transaction is on disk by then, and the
moderation event that says who gave it and why is part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import apsw

from atp.label import Label
from atp.runtime.sqlite import Writer
from labeler import decide, store, store_keys
from labeler.decide import Statement
from labeler.keys import Signer


class NoKey(Exception):
    """There is no key to sign with."""


class Paused(NoKey):
    """One key follows another just now: neither signs."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A label that was given, and its place in the order of all."""

    seq: int
    label: Label


def _nobody() -> None:
    """Nobody waits for new labels."""


class Labels:
    """Gives labels.

    ``signer`` is None where nothing can be signed at present. ``clock`` gives µs since the epoch.
    ``stored`` is called in the event loop each time that labels have been committed.
    """

    def __init__(
        self,
        writer: Writer,
        signer: Signer | None,
        clock: Callable[[], int],
        stored: Callable[[], None] = _nobody,
    ) -> None:
        self.signer = signer
        self._writer = writer
        self._clock = clock
        self._stored = stored

    async def apply(
        self, statements: Sequence[Statement], actor: str, reason: str | None = None
    ) -> list[Stored]:
        """Say ``statements``, all or none, in the name of ``actor`` for ``reason``.

        Raises `LabelError` for what no label may say, `NoKey` and `Paused`.
        """
        given = await self._writer.run(lambda conn: self._give(conn, statements, actor, reason))
        self._stored()
        return given

    def _give(
        self,
        conn: apsw.Connection,
        statements: Sequence[Statement],
        actor: str,
        reason: str | None,
    ) -> list[Stored]:
        signer = self.signer
        if signer is None:
            raise NoKey("there is no key to sign labels with: set PLYR_LABELER_KEY_FILE")
        if next_key := store_keys.pending(conn):
            raise Paused(f"labels wait for the key {next_key}: plyr label rotate goes on with it")
        now = self._clock()
        key = store.key_number(conn, signer.key.public_key.did_key(), now)
        given = []
        for said in statements:
            before = store.newest_time(conn, signer.did, said.uri, said.val)
            label = decide.label(said, signer.did, before, now).sign(signer.key)
            action = "negate" if said.neg else "label"
            event = store.Event(now, actor, action, said.uri, said.cid, reason)
            number = store.add_event(conn, event)
            given.append(Stored(store.add_label(conn, label, number, key, now), label))
        return given
