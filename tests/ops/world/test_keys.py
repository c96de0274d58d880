"""Secrets come from the seed and their own name alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from atp.keys import Curve
from ops.world.keys import Secrets


@given(st.integers(), st.text(), st.sampled_from(Curve))
def test_same_names_same_key(seed: int, name: str, curve: Curve) -> None:
    """A key is the same each time it is drawn, and can sign."""
    one, two = (Secrets(seed, "account 0").key(name, curve) for _ in range(2))
    assert one.to_bytes() == two.to_bytes()
    assert one.public_key.verify(b"message", two.sign(b"message"))


def test_different_names_different_keys() -> None:
    """Seed, owner, name: each of them alone makes another key."""
    keys = {
        Secrets(seed, owner).key(name, Curve.K256).to_bytes()
        for seed in range(3)
        for owner in ("account 0", "account 1")
        for name in ("rotation", "signing 0", "signing 1")
    }
    assert len(keys) == 18


def test_tid_clocks_differ_by_owner() -> None:
    """The clock identifiers of several owners are not all one."""
    tids = {Secrets(1, f"account {n}").tid_clock().next(1_000_000) for n in range(20)}
    assert len(tids) > 10
