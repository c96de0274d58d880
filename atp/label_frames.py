"""The messages of ``subscribeLabels`` (spec §4.3); frames are those of every event stream.

A label that cannot be read is counted and left out, so that it harms none of those beside it; a
frame that cannot be read is a `FrameError`, after which the stream is not to be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from atp import frames
from atp.cbor import Value
from atp.errors import FrameError, LabelError
from atp.frames import MAX_SEQ, ErrorFrame, InfoMsg, UnknownMsg
from atp.label import Label

LABELS = "#labels"


@dataclass(frozen=True, slots=True)
class LabelsMsg:
    """``#labels``: labels as they were issued; ``unreadable`` more came that are none."""

    seq: int
    labels: tuple[Label, ...]
    unreadable: int = 0


Message: TypeAlias = LabelsMsg | InfoMsg | ErrorFrame | UnknownMsg


def decode(frame: bytes) -> Message:
    """The message in ``frame``. Raises `FrameError`."""
    header, body = frames.split(frame)
    if header.get("op") == 1 and header.get("t") == LABELS:
        return _labels(body)
    message = frames.parse(header, body)
    if isinstance(message, InfoMsg | ErrorFrame | UnknownMsg):
        return message
    return UnknownMsg(str(header["t"]), None)


def encode(message: LabelsMsg) -> bytes:
    """The frame that carries labels."""
    body = {"seq": message.seq, "labels": [label.fields() for label in message.labels]}
    return frames.encode_message(LABELS, body)


def _labels(body: dict[str, Value]) -> LabelsMsg:
    seq, given = body.get("seq"), body.get("labels")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq <= MAX_SEQ:
        raise FrameError("the sequence number of a #labels message is not between 1 and 2^53 - 1")
    if not isinstance(given, list):
        raise FrameError("the labels of a #labels message are not a list")
    labels = []
    for fields in given:
        try:
            labels.append(_label(fields))
        except LabelError:
            continue
    return LabelsMsg(seq, tuple(labels), len(given) - len(labels))


def _label(fields: Value) -> Label:
    if not isinstance(fields, dict):
        raise LabelError("a label is a map")
    return Label.parse(fields)
