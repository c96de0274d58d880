"""What labelers say: the label stream of each that is configured, read for ever (spec §4).

A label is stored if it is signed with the `#atproto_label` key of its source, and the source is the
labeler whose stream brought it; the rest is counted. The cursor moves in the transaction that
stores what it covers (law 1). Streams know nothing of each other, so a labeler that is down, or
sends nonsense, harms no other; and since only a label that says so takes another back, it clears
nothing (law 10). What our own labeler says of an account is enforced as it is stored.

A frame that cannot be read ends the connection, as nothing after it could be trusted, and so does
an identity that cannot be asked for when a signature does not fit: both are tried again from the
cursor. A labeler that calls our cursor one of the future has lost its past: its stream is read
again from the beginning, and the newest label for each subject and name stands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import apsw

from atp import label_frames
from atp.did_doc import DidDocument
from atp.errors import FrameError
from atp.frames import ErrorFrame, InfoMsg
from atp.label import KEY_ID, SERVICE_ID, SERVICE_TYPE, Label
from atp.label_frames import LabelsMsg
from atp.runtime import log
from atp.runtime.guard import Guard
from atp.runtime.http_errors import HttpError
from atp.runtime.sqlite import Writer
from atp.runtime.websocket import Subscription, backoff
from atp.syntax import Did
from indexer import accounts
from indexer.metrics import LabelEnd, Metrics
from indexer.store import labels
from pds_client.identity import DidError, Directory

SUBSCRIBE = "/xrpc/com.atproto.label.subscribeLabels"
MAX_WAITING = 2_000  # messages between receipt and the index, after which reading pauses
MAX_BATCH = 200  # messages in one transaction
VERIFY_AT_ONCE = 50  # labels between two turns of everything else
STEADY = 60_000_000  # microseconds after which a connection without a label was a good one
FUTURE_CURSOR = "FutureCursor"

logger = log.get("indexer.labels")


@dataclass(frozen=True, slots=True)
class LabelerStatus:
    """How a labeler's stream does."""

    did: Did
    cursor: int
    connected: bool
    error: str | None


