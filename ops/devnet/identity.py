"""What changes an account's DID document: another PDS, another signing key.

Moving goes as a person's client does it: the old PDS vouches for the owner, the new one is given
repo and blobs while the account rests there, the directory is told, and the new one wakes. A
signing key belongs to the PDS, which brings a new one into use by itself; the owner has the
directory told.
"""

from __future__ import annotations

from atp.syntax import Handle
from ops.devnet.account import Account
from ops.devnet.pds import Pds

CAR = {"Content-Type": "application/vnd.ipld.car"}


async def migrate(account: Account, there: Pds, handle: Handle) -> Account:
    """Move an active account to another PDS, under a handle of that one; the account there.

    The old one is active still: deactivate it when whoever listens to both PDSes has noticed, as a
    relay keeps no order between two hosts. The repo there is as it was, signed with the key of the
    old PDS, which nobody can check any more: let a commit follow.
    """
    moved = await there.receive(account, handle)
    of = {"did": str(account.did)}
    repo, _ = await account.xrpc.get_bytes("com.atproto.sync.getRepo", of)
    await moved.procedure("com.atproto.repo.importRepo", repo, CAR)
    for blob in await moved.missing_blobs():
        content, mime_type = await account.xrpc.get_bytes(
            "com.atproto.sync.getBlob", {**of, "cid": str(blob)}
        )
        await moved.upload_blob(content, mime_type)
    await _tell_directory(account, moved)
    await moved.activate()
    return moved


async def rotate_key(account: Account, pds: Pds) -> None:
    """Have the account's next commits signed with a new key.

    Its repo as it stands is signed with the old one, which nobody can check any more: let a commit
    follow.
    """
    pds.renew_key(account.did)
    await _tell_directory(account, account)


async def _tell_directory(signing: Account, serving: Account) -> None:
    """Bring the DID document up to what the serving PDS says, signed by the other one."""
    credentials = await serving.query("com.atproto.identity.getRecommendedDidCredentials")
    operation = await signing.sign_plc_operation(credentials)
    await serving.procedure("com.atproto.identity.submitPlcOperation", {"operation": operation})
