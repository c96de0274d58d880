"""Pages of the log: bounded, kept, and as true as the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeler import stream_pages
from labeler.decide import Statement
from labeler.stream_pages import KEPT, PAGE_BYTES, Pages
from tests.labeler.making import made
from tests.labeler.served import tracks

LONG_URI = "https://a.test/" + "a" * 8_000


async def test_pages_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replay keeps so many pages and no more, each of so many labels and about so many bytes."""
    monkeypatch.setattr(stream_pages, "PAGE_LABELS", 4)
    async with made(tmp_path) as it:
        said = [*tracks(4 * KEPT + 7), *(Statement(f"{LONG_URI}{n}", "spam") for n in range(20))]
        given = await it.labels.apply(said, "operator:ann")
        pages, position, seen = Pages(it.conn), 0, 0
        while page := pages.after(position):
            assert len(page.messages) <= PAGE_BYTES + 10_000
            assert page.last > position
            position, seen = page.last, seen + 1
        assert position == given[-1].seq
        assert seen == KEPT + 7
        assert len(pages._kept) == KEPT


async def test_a_page_ends_with_the_label_that_fills_it(tmp_path: Path) -> None:
    """Ten labels of 8 KB are two pages; none is lost where one ends."""
    async with made(tmp_path) as it:
        said = [Statement(f"{LONG_URI}{n}", "spam") for n in range(10)]
        given = [one.seq for one in await it.labels.apply(said, "operator:ann")]
        first = Pages(it.conn).after(0)
        assert first is not None
        assert given[0] < first.last < given[-1]
        assert len(first.messages) >= PAGE_BYTES
        second = Pages(it.conn).after(first.last)
        assert second is not None
        assert second.last == given[-1]
        assert (first.messages + second.messages).count(b"#labels") == 10


async def test_a_page_that_was_read_stays_true(tmp_path: Path) -> None:
    """What comes later follows on the next page, for who has read the first before or after."""
    async with made(tmp_path) as it:
        pages = Pages(it.conn)
        assert pages.after(0) is None
        (one,) = await it.labels.apply(tracks(1), "operator:ann")
        before = pages.after(0)
        (two,) = await it.labels.apply(tracks(1), "operator:ann")
        assert before is not None
        assert pages.after(0) is before
        assert before.last == one.seq
        after = pages.after(one.seq)
        assert after is not None
        assert after.last == two.seq
