"""Verifying: signatures of real frames, and what becomes of what cannot be verified."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from atp.did_doc import build
from atp.errors import RejectReason
from atp.frames import AccountMsg, CommitMsg, IdentityMsg
from atp.runtime.http import Client
from atp.sync import VerifiedCommit
from indexer.event import Deferred, Message, Outcome, Refused
from indexer.reasons import Drop
from indexer.route import Router
from indexer.store.repos import Desync
from indexer.verify import Verifier
from lexicons.names import Names
from pds_client.identity import Directory
from tests.clock import now
from tests.e2e.hosts import recorded, replaying
from tests.indexer.authors import Author
from tests.pds_client.ours import ours

FRAMES = "jetstream/internal/corpus/testdata/decompressed/frames.bin"
DOCUMENTS = "jetstream/internal/corpus/testdata/decompressed/did_docs.json"


def document(author: Author, key: Author | None = None) -> dict[str, object]:
    """An author's DID document, with its own key or another's."""
    signing = (key or author).key.public_key
    return build(author.did, None, {"#atproto": signing}, {})


async def outcome_of(verifier: Verifier, message: Message) -> Outcome:
    """The outcome, with a look-up where one is needed."""
    return verifier.at_once(message) or await verifier.looked_up(message)


async def test_every_real_frame_verifies(vectors: Path) -> None:
    """All captured relay frames, with routing told to take everything."""
    documents = json.loads((vectors / DOCUMENTS).read_text())
    router = Router(Names(), set(), everything=True)
    found: Counter[type] = Counter()
    async with replaying([], documents) as host, Client(allow_private=True) as http:
        verifier = Verifier(Directory(http, host.url), now)
        for frame in recorded(vectors / FRAMES, "<"):
            message = router.route(frame)
            assert isinstance(message, CommitMsg | IdentityMsg | AccountMsg)
            found[type(await outcome_of(verifier, message))] += 1
    assert found[VerifiedCommit] == 100 - found[IdentityMsg] - found[AccountMsg]
    assert found[VerifiedCommit] > 90


async def test_a_rotated_key_is_fetched_once() -> None:
    """A bad signature makes the document be fetched anew, and the commit then verifies."""
    mira, old = Author(0), Author(1)
    documents: dict[str, object] = {mira.did: document(mira, key=old)}
    async with replaying([], documents) as host, Client(allow_private=True) as http:
        verifier = Verifier(Directory(http, host.url), lambda: mira.now)
        bad = await outcome_of(verifier, mira.message())
        assert bad == Refused(RejectReason.BAD_SIGNATURE)
    async with replaying([], documents) as host, Client(allow_private=True) as http:
        directory = Directory(http, host.url)
        await directory.doc(mira.did)
        documents[mira.did] = document(mira)
        verifier = Verifier(directory, lambda: mira.now)
        assert isinstance(await outcome_of(verifier, mira.message()), VerifiedCommit)


async def test_an_identity_event_renews_the_document() -> None:
    """After `#identity` the cached key is not used again."""
    mira, old = Author(0), Author(1)
    documents: dict[str, object] = {mira.did: document(mira, key=old)}
    async with replaying([], documents) as host, Client(allow_private=True) as http:
        directory = Directory(http, host.url)
        await directory.doc(mira.did)
        documents[mira.did] = document(mira)
        verifier = Verifier(directory, lambda: mira.now)
        assert verifier.at_once(mira.identity()) == mira.identity()
        assert isinstance(await outcome_of(verifier, mira.message()), VerifiedCommit)


async def test_absent_invalid_and_unavailable_are_kept_apart() -> None:
    """No such DID is refused; a document without a key and a dead directory are deferred."""
    mira, ada, kenji = Author(0), Author(1), Author(2)
    keyless = build(ada.did, None, {}, {})
    async with replaying([], {ada.did: keyless}) as host, Client(allow_private=True) as http:
        verifier = Verifier(Directory(http, host.url), lambda: mira.now)
        assert await outcome_of(verifier, mira.message()) == Refused(Drop.IDENTITY_ABSENT)
        invalid = Deferred(ada.did, Desync.IDENTITY_INVALID)
        assert await outcome_of(verifier, ada.message()) == invalid
    async with Client(allow_private=True) as http:
        verifier = Verifier(Directory(http, "http://127.0.0.1:1"), lambda: mira.now)
        gone = Deferred(kenji.did, Desync.IDENTITY_UNAVAILABLE)
        assert await outcome_of(verifier, kenji.message()) == gone


async def test_garbage_is_refused_by_name() -> None:
    """A commit whose blocks, signature or inclusion fail has its reason."""
    mira = Author(0)
    async with Client(allow_private=True) as http:
        directory = Directory(http, "http://127.0.0.1:1", ours=ours(document(mira)))
        await directory.doc(mira.did)
        verifier = Verifier(directory, lambda: mira.now)
        good = mira.message(mira.track())
        broken = bytearray(good.blocks)
        broken[-40] ^= 1
        assert verifier.at_once(good) is not None
        changed = replace(good, blocks=bytes(broken))
        assert verifier.at_once(changed) == Refused(RejectReason.BAD_CAR)
