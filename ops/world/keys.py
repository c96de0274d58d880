"""Everything a real network draws at random, drawn from the seed instead.

Each secret has a name of its own ("account 3/signing 0"), so what one account is given does not
depend on what happened to the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from atp.keys import Curve, PrivateKey
from atp.tid import MAX_CLOCK_ID, TidClock


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one owner."""

    seed: int
    owner: str

    def key(self, name: str, curve: Curve) -> PrivateKey:
        """The private key of that name."""
        secret = 1 + self._draw(name) % (curve.order - 1)
        return PrivateKey.from_bytes(curve, secret.to_bytes(32))

    def tid_clock(self) -> TidClock:
        """A TID clock with the owner's clock identifier."""
        return TidClock(self._draw("clock") % (MAX_CLOCK_ID + 1))

    def _draw(self, name: str) -> int:
        return int.from_bytes(sha256(f"{self.seed}/{self.owner}/{name}".encode()).digest())
