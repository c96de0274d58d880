"""What an account is told."""

from __future__ import annotations

from appview.state import Page, State
from appview.views.act import act_view
from appview.views.moment import moment
from appview.views.paged import paged


def notification_list(page: Page, state: State, seen_at: int | None) -> dict[str, object]:
    """A page of notifications; up to ``seen_at``, in µs, they are read."""
    told = [
        {
            "reason": act.kind,
            "isRead": seen_at is not None and act.at <= seen_at,
            **act_view(act, state),
        }
        for act in page.acts
    ]
    seen = {} if seen_at is None else {"seenAt": moment(seen_at)}
    return paged(page, **seen, notifications=told)
