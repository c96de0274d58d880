"""Answers that come in pages."""

from __future__ import annotations

from appview.state import Page


def paged(page: Page, **fields: object) -> dict[str, object]:
    """``fields`` with the cursor of the next page, which the last page does not have."""
    return fields if page.cursor is None else {"cursor": page.cursor, **fields}
