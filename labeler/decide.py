"""What becomes of a decision: the label that says it (spec §4.1, §4.4). No I/O, no clock.

Of the labels of one source, subject and name the newest counts. So each label is newer than the one
before, by a millisecond where the clock has not moved on or has gone back; saying the same again
gives a new label, which counts instead; and a negation takes back whatever stands, of any version
of the record. Taking back what nobody knows of is allowed: after a restore from a backup that is
the way to retract labels which came after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from atp.datetime import Datetime
from atp.errors import InvalidIdentifier, LabelError
from atp.label import Label
from atp.syntax import Did

_NAME = re.compile(r"!?[a-z0-9]+(?:-[a-z0-9]+)*")
_MILLISECOND = 1_000
_FIELDS = {"uri", "val", "cid", "neg", "exp"}


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be said of ``uri``, or with ``neg`` to be taken back.

    ``cid`` narrows it to one version of a record; after ``exp`` it holds no more.
    """

    uri: str
    val: str
    cid: str | None = None
    neg: bool = False
    exp: Datetime | None = None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Self:
        """The statement of these fields, in JSON form. Raises `LabelError`."""
        if unknown := set(fields) - _FIELDS:
            raise LabelError(f"a statement has no {', '.join(sorted(unknown))}")
        exp = fields.get("exp")
        if not isinstance(fields.get("uri"), str) or not isinstance(fields.get("val"), str):
            raise LabelError("a statement needs uri and val, both text")
        try:
            return cls(**{**fields, "exp": None if exp is None else Datetime.parse(exp)})
        except (TypeError, InvalidIdentifier) as exc:
            raise LabelError(f"not a statement: {exc}") from exc

    def to_json(self) -> dict[str, Any]:
        """The fields in JSON form."""
        return {name: getattr(self, name) for name in sorted(_FIELDS)}


def label(statement: Statement, src: Did, before: Datetime | None, now_micros: int) -> Label:
    """The label, not yet signed, that says ``statement``.

    ``before`` is the time of the newest label of the same source, subject and name. Raises
    `LabelError` for what no label may say, or what nobody would ever see.
    """
    if not _NAME.fullmatch(statement.val):
        # Apps never show a label of another form, and do not say so (spec §4.1).
        raise LabelError(
            f"label {statement.val!r}: want lower-case letters, digits and dashes, as in adult-only"
        )
    cts = newer(before, now_micros)
    if statement.exp is not None:
        if statement.neg:
            raise LabelError("a negation does not expire: leave exp out")
        if statement.exp.micros() <= cts.micros():
            raise LabelError(f"exp {statement.exp} is not after {cts}: the label would never hold")
    fields = {
        "src": src,
        "uri": statement.uri,
        "cid": statement.cid,
        "val": statement.val,
        "neg": statement.neg or None,
        "cts": cts,
        "exp": statement.exp,
    }
    return Label.parse({name: value for name, value in fields.items() if value is not None})


def newer(before: Datetime | None, now_micros: int) -> Datetime:
    """Now, or the first millisecond after ``before`` where that is later."""
    if before is not None:
        now_micros = max(now_micros, before.micros() + _MILLISECOND)
    return Datetime.from_micros(now_micros)


def holds(label: Label, now_micros: int) -> bool:
    """Whether a label that no newer one has replaced still says something."""
    return not label.negates and (label.exp is None or label.exp.micros() > now_micros)


def standing(labels: Iterable[Label], now_micros: int) -> list[Label]:
    """Of labels in the order in which they were given, those that hold."""
    newest = {(label.src, label.uri, label.val): label for label in labels}
    return [label for label in newest.values() if holds(label, now_micros)]
