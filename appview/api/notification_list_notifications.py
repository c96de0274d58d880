"""``notification.listNotifications``: what others did with the asking account's tracks."""

from __future__ import annotations

from appview import acts, cursor
from appview.call import Call
from appview.hydrate import hydrate
from appview.private import Private
from appview.store import Store
from appview.store_notifications import notifications
from appview.views.notification import notification_list


def answer(store: Store, call: Call, private: Private) -> dict[str, object]:
    """The notifications that follow the cursor."""
    owner, limit = call.account, call.params.limit
    after = call.params.after(cursor.LAST)
    seen_at = private.seen_at(owner)
    with store.snapshot():
        page = acts.page(notifications(store, owner, after, limit + 1), limit)
        state = hydrate(store, page, call)
    return notification_list(acts.shown(page, state), state, seen_at)
