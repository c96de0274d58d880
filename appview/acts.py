"""Pages of acts: likes, comments, lists and tracks in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from appview import cursor, rules
from appview.cursor import Place
from appview.state import Act, Page, State


def page(acts: Sequence[Act], limit: int) -> Page:
    """The first ``limit`` of up to ``limit + 1`` acts, and what they are made of."""
    _, following = cursor.page([Place(act.at, act.record) for act in acts], limit)
    kept = tuple(acts[:limit])
    return Page(
        tracks=tuple(dict.fromkeys(act.track for act in kept if act.track is not None)),
        comments=_records(kept, "comment"),
        likes=_records(kept, "like"),
        lists=tuple(dict.fromkeys(_records(kept, "list"))),
        acts=kept,
        cursor=following,
    )


def shown(page: Page, state: State) -> Page:
    """The page without acts of which something may not be shown."""
    allowed = rules.shown(page, state)
    records = {*allowed.tracks, *allowed.comments, *allowed.likes, *allowed.lists}
    return replace(
        allowed,
        acts=tuple(act for act in page.acts if {act.record, act.track or act.record} <= records),
    )


def _records(acts: Sequence[Act], kind: str) -> tuple[int, ...]:
    return tuple(act.record for act in acts if act.kind == kind)
