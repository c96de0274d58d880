"""Which files may be served: those that a record we show refers to.

A record that the operator has taken down is none of them, whatever it may be for others.
"""

from __future__ import annotations

from dataclasses import dataclass

from appview.store import Store
from atp.cid import Cid
from atp.syntax import Did

_SHOWN = "a.active AND NOT EXISTS (SELECT 1 FROM takedowns t WHERE t.record = b.record)"
"""True of a row of ``blobs`` ``b`` by the account ``a``."""


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
        "SELECT b.mime_type, b.size FROM actors a CROSS JOIN blobs b"  # noqa: S608
        f" ON b.cid = ?2 AND b.actor = a.id WHERE a.did = ?1 AND {_SHOWN}"
        " ORDER BY b.record LIMIT 1",
        (did, cid),
    ).fetchone()
    return None if row is None else Claim(*row)


def is_shown(store: Store, cid: Cid) -> bool:
    """Whether a record that is shown refers to a file with these bytes."""
    row = store.read(
        "SELECT 1 FROM blobs b CROSS JOIN actors a ON a.id = b.actor"  # noqa: S608
        f" WHERE b.cid = ? AND {_SHOWN} LIMIT 1",
        (cid,),
    ).fetchone()
    return row is not None
