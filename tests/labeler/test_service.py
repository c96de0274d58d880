"""The labeler as a whole: whose labels it holds, whose key it may use, what it takes orders for."""

from __future__ import annotations

from pathlib import Path

import pytest

from atp.did_doc import build
from atp.keys import Curve, PrivateKey
from atp.label import KEY_ID
from atp.runtime import control
from atp.runtime.control import ControlError
from atp.runtime.http import Client
from atp.runtime.lock import LockHeld
from atp.syntax import Did
from labeler import schema
from labeler.decide import Statement
from labeler.keys import Signer
from labeler.service import LabelerConfig, OtherKey, OtherLabeler, opened, require_published
from lexicons.catalog import Catalog
from pds_client.identity import Directory
from tests.labeler.making import KEY, NOW, SRC
from tests.pds_client.ours import ours

CATALOG = Catalog.load()
OTHER = PrivateKey.from_bytes(Curve.K256, b"\x06" * 32)


def config(folder: Path, did: Did = SRC, key: PrivateKey | None = KEY) -> LabelerConfig:
    """What the labeler is told."""
    return LabelerConfig(folder, did, key)


async def test_a_store_stays_with_its_labeler(tmp_path: Path) -> None:
    """Once there are labels a start as somebody else is refused; before, nothing is decided."""
    other = Did("did:web:other.test")
    async with opened(config(tmp_path, other), CATALOG, lambda: NOW):
        pass
    async with opened(config(tmp_path), CATALOG, lambda: NOW) as it:
        await it.labels.apply([Statement("did:web:a.test", "spam")], "operator:ann")
    with pytest.raises(OtherLabeler, match=r"PLYR_LABELER_DID=did:web:labeler\.test"):
        async with opened(config(tmp_path, other), CATALOG, lambda: NOW):
            pass
    async with opened(config(tmp_path), CATALOG, lambda: NOW):
        pass


async def test_one_process_writes(tmp_path: Path) -> None:
    """A second labeler on the same store is refused, and the first is not disturbed."""
    async with opened(config(tmp_path), CATALOG, lambda: NOW) as it:
        with pytest.raises(LockHeld):
            async with opened(config(tmp_path), CATALOG, lambda: NOW):
                pass
        await it.labels.apply([Statement("did:web:a.test", "spam")], "operator:ann")


async def test_orders_come_over_the_socket(tmp_path: Path) -> None:
    """What is done is told; what cannot be said is refused by name, and nothing is kept of it."""
    path = tmp_path / schema.FILE
    async with opened(config(tmp_path), CATALOG, lambda: NOW) as it:
        said = {"statements": [{"uri": "did:web:a.test", "val": "spam"}]}
        who = {"actor": "operator:ann", "reason": None}
        told = await control.request(path, "apply", {**said, **who})
        assert told["stored"][0]["seq"] == NOW
        assert told["stored"][0]["label"]["src"] == SRC
        for wrong in ({"uri": "did:web:a.test", "val": "S P A M"}, {"val": "spam"}):
            with pytest.raises(ControlError, match="LabelError"):
                await control.request(path, "apply", {"statements": [wrong], **who})
        it.labels.signer = None
        with pytest.raises(ControlError, match="NoKey"):
            await control.request(path, "apply", {**said, **who})
        status = await control.request(path, "status", {})
        assert (status["labels"], status["seq"], status["did"]) == (1, NOW, SRC)


@pytest.mark.parametrize("published", [KEY, None, OTHER])
async def test_another_key_in_the_document_is_refused(published: PrivateKey | None) -> None:
    """Labels that nobody could check are not given; a document without a key is waited for."""
    async with Client(allow_private=True, trusted_origins=()) as http:
        keys = {} if published is None else {KEY_ID: published.public_key}
        known = ours(build(SRC, None, keys, {}))
        directory = Directory(http, "http://127.0.0.1:1", ours=known)
        if published is OTHER:
            with pytest.raises(OtherKey, match=KEY.public_key.multikey()):
                await require_published(directory, Signer(SRC, KEY))
        else:
            await require_published(directory, Signer(SRC, KEY))


async def test_a_directory_that_does_not_answer_stops_nobody() -> None:
    """Unknown never means another key (law 10)."""
    async with Client(allow_private=True, trusted_origins=()) as http:
        directory = Directory(http, "http://127.0.0.1:1")
        did = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
        await require_published(directory, Signer(did, KEY))
