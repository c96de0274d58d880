"""What has been taken down, for answers that are not put together from rows."""

from __future__ import annotations

from collections.abc import Collection

from appview.call import Call
from appview.labelers import NOBODY
from appview.store import Store
from appview.store_labels import in_force


def withheld(store: Store, call: Call, subjects: Collection[str]) -> frozenset[str]:
    """Those of these URIs and DIDs that our own labeler, or one the caller lets, has taken down."""
    return in_force(store, call.labelers, subjects, call.now).removed


def removed(store: Store, now: int, subjects: Collection[str]) -> frozenset[str]:
    """Those that our own labeler has taken down, for everybody; ``now`` is µs since the epoch."""
    return in_force(store, NOBODY, subjects, now).removed
