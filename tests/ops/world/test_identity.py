"""An identity publishes every change of itself as a checked operation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from atp.did_doc import DidDocument
from atp.keys import Curve
from atp.syntax import Did, Handle
from ops.world.directory import PlcDirectory
from ops.world.identity import Identity
from ops.world.keys import Secrets
from ops.world.plc import OperationError

SECRETS = Secrets(1, "account 0")
ROTATION = SECRETS.key("rotation", Curve.K256)
ONE, TWO = (SECRETS.key(f"signing {n}", Curve.P256).public_key for n in range(2))


@pytest.fixture
def directory(clock: Callable[[], int]) -> PlcDirectory:
    """An empty directory."""
    return PlcDirectory(clock)


def identity(directory: PlcDirectory, pds_url: str = "http://localhost:1") -> Identity:
    """A new identity."""
    return Identity(directory, ROTATION, ONE, Handle.parse("alice.test"), pds_url)


def read(directory: PlcDirectory, did: Did) -> DidDocument:
    """The document as a consumer reads it."""
    return DidDocument.parse(directory.document(did), did)


def test_changes_one_thing_at_a_time(directory: PlcDirectory) -> None:
    """Handle and key change by themselves; everything else stays."""
    alice = identity(directory)
    assert read(directory, alice.did).signing_key == ONE
    alice.set_handle(Handle.parse("alicia.test"))
    alice.set_signing_key(TWO)
    document = read(directory, alice.did)
    assert (document.handle, document.signing_key) == ("alicia.test", TWO)
    assert document.pds == "http://localhost:1"


def test_did_does_not_depend_on_the_port(clock: Callable[[], int]) -> None:
    """The genesis operation names no PDS: the same keys and handle make the same DID."""
    dids = {identity(PlcDirectory(clock), f"http://localhost:{port}").did for port in (1, 2)}
    assert len(dids) == 1


def test_tombstone_is_the_end(directory: PlcDirectory) -> None:
    """After a tombstone nothing can be published any more."""
    alice = identity(directory)
    alice.tombstone()
    assert directory.newest(alice.did).operation["type"] == "plc_tombstone"
    with pytest.raises(OperationError):
        alice.set_handle(Handle.parse("back.test"))


def test_the_same_identity_cannot_be_made_twice(directory: PlcDirectory) -> None:
    """The same data and keys are the same DID, which is registered already."""
    identity(directory)
    with pytest.raises(OperationError, match="not the newest"):
        identity(directory)


def test_a_move_changes_key_and_pds(directory: PlcDirectory) -> None:
    """Both in one operation; the handle stays."""
    alice = identity(directory)
    alice.move(TWO, "http://localhost:2")
    document = read(directory, alice.did)
    assert (document.handle, document.signing_key) == ("alice.test", TWO)
    assert document.pds == "http://localhost:2"
