"""``notification.getUnreadCount``: how many notifications the asking account has not seen."""

from __future__ import annotations

from appview.call import Call
from appview.private import Private
from appview.store import Store
from appview.store_notifications import unread


def answer(store: Store, call: Call, private: Private) -> dict[str, object]:
    """The number."""
    return {"count": unread(store, call.account, private.seen_at(call.account))}
