"""Which of the loaded rows may be shown: pure, a page in, a smaller page out.

The law about accounts: nothing that belongs to one that is not active, for whatever reason, is
shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from appview.state import Actor, Page, Record, State


def shown(page: Page, state: State) -> Page:
    """The page without what is absent or hidden; its order, items and cursor stay."""
    return replace(
        page,
        tracks=_of_active(page.tracks, state.tracks, state),
        comments=_of_active(page.comments, state.comments, state),
        likes=_of_active(page.likes, state.likes, state),
        lists=_of_active(page.lists, state.lists, state),
        actors=tuple(did for did in page.actors if _is_active(state.actors[did])),
    )


def _of_active(
    keys: Sequence[int], rows: Mapping[int, Record | None], state: State
) -> tuple[int, ...]:
    return tuple(key for key in keys if (row := rows[key]) and _is_active(state.actors[row.author]))


def _is_active(actor: Actor | None) -> bool:
    return actor is not None and actor.active
