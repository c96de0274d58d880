"""From one signing key to the next: pause, switch, resume, and sign anew what the old one signed.

The next key waits in a file beside that of the present one, and takes its place in one step once
the DID document shows it. All that has to outlive a kill is in the store before it is done: a row
that says which key is to follow pauses every writer of labels, and each label has the number of the
key that signed it. So whoever opens the store goes on where the last one was stopped; and labels of
an older key, from a restored backup too, are signed anew by the same means. A label keeps its place
and its time.

Where the old key was compromised nobody is to be shown what it signed, as anybody may have signed
as much: until a label is signed anew the stream stops before it, and queries for it are told to
come back later.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw

from atp.keys import PrivateKey, PublicKey
from atp.runtime import control, log
from atp.runtime.beside import beside
from labeler import keys, store, store_keys
from labeler.keys import KeyFileError, Signer
from labeler.service import NO_KEY, Labeler
from labeler.store import Event

BATCH = 500
"""Labels signed anew in one transaction; new ones are given between two."""
ASK_AGAIN = 5.0
"""Seconds between two looks at a DID document that others serve."""

Published = Callable[[PublicKey], Awaitable[bool]]
"""Whether the labeler's DID document shows this key, or will as soon as it signs."""

logger = log.get("labeler")


class Rotation:
    """The keys of an open labeler; ``path`` is the file of the present one, None without any."""

    def __init__(self, labeler: Labeler, path: Path | None, published: Published) -> None:
        self._labeler = labeler
        self._path = None if path is None else path.resolve()
        self._published = published
        self._asked = asyncio.Event()
        self._waits = False  # for the DID document
        self._problem: str | None = None
        self.commands: Mapping[str, control.Handler] = {
            "rotate": self._rotate,
            "rotation": self.status,
        }

    async def run(self) -> None:
        """Go on with whatever is under way, and then whenever asked to, for ever."""
        while True:
            self._asked.clear()
            if await self._switched():
                await self._sign_anew()
            await self._asked.wait()

    async def status(self, _args: dict[str, Any]) -> dict[str, Any]:
        """The control command `rotation`: which key is to follow, and what is left to sign anew."""
        key, reader = self._labeler.public_key, self._labeler.reader
        target = store_keys.pending(reader)
        did_key = None if key is None else key.did_key()
        return {
            "did": self._labeler.did,
            "key": did_key,
            "next": target,
            "left": 0 if did_key is None else store_keys.left(reader, target or did_key),
            "waits": self._waits,
            "problem": self._problem,
        }

    async def _rotate(self, args: dict[str, Any]) -> dict[str, Any]:
        """The control command `rotate`: begin, unless that has been done."""
        if self._path is None or self._labeler.labels.signer is None:
            raise control.ControlError("NoKey", NO_KEY)
        compromised = bool(args["compromised"])
        try:
            key = self._next(self._path, fresh=compromised).public_key.did_key()
        except KeyFileError as exc:
            raise control.ControlError("KeyFileError", str(exc)) from exc
        actor, reason = str(args["actor"]), args["reason"]
        now, did = self._labeler.clock(), self._labeler.did

        def begun(conn: apsw.Connection) -> None:
            if store_keys.distrusted(conn, key):
                raise control.ControlError("OldKey", f"{key} is a compromised key: make another")
            if store_keys.pending(conn) != key:
                store_keys.begin(conn, Event(now, actor, "rotate", did, None, reason, key), key)
            if compromised:
                event = Event(now, actor, "distrust", did, None, reason, f"all keys but {key}")
                store_keys.distrust(conn, event, key)

        await self._labeler.writer.run(begun)
        self._labeler.stream.renewed()
        self._problem = None
        self._asked.set()
        return await self.status({})

    def _next(self, path: Path, *, fresh: bool) -> PrivateKey:
        """The key that is to follow: that which has been announced, or else a new one."""
        target = store_keys.pending(self._labeler.reader)
        found = None if target is None else self._key_of(path, target)
        if found is not None:
            return found
        file = next_file(path)
        if not file.exists():
            return keys.write_new(file, secrets.token_bytes(32))
        if fresh:
            raise KeyFileError(f"{file} may have been read with the present key: remove it first")
        return keys.read(file)

    def _key_of(self, path: Path, did_key: str) -> PrivateKey | None:
        """The secret of that public key, in its place already or still beside it."""
        for file in (path, next_file(path)):
            try:
                key = keys.read(file)
            except KeyFileError:
                continue
            if key.public_key.did_key() == did_key:
                return key
        return None

    async def _switched(self) -> bool:
        """Put the next key in the place of the present one, where one is to follow."""
        target = store_keys.pending(self._labeler.reader)
        if self._path is None or target is None:
            return True
        key = self._key_of(self._path, target)
        if key is None:
            self._problem = f"no file has the key {target}, which is to follow: rotate again"
            logger.error("labels nothing", reason=self._problem)
            return False
        while not await self._published(key.public_key):
            self._waits = True
            logger.warning("labels wait for the DID document", did=self._labeler.did, key=target)
            await asyncio.sleep(ASK_AGAIN)
        self._waits = False
        try:
            put_in_place(self._path, key)
        except (OSError, KeyFileError) as exc:
            self._problem = f"the next key cannot take the place of {self._path}: {exc}"
            logger.error("labels nothing", reason=self._problem)  # noqa: TRY400 - no defect
            return False
        self._problem = None
        self._labeler.labels.signer = Signer(self._labeler.did, key)
        await self._labeler.writer.run(store_keys.end)
        logger.info("signs with another key", key=target)
        return True

    async def _sign_anew(self) -> None:
        labeler, count = self._labeler, 0
        signer = labeler.labels.signer
        if signer is None:
            return
        while done := await labeler.writer.run(lambda conn: sign_anew(conn, signer, labeler.clock)):
            labeler.stream.renewed()
            count += done
        if count:
            logger.info("signed anew", labels=count)


@asynccontextmanager
async def rotating(
    labeler: Labeler, path: Path | None, published: Published
) -> AsyncIterator[None]:
    """Take the commands of a rotation, and go on with one that was begun, inside the block."""
    rotation = Rotation(labeler, path, published)
    labeler.commands.update(rotation.commands)
    # A store that cannot be written any more ends the block.
    async with beside(rotation.run()):
        yield


def sign_anew(
    conn: apsw.Connection, signer: Signer, clock: Callable[[], int], limit: int = BATCH
) -> int:
    """Sign the oldest labels of older keys with the present one; returns how many, at last 0."""
    did_key = signer.key.public_key.did_key()
    found = store_keys.stale(conn, did_key, limit)
    if found:
        number = store.key_number(conn, did_key, clock())
        store_keys.renew(conn, ((seq, label.sign(signer.key)) for seq, label in found), number)
    return len(found)


def next_file(path: Path) -> Path:
    """Where the key waits that is to follow the one at ``path``."""
    return path.with_name(f"{path.name}.next")


def put_in_place(path: Path, key: PrivateKey) -> None:
    """Have the file at ``path`` hold ``key``, as it does already or the one beside it does."""
    beside = next_file(path)
    if beside.exists() and keys.read(beside) == key:
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
