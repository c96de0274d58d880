"""Real frames, and the DID documents that their signatures are checked with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from atp.did_doc import DidDocument
from atp.keys import PublicKey
from atp.syntax import Did


def relay_frames(vectors: Path) -> list[bytes]:
    """What a public relay sent on one day of 2026."""
    return _frames(_corpus(vectors) / "frames.bin", "little")


def relay_keys(vectors: Path) -> dict[Did, PublicKey]:
    """The signing keys of the accounts in `relay_frames`."""
    documents = json.loads((_corpus(vectors) / "did_docs.json").read_text())
    return {Did(did): _signing_key(document, did) for did, document in documents.items()}


def pds_frames(shared: Path) -> list[bytes]:
    """The stream of a PDS whose accounts did everything once, from the first message on."""
    return _frames(shared / "samples/sample_frames.bin", "big")


def pds_keys(shared: Path) -> dict[Did, PublicKey]:
    """The signing keys of the accounts in `pds_frames`."""
    accounts = json.loads((shared / "samples/sample_identities.json").read_text())
    return {Did(did): _signing_key(account["doc"], did) for did, account in accounts.items()}


def _corpus(vectors: Path) -> Path:
    return vectors / "jetstream/internal/corpus/testdata/decompressed"


def _frames(path: Path, order: Literal["little", "big"]) -> list[bytes]:
    raw = path.read_bytes()
    frames = []
    at = 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 4], order)
        frames.append(raw[at + 4 : at + 4 + length])
        at += 4 + length
    assert frames
    return frames


def _signing_key(document: object, did: str) -> PublicKey:
    key = DidDocument.parse(document, Did.parse(did)).signing_key
    assert key is not None
    return key
