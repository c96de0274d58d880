"""An account and what its owner and its PDS's operator can do to it.

Each deed changes the account first and then publishes the events a real PDS would, in its order:
a new account is #identity, #account, an empty #commit and #sync; a reactivated one #account,
#identity and #sync; one that has moved #identity, #account, #identity and #sync, from its new PDS.
Records are written and read in their JSON form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from atp.cid import Cid
from atp.datetime import Datetime
from atp.frames import AccountMsg, IdentityMsg
from atp.keys import Curve, PrivateKey
from atp.syntax import AtUri, Did, Handle, RecordKey
from ops.world.clock import Clock
from ops.world.directory import PlcDirectory
from ops.world.events import Message
from ops.world.identity import Identity
from ops.world.keys import Secrets
from ops.world.repo import Create, Delete, Repo, Update, Write, WriteError


@dataclass(frozen=True, slots=True)
class RecordRef:
    """A record as it was written."""

    uri: AtUri
    cid: Cid

    @property
    def rkey(self) -> RecordKey:
        """The record's key."""
        assert self.uri.rkey is not None
        return self.uri.rkey

    def to_json(self) -> dict[str, str]:
        """The strong reference that other records hold."""
        return {"uri": self.uri, "cid": str(self.cid)}


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that an account has uploaded."""

    data: bytes
    mime_type: str


class Account:
    """One account; `publish` sends an event from the PDS at `pds_url`, which hosts it."""

    def __init__(
        self,
        *,
        handle: Handle,
        curve: Curve,
        secrets: Secrets,
        directory: PlcDirectory,
        pds_url: str,
        publish: Callable[[Message], None],
        clock: Clock,
    ) -> None:
        self.handle = handle
        self.blobs: dict[Cid, Blob] = {}
        self._curve = curve
        self._secrets = secrets
        self._publish = publish
        self._clock = clock
        self._rotations = 0
        self.deactivated = self.takendown = self.suspended = False
        self._deleted = False
        rotation = secrets.key("rotation", Curve.K256)
        signing = secrets.key("signing 0", curve)
        self.identity = Identity(directory, rotation, signing.public_key, handle, pds_url)
        self.did = self.identity.did
        now = clock()
        self.repo = Repo(self.did, signing, secrets.tid_clock(), now)
        self.announce_identity()
        self.announce_status()
        self._publish(self.repo.genesis(now))
        self.emit_sync()

    def create(self, collection: str, record: dict[str, Any], rkey: str | None = None) -> RecordRef:
        """Create a record, under a fresh TID where no key is given."""
        return self._write_one(Create(collection, record, rkey))

    def update(self, collection: str, rkey: str, record: dict[str, Any]) -> RecordRef:
        """Replace the value of a record."""
        return self._write_one(Update(collection, rkey, record))

    def delete(self, collection: str, rkey: str) -> None:
        """Delete a record."""
        self.apply_writes([Delete(collection, rkey)])

    def apply_writes(self, writes: Sequence[Write]) -> list[RecordRef | None]:
        """Make up to 200 writes in one commit; where a record was deleted the answer is None.

        Raises WriteError, and then nothing has changed.
        """
        if not self.active:
            raise WriteError(f"{self.handle} is {self.status} and cannot write")
        message = self.repo.apply(writes, self._clock())
        self._publish(message)
        return [
            RecordRef(AtUri.of(self.did, op.collection, op.rkey), op.cid) if op.cid else None
            for op in message.ops
        ]

    def upload_blob(self, data: bytes, mime_type: str) -> dict[str, Any]:
        """Store a blob; it is served once a record holds the reference given back."""
        cid = Cid.for_raw(data)
        self.blobs[cid] = Blob(data, mime_type)
        ref = {"$link": str(cid)}
        return {"$type": "blob", "ref": ref, "mimeType": mime_type, "size": len(data)}

    def served_blobs(self) -> set[Cid]:
        """The uploaded blobs that a live record refers to."""
        referenced = {cid for record in self.repo.records.values() for cid in record.blobs}
        return referenced & self.blobs.keys()

    def set_handle(self, handle: str) -> None:
        """Take another handle."""
        self.handle = Handle.parse(handle)
        self.identity.set_handle(self.handle)
        self.announce_identity()

    def rotate_key(self) -> None:
        """Sign with a new key from now on, beginning with an empty commit."""
        self.repo.key = self._next_key()
        self.identity.set_signing_key(self.repo.key.public_key)
        self.announce_identity()
        self._publish(self.repo.apply([], self._clock()))

    def move(self, pds_url: str, publish: Callable[[Message], None]) -> None:
        """Go on at another PDS, active there and with a new key; revs continue.

        `World.migrate` tells both PDSes.
        """
        self._publish = publish
        self.deactivated = self.takendown = self.suspended = False
        self.repo = self.repo.copy(self._next_key())
        self.identity.move(self.repo.key.public_key, pds_url)
        self.repo.apply([], self._clock())
        self._publish(IdentityMsg(0, self.did, self._time(), None))
        self.announce_status()
        self.announce_identity()
        self.emit_sync()

    def announce_identity(self) -> None:
        """State the handle again."""
        self._publish(IdentityMsg(0, self.did, self._time(), self.handle))

    def announce_status(self) -> None:
        """State again whether the account is active."""
        self._publish(AccountMsg(0, self.did, self._time(), self.active, self.status))

    def emit_sync(self) -> None:
        """State the repository's head again."""
        self._publish(self.repo.announce(self._clock()))

    @property
    def status(self) -> str | None:
        """Why the account is not active (spec digest 1.12); None while it is."""
        if self._deleted:
            return "deleted"
        if self.takendown:
            return "takendown"
        if self.suspended:
            return "suspended"
        return "deactivated" if self.deactivated else None

    @property
    def active(self) -> bool:
        """Whether the account's content is public."""
        return self.status is None

    def deactivate(self) -> None:
        """Hide the account, as its owner."""
        self.deactivated = True
        self.announce_status()

    def activate(self) -> None:
        """Show the account again, as its owner."""
        self.deactivated = False
        self.announce_status()
        if self.active:
            self.announce_identity()
            self.emit_sync()

    def takedown(self) -> None:
        """Hide the account, as the operator."""
        self.takendown = True
        self.announce_status()

    def untakedown(self) -> None:
        """Take the takedown back."""
        self.takendown = False
        self.announce_status()

    def suspend(self) -> None:
        """Hide the account for a time, as the operator."""
        self.suspended = True
        self.announce_status()

    def unsuspend(self) -> None:
        """End the suspension."""
        self.suspended = False
        self.announce_status()

    def delete_account(self) -> None:
        """Leave for good; the DID itself stays, as a real PDS leaves it."""
        self._deleted = True
        self.announce_status()

    def tombstone(self) -> None:
        """Leave for good and end the DID too."""
        self.identity.tombstone()
        self.delete_account()

    def _next_key(self) -> PrivateKey:
        self._rotations += 1
        return self._secrets.key(f"signing {self._rotations}", self._curve)

    def _write_one(self, write: Write) -> RecordRef:
        [ref] = self.apply_writes([write])
        assert ref is not None
        return ref

    def _time(self) -> str:
        return Datetime.from_micros(self._clock())


@dataclass(frozen=True, slots=True)
class Departed:
    """What a PDS keeps of an account that has moved away: its repository as it stood."""

    did: Did
    repo: Repo
    status: str
    active: Literal[False] = False


Hosted: TypeAlias = Mapping[Did, Account | Departed]
"""The accounts of one PDS in the order of their arrival; those deleted or departed among them."""
