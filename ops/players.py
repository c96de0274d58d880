"""Who plays the scene: accounts of the in-process network, or of a real PDS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from atp.syntax import Handle, Nsid, RecordKey
from ops.devnet import account as devnet
from ops.devnet.pds import Pds
from ops.scene import Ref
from ops.world import account as world
from ops.world.network import World


@dataclass(slots=True)
class WorldPlayer:
    """An account of a `World`; what it does has happened when the call returns."""

    account: world.Account

    @property
    def handle(self) -> str:
        """Its handle now."""
        return self.account.handle

    async def create(self, collection: str, record: dict[str, Any]) -> Ref:
        """Publish a record."""
        made = self.account.create(collection, record)
        return Ref(made.uri, str(made.cid))

    async def put(self, collection: str, rkey: str, record: dict[str, Any]) -> Ref:
        """Publish a record at a key."""
        made = self.account.create(collection, record, rkey)
        return Ref(made.uri, str(made.cid))

    async def delete(self, collection: str, rkey: str) -> None:
        """Delete a record."""
        self.account.delete(collection, rkey)

    async def upload(self, data: bytes, mime_type: str) -> dict[str, Any]:
        """Upload a blob."""
        return self.account.upload_blob(data, mime_type)

    async def rename(self, name: str) -> None:
        """Take the handle of another name."""
        self.account.set_handle(f"{name}.test")


@dataclass(slots=True)
class DevnetPlayer:
    """An account of a real PDS."""

    account: devnet.Account
    handle: str

    async def create(self, collection: str, record: dict[str, Any]) -> Ref:
        """Publish a record."""
        made = await self.account.create_record(Nsid.parse(collection), record)
        return Ref(made.uri, str(made.cid))

    async def put(self, collection: str, rkey: str, record: dict[str, Any]) -> Ref:
        """Publish a record at a key."""
        key = RecordKey.parse(rkey)
        made = await self.account.put_record(Nsid.parse(collection), key, record)
        return Ref(made.uri, str(made.cid))

    async def delete(self, collection: str, rkey: str) -> None:
        """Delete a record."""
        await self.account.delete_record(Nsid.parse(collection), RecordKey.parse(rkey))

    async def upload(self, data: bytes, mime_type: str) -> dict[str, Any]:
        """Upload a blob."""
        return await self.account.upload_blob(data, mime_type)

    async def rename(self, name: str) -> None:
        """Take the handle of another name."""
        self.handle = f"{name}.test"
        await self.account.update_handle(Handle.parse(self.handle))


class WorldStage:
    """Makes accounts on the first PDS of a `World`."""

    def __init__(self, net: World) -> None:
        self._net = net

    async def enter(self, name: str) -> WorldPlayer:
        """The account of a name."""
        return WorldPlayer(self._net.create_account(f"{name}.test"))


class DevnetStage:
    """Makes accounts on a real PDS."""

    def __init__(self, pds: Pds) -> None:
        self._pds = pds

    async def enter(self, name: str) -> DevnetPlayer:
        """The account of a name."""
        handle = f"{name}.test"
        return DevnetPlayer(await self._pds.create_account(Handle.parse(handle)), handle)