class Labeler:
    """The stream of one labeler; ``clock`` gives microseconds, ``random`` the jitter."""

    def __init__(
        self,
        did: Did,
        *,
        writer: Writer,
        directory: Directory,
        guard: Guard,
        metrics: Metrics,
        clock: Callable[[], int],
        random: Random,
    ) -> None:
        self.did = did
        self._cursor = 0
        self._writer = writer
        self._directory = directory
        self._guard = guard
        self._metrics = metrics
        self._clock = clock
        self._random = random
        self._subscription: Subscription | None = None
        self._paused = False
        self._error: str | None = None
        self._seen = 0
        self._waiting: deque[LabelsMsg] = deque()
        self._news = asyncio.Event()

    def status(self) -> LabelerStatus:
        """How it does now."""
        connected = self._subscription is not None and self._subscription.connected
        return LabelerStatus(self.did, self._cursor, connected, None if connected else self._error)

    async def run(self) -> None:
        """Subscribe again and again, from where the index stands, until cancelled."""
        self._cursor = await self._writer.run(lambda conn: labels.cursor(conn, self.did))
        attempt = 0
        while True:
            began, stood = self._clock(), self._cursor
            self._error = None
            try:
                await self._connect(refresh=attempt > 0)
            except DidError as exc:
                self._error = str(exc)
            if self._error and self._error.startswith(FUTURE_CURSOR):
                await self._start_over()
            lived = self._cursor > stood or self._clock() - began > STEADY
            attempt = 0 if lived else attempt + 1
            wait = backoff(attempt, self._random.random())
            logger.warning(
                "not connected", labeler=self.did, error=self._error, retry_in=round(wait, 1)
            )
            await asyncio.sleep(wait)

    async def _connect(self, *, refresh: bool) -> None:
        """One connection, until it ends and all that it gave is stored. Raises `DidError`."""
        document = await self._directory.doc(self.did, refresh=refresh)
        endpoint = document.service(SERVICE_ID, SERVICE_TYPE)
        if endpoint is None:
            self._error = f"the DID document of {self.did} names no {SERVICE_TYPE}"
            return
        self._waiting.clear()
        self._seen = self._cursor
        self._paused = False
        address = f"ws{endpoint.removeprefix('http')}{SUBSCRIBE}?cursor={self._cursor}"
        self._subscription = Subscription(address, self._on_frame, guard=self._guard)
        reading = asyncio.create_task(self._read(self._subscription))
        reading.add_done_callback(lambda _: self._news.set())
        try:
            while self._waiting or not reading.done():
                self._news.clear()
                if self._waiting:
                    await self._store()
                else:
                    await self._news.wait()
            await reading
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            self._subscription = None

    async def _read(self, subscription: Subscription) -> None:
        try:
            ended = await subscription.run()
            self._error = self._error or f"{ended.why}: {ended.detail}".rstrip(": ")
        except HttpError as exc:
            self._error = str(exc)
        except FrameError as exc:
            self._metrics.labelled(LabelEnd.UNREADABLE)
            self._error = f"a frame that cannot be read: {exc}"

    def _on_frame(self, frame: bytes) -> None:
        message = label_frames.decode(frame)
        if isinstance(message, InfoMsg):
            logger.warning("told", labeler=self.did, name=message.name, message=message.message)
        elif isinstance(message, ErrorFrame):
            self._error = f"{message.error}: {message.message or 'no reason given'}"
        elif isinstance(message, LabelsMsg) and message.seq > self._seen:
            self._seen = message.seq
            self._waiting.append(message)
            self._news.set()
            if len(self._waiting) > MAX_WAITING and self._subscription and not self._paused:
                self._paused = True
                self._subscription.pause()

    async def _store(self) -> None:
        """Store what waits, up to a bound. Raises `DidError` where it cannot be judged now."""
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        sound = await self._verified([label for message in batch for label in message.labels])
        seq, now = batch[-1].seq, self._clock()

        def write(conn: apsw.Connection) -> list[bool]:
            stored = [put(conn, label, now) for label in sound]
            labels.move(conn, self.did, seq)
            return stored

        for stored in await self._writer.run(write):
            self._metrics.labelled(LabelEnd.STORED if stored else LabelEnd.SUPERSEDED)
        self._metrics.labelled(LabelEnd.UNREADABLE, sum(message.unreadable for message in batch))
        self._cursor = seq
        if self._paused and self._subscription and len(self._waiting) <= MAX_WAITING // 2:
            self._paused = False
            self._subscription.resume()

    async def _verified(self, given: Sequence[Label]) -> list[Label]:
        """Those that this labeler has signed; the key is asked for anew if one does not fit."""
        document = await self._directory.doc(self.did)
        sound = []
        for place, label in enumerate(given):
            if place % VERIFY_AT_ONCE == 0:
                await asyncio.sleep(0)
            if label.src != self.did:
                self._metrics.labelled(LabelEnd.FOREIGN_SOURCE)
                continue
            if not _is_signed(label, document):
                before, document = document, await self._directory.doc(self.did, refresh=True)
                if document is before or not _is_signed(label, document):
                    self._metrics.labelled(LabelEnd.BAD_SIGNATURE)
                    continue
            sound.append(label)
        return sound

    async def _start_over(self) -> None:
        logger.warning(
            "reading from the beginning: its stream has been reset",
            labeler=self.did,
            cursor=self._cursor,
            error=self._error,
        )
        await self._writer.run(lambda conn: labels.move(conn, self.did, 0))
        self._cursor = 0


def put(conn: apsw.Connection, label: Label, now: int) -> bool:
    """Store a label, with what follows for an account; False where a newer one was there."""
    stored = labels.put(conn, label, now)
    if stored and label.val == labels.TAKEDOWN:
        accounts.enforce(conn, Did(label.uri), now)
    return stored


def _is_signed(label: Label, document: DidDocument) -> bool:
    key = document.key(KEY_ID)
    return key is not None and label.verify(key)
