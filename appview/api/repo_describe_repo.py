"""``com.atproto.repo.describeRepo``: an account, its DID document, and the collections we hold."""

from __future__ import annotations

import asyncio

from appview import repo, store_repo
from appview.call import Call
from appview.network import Network
from appview.store import Store
from atp.runtime.xrpc import XrpcError
from atp.syntax import Handle
from pds_client.identity import DidError

PATIENCE = 5.0  # seconds for the document


async def answer(store: Store, call: Call, network: Network) -> dict[str, object]:
    """What is known of the account here, and its document from where that is kept."""
    with store.snapshot():
        did = repo.find(store, call)
        handle = store_repo.handle(store, did)
        collections = store_repo.collections(store, did)
    try:
        async with asyncio.timeout(PATIENCE):
            document = await network.directory.doc(did)
    except (DidError, TimeoutError) as exc:
        message = f"the DID document of {did} is not to be had now"
        raise XrpcError(400, "InvalidRequest", message) from exc
    return {
        "handle": handle,
        "did": did,
        "didDoc": document.raw,
        "collections": collections,
        "handleIsCorrect": handle != Handle.INVALID,
    }
