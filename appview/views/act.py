"""Acts of accounts."""

from __future__ import annotations

from appview.state import Act, Page, Record, State
from appview.views.actor import actor_view
from appview.views.comment import comment_view
from appview.views.list_ import list_view
from appview.views.moment import claimed, moment
from appview.views.paged import paged
from appview.views.track import track_view


def activity(page: Page, state: State) -> dict[str, object]:
    """A page of acts."""
    return paged(page, activity=[{"type": act.kind, **act_view(act, state)} for act in page.acts])


def actor_likes(page: Page, state: State) -> dict[str, object]:
    """A page of one account's likes."""
    return paged(page, likes=[_like(act, state) for act in page.acts])


def act_view(act: Act, state: State) -> dict[str, object]:
    """The record, who made it when, and what it is about."""
    record = _record(act, state)
    view: dict[str, object] = {
        "uri": record.uri,
        "cid": str(record.cid),
        "author": actor_view(record.author, state),
        **_times(record),
    }
    if act.track is not None:
        view["track"] = track_view(act.track, state)
    if act.kind == "comment":
        view["comment"] = comment_view(act.record, state)
    if act.kind == "list":
        view["list"] = list_view(act.record, state)
    return view


def _like(act: Act, state: State) -> dict[str, object]:
    like = _record(act, state)
    assert act.track is not None, "a like is of a track"
    return {"uri": like.uri, **_times(like), "track": track_view(act.track, state)}


def _times(record: Record) -> dict[str, str]:
    return {
        "createdAt": claimed(record.value.get("createdAt"), record.first_seen),
        "indexedAt": moment(record.first_seen),
    }


def _record(act: Act, state: State) -> Record:
    rows = {"like": state.likes, "comment": state.comments, "list": state.lists}
    record = rows.get(act.kind, state.tracks)[act.record]
    assert record, "rules leave absent rows out"
    return record
