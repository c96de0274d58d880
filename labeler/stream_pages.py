"""The log of labels as pages of messages, each page read and encoded once.

A page is what follows a position: some labels in order, and where the next page begins. The log
only grows at its end, so a page that was read stays true; at most it is shorter than it would be
now. All who read the log at its end stand at the same position and are given the same bytes, and so
are all who replay it from the same cursor.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import apsw

from atp import label_frames
from atp.label_frames import LabelsMsg
from labeler import store_keys
from labeler.stream_wire import binary

PAGE_LABELS = 256
PAGE_BYTES = 65_536
"""A page ends with the label that reaches this size."""
KEPT = 32
"""Pages in memory."""


@dataclass(frozen=True, slots=True)
class Page:
    """So many messages, one a label, up to and including that of ``last``."""

    last: int
    count: int
    messages: bytes


class Pages:
    """The pages of the store behind ``conn``, the last few asked for kept."""

    def __init__(self, conn: apsw.Connection) -> None:
        self._conn = conn
        self._kept: OrderedDict[int, Page] = OrderedDict()

    def after(self, seq: int) -> Page | None:
        """The page that follows ``seq``; None where nothing does yet."""
        page = self._kept.get(seq)
        if page is None:
            page = self._read(seq)
            if page is not None:
                self._kept[seq] = page
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return page

    def forget(self) -> None:
        """Read all anew, as signatures have been renewed."""
        self._kept.clear()

    def _read(self, seq: int) -> Page | None:
        messages, count = bytearray(), 0
        for number, label in store_keys.showable(self._conn, seq, PAGE_LABELS):
            messages += binary(label_frames.encode(LabelsMsg(number, (label,))))
            seq = number
            count += 1
            if len(messages) >= PAGE_BYTES:
                break
        return Page(seq, count, bytes(messages)) if messages else None
