"""Labels as they are stored: those in force on what an answer shows, and all for who verifies them.

What a query may list is for the condition in `appview.store_listed`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from appview.labelers import Labelers
from appview.labels import REMOVED
from appview.store import Store
from atp.label import Label
from atp.syntax import Datetime, Did

_COLUMNS = "s.did, l.uri, l.val, l.cts, l.cid, l.neg, l.exp"


@dataclass(frozen=True, slots=True)
class Range:
    """The labels of one labeler whose URI lies between two, both included.

    They come in the order of URI and name, and begin after that of the name ``after`` at ``low``.
    """

    labeler: Did
    low: str
    high: str
    after: str = ""


class InForce(NamedTuple):
    """Labels that hold: those to show, by what they are on, and what is removed altogether."""

    shown: dict[str, tuple[Label, ...]]
    removed: frozenset[str]


def in_force(store: Store, labelers: Labelers, subjects: Collection[str], now: int) -> InForce:
    """What these labelers, and our own, say of these URIs and DIDs at ``now``, in µs.

    What has no label is absent. Our own are shown only if it is one of ``labelers``, and remove
    whoever they are. A label on another version of a record than that which is here is left out.
    """
    if not subjects:
        return InForce({}, frozenset())
    shown: dict[str, list[Label]] = {}
    gone = set()
    accepted = labelers.redacting
    for own, *row in store.read(
        f"SELECT s.own, {_COLUMNS} FROM json_each(?1) j CROSS JOIN labels l ON l.uri = j.value"  # noqa: S608
        " CROSS JOIN labelers s ON s.id = l.labeler AND (s.own = 1"
        "  OR s.configured AND s.did IN (SELECT value FROM json_each(?2)))"
        " LEFT JOIN records r ON r.id = l.record"
        " WHERE l.neg IS NOT 1 AND (l.expires_at IS NULL OR l.expires_at > ?3)"
        "  AND (l.version IS NULL OR l.version = r.cid)",
        (json.dumps(list(subjects)), json.dumps(list(accepted)), now),
    ):
        label = _label(*row)
        if label.val in REMOVED and (own or accepted.get(label.src)):
            gone.add(label.uri)
        if label.src in accepted:
            shown.setdefault(label.uri, []).append(label)
    ordered = {uri: tuple(sorted(labels, key=_order)) for uri, labels in shown.items()}
    return InForce(ordered, frozenset(gone))


def followed(store: Store) -> list[Did]:
    """The labelers whose labels are taken, in order."""
    rows = store.read("SELECT did FROM labelers WHERE configured ORDER BY did")
    return [Did(did) for (did,) in rows]


def all_labels(store: Store, ranges: Sequence[Range], limit: int) -> list[Label]:
    """The first ``limit`` labels of these ranges, in their order, signed; those taken back too."""
    # The ranges' order and within each that of the primary key: what nested loops give.
    rows = store.read(
        f"SELECT {_COLUMNS}, l.sig FROM json_each(?1) j"  # noqa: S608
        " CROSS JOIN labelers s ON s.did = j.value ->> 0 AND s.configured"
        " CROSS JOIN labels l ON l.labeler = s.id"
        "  AND (l.uri, l.val) > (j.value ->> 1, j.value ->> 3) AND l.uri <= j.value ->> 2 LIMIT ?2",
        (json.dumps([(r.labeler, r.low, r.high, r.after) for r in ranges]), limit),
    )
    return [_label(*row) for row in rows]


def _label(  # noqa: PLR0917
    src: str,
    uri: str,
    val: str,
    cts: str,
    cid: str | None,
    neg: int | None,
    exp: str | None,
    sig: bytes | None = None,
) -> Label:
    return Label(
        src=Did(src),
        uri=uri,
        val=val,
        cts=Datetime(cts),
        cid=cid,
        neg=None if neg is None else bool(neg),
        exp=None if exp is None else Datetime(exp),
        sig=sig,
    )


def _order(label: Label) -> tuple[str, str]:
    return label.src, label.val
