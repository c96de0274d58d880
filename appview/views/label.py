"""Labels."""

from __future__ import annotations

from appview.state import Record, State
from appview.views.moment import claimed
from atp import label


def labels(subject: str, state: State) -> list[dict[str, object]]:
    """The labels in force on a URI or DID; `moderation.queryLabels` has them with signatures."""
    return [found.to_json() for found in state.labels.get(subject, ())]


def self_labels(record: Record) -> list[dict[str, object]]:
    """What a record's author says about it inside it, as labels of that author on that version."""
    created = claimed(record.value.get("createdAt"), record.first_seen)
    return [
        {
            "src": record.author,
            "uri": record.uri,
            "cid": str(record.cid),
            "val": name,
            "cts": created,
        }
        for name in label.self_labels(record.value)
    ]
