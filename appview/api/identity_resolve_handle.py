"""``com.atproto.identity.resolveHandle``: the DID behind a handle.

Verified handles of accounts that are shown come from the index; others are looked up, one way, as
the lexicon has it.
"""

from __future__ import annotations

from appview.call import Call
from appview.handles import Handles
from appview.store import Store
from atp.runtime.xrpc import XrpcError
from atp.syntax import Handle


async def answer(store: Store, call: Call, handles: Handles) -> dict[str, object]:
    """The DID."""
    handle = Handle(call.params.text("handle"))
    if handle == Handle.INVALID:
        raise XrpcError(400, "HandleNotFound", f"{handle} is nobody's")
    return {"did": store.resolve((handle,)).get(handle) or await handles.did(handle)}
