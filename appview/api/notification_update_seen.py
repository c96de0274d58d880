"""``notification.updateSeen``: the asking account has seen its notifications."""

from __future__ import annotations

from appview.call import Call
from appview.private import Private
from appview.store import Store
from atp.runtime.asgi import Response
from atp.syntax import Datetime


async def answer(store: Store, call: Call, private: Private) -> Response:
    """Keep up to when; a time to come counts as now.

    An account that nobody here has ever named has no notifications, and nothing is kept of it.
    """
    account = call.account
    assert isinstance(call.input, dict), "the lexicon makes it an object"
    if store.knows(account):
        await private.see(account, min(Datetime(call.input["seenAt"]).micros(), call.now))
    return Response(b"", headers=((b"cache-control", b"no-store"),))
