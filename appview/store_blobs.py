"""Which files may be served: those that a record we show refers to."""

from __future__ import annotations

from dataclasses import dataclass

from appview.store import Store
from atp.cid import Cid
from atp.syntax import Did


@dataclass(frozen=True, slots=True)
class Claim:
    """What the oldest record that refers to a file says of it; ``size`` is in bytes."""

    mime_type: str
    size: int

    @property
    def is_image(self) -> bool:
        """Whether it is to be a picture."""
        return self.mime_type.startswith("image/")


def claim(store: Store, did: Did, cid: Cid) -> Claim | None:
    """What is claimed of a file of an account, when both are shown."""
    row = store.read(
        "SELECT b.mime_type, b.size FROM actors a CROSS JOIN blobs b"
        " ON b.cid = ?2 AND b.actor = a.id WHERE a.did = ?1 AND a.active ORDER BY b.record LIMIT 1",
        (did, cid),
    ).fetchone()
    return None if row is None else Claim(*row)


def is_shown(store: Store, cid: Cid) -> bool:
    """Whether a shown account has a file with these bytes."""
    row = store.read(
        "SELECT 1 FROM blobs b CROSS JOIN actors a ON a.id = b.actor AND a.active"
        " WHERE b.cid = ? LIMIT 1",
        (cid,),
    ).fetchone()
    return row is not None
