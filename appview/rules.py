"""Which of the loaded rows may be shown: pure, a page in, a smaller page out.

The law about accounts: nothing that belongs to one that is not active, for whatever reason, is
shown. Nor is what has been taken down by our own labeler, or by one that the caller lets do so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from appview.state import Album, Page, Record, State
from atp.syntax import Did


def shown(page: Page, state: State) -> Page:
    """The page without what is absent or hidden; its order, items and cursor stay."""
    return replace(
        page,
        tracks=_standing(page.tracks, state.tracks, state),
        comments=_standing(page.comments, state.comments, state),
        likes=_standing(page.likes, state.likes, state),
        lists=_standing(page.lists, state.lists, state),
        actors=tuple(did for did in page.actors if _is_shown(did, state)),
        albums=tuple(key for key in page.albums if _is_album_shown(state.albums[key], state)),
    )


def _standing(
    keys: Sequence[int], rows: Mapping[int, Record | None], state: State
) -> tuple[int, ...]:
    return tuple(key for key in keys if _is_standing(rows[key], state))


def _is_standing(row: Record | None, state: State) -> bool:
    return row is not None and row.uri not in state.removed and _is_shown(row.author, state)


def _is_album_shown(album: Album | None, state: State) -> bool:
    if album is None or not _is_shown(album.author, state):
        return False
    return album.list is None or _is_standing(state.lists[album.list], state)


def _is_shown(did: Did, state: State) -> bool:
    actor = state.actors[did]
    return actor is not None and actor.active and did not in state.removed
