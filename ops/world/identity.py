"""An account's own end of its DID: what it last published, and the key that may change it."""

from __future__ import annotations

from dataclasses import replace

from atp.keys import PrivateKey, PublicKey
from atp.syntax import Handle
from ops.world.directory import PlcDirectory
from ops.world.plc import PlcData, did_of, tombstone

SIGNING_METHOD = "atproto"
PDS_SERVICE = "atproto_pds"
PDS_TYPE = "AtprotoPersonalDataServer"


class Identity:
    """A did:plc, registered with a directory as it is made."""

    def __init__(
        self,
        directory: PlcDirectory,
        rotation: PrivateKey,
        signing: PublicKey,
        handle: Handle,
        pds_url: str,
    ) -> None:
        self._directory = directory
        self._rotation = rotation
        self._data = PlcData(
            rotation_keys=(rotation.public_key,),
            verification_methods={SIGNING_METHOD: signing},
            also_known_as=(f"at://{handle}",),
            services={},
        )
        genesis = self._data.operation(None, rotation)
        self.did = did_of(genesis)
        directory.submit(self.did, genesis)
        self._publish(replace(self._data, services={PDS_SERVICE: (PDS_TYPE, pds_url)}))

    def set_handle(self, handle: Handle) -> None:
        """Claim a handle."""
        self._publish(replace(self._data, also_known_as=(f"at://{handle}",)))

    def set_signing_key(self, signing: PublicKey) -> None:
        """Name another key for the repository's commits."""
        self._publish(replace(self._data, verification_methods={SIGNING_METHOD: signing}))

    def move(self, signing: PublicKey, pds_url: str) -> None:
        """Name another PDS and the key that it signs with."""
        methods = {SIGNING_METHOD: signing}
        services = {PDS_SERVICE: (PDS_TYPE, pds_url)}
        self._publish(replace(self._data, verification_methods=methods, services=services))

    def tombstone(self) -> None:
        """End the DID."""
        newest = self._directory.newest(self.did)
        self._directory.submit(self.did, tombstone(newest.cid, self._rotation))

    def _publish(self, data: PlcData) -> None:
        newest = self._directory.newest(self.did)
        self._directory.submit(self.did, data.operation(newest.cid, self._rotation))
        self._data = data
