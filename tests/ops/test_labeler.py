"""The labeler as the settings describe it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from atp.did_doc import build
from atp.keys import Curve, PrivateKey
from atp.label import KEY_ID
from atp.runtime.http import Client
from atp.syntax import Did
from labeler import keys
from labeler.service import OtherKey
from lexicons.catalog import Catalog
from ops.errors import CannotRun
from ops.labeler import labeler
from ops.settings import Settings
from pds_client.identity import Directory
from tests.pds_client.ours import ours

CATALOG = Catalog.load()
ELSEWHERE = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
SECRET, OTHER = b"\x05" * 32, b"\x06" * 32


def settings(folder: Path) -> Settings:
    """A labeler whose DID document others serve."""
    file = folder / "key"
    keys.write_new(file, SECRET)
    return Settings(data_dir=folder, labeler_key_file=file, labeler_did=ELSEWHERE)


def knowing(http: Client, secret: bytes) -> Directory:
    """A directory in which every labeler here has that key."""
    public = PrivateKey.from_bytes(Curve.K256, secret).public_key
    known = [build(did, None, {KEY_ID: public}, {}) for did in (ELSEWHERE, Settings().did)]
    return Directory(http, "http://127.0.0.1:1", ours=ours(*known))


async def test_a_key_that_the_document_contradicts_is_refused(tmp_path: Path) -> None:
    """And the store is free again for a start with the right one."""
    asked = settings(tmp_path)
    async with Client(allow_private=True) as http:
        with pytest.raises(OtherKey, match="publishes"):
            async with labeler(asked, knowing(http, OTHER), CATALOG):
                pass
        async with labeler(asked, knowing(http, SECRET), CATALOG) as it:
            assert it.did == ELSEWHERE


async def test_our_own_document_follows_the_key(tmp_path: Path) -> None:
    """The document that this listener serves is made from the key, so it is not asked for."""
    asked = replace(settings(tmp_path), labeler_did=None)
    async with (
        Client(allow_private=True) as http,
        labeler(asked, knowing(http, OTHER), CATALOG) as it,
    ):
        assert it.did == asked.did
        assert it.public_key == PrivateKey.from_bytes(Curve.K256, SECRET).public_key


async def test_a_key_file_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """A labeler that silently labels nothing would be worse."""
    asked = settings(tmp_path)
    async with Client(allow_private=True) as http:
        (tmp_path / "key").chmod(0o640)
        with pytest.raises(CannotRun, match="chmod 600"):
            async with labeler(asked, knowing(http, SECRET), CATALOG):
                pass
