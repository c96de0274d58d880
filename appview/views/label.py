"""Labels."""

from __future__ import annotations

from appview.state import Record
from appview.views.moment import claimed
from atp.cbor import Value


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
        for name in _names(record.value.get("labels"))
    ]


def _names(labels: Value) -> list[str]:
    """The names in a ``selfLabels`` object; a union's other members have none that we know."""
    match labels:
        case {"$type": "com.atproto.label.defs#selfLabels", "values": list(values)}:
            found = [value.get("val") for value in values if isinstance(value, dict)]
            return list(dict.fromkeys(name for name in found if isinstance(name, str)))
    return []
