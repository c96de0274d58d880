"""What a labeler has taken down, for answers that are not put together from rows."""

from __future__ import annotations

from collections.abc import Collection

from appview.call import Call
from appview.labels import removed
from appview.store import Store
from appview.store_labels import in_force


def withheld(store: Store, call: Call, subjects: Collection[str]) -> frozenset[str]:
    """Those of these URIs and DIDs that a labeler, whom the caller lets do so, has taken down."""
    if not call.labelers.redacting:
        return frozenset()
    labels = in_force(store, call.labelers.redacting, subjects, call.now)
    return removed(labels, call.labelers)
