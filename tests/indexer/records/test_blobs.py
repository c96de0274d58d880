"""Which files of an account its records refer to."""

from __future__ import annotations

from typing import Any

from atp.cid import Cid
from indexer.records.blobs import MAX_BLOBS, MAX_TYPE
from lexicons.names import FOREIGN_PROFILE
from tests.indexer.authors import NAMES, Author, Create, Delete, Index, Update, track

KEY = "3kaaaaaaaaaa2"


def ref(body: bytes, mime_type: str = "audio/mpeg") -> dict[str, Any]:
    """A reference to a file."""
    cid = str(Cid.for_raw(body))
    return {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime_type, "size": len(body)}


def held(index: Index) -> list[tuple[object, ...]]:
    """Whose files are known, and what is claimed of them."""
    return [
        (did, Cid(cid), mime_type, size)
        for did, cid, mime_type, size in index.conn.execute(
            "SELECT a.did, b.cid, b.mime_type, b.size FROM blobs b"
            " JOIN actors a ON a.id = b.actor ORDER BY b.record, b.size"
        )
    ]


def test_sounds_and_pictures() -> None:
    """A track's sound and pictures and a profile's avatar; nothing else."""
    index, mira = Index(), Author(0)
    record = {
        "audioBlob": ref(b"s"),
        "cover": [ref(b"12", "image/png"), ref(b"12", "image/jpeg")],
        "page": ref(b"123", "text/html"),
    }
    index.apply(mira.commit(mira.track(KEY, **record)))
    profile = {"avatar": ref(b"1234", "image/jpeg"), "banner": ref(b"12345", "image/jpeg")}
    index.apply(mira.commit(Create(FOREIGN_PROFILE, profile, "self")))
    assert held(index) == [
        (mira.did, Cid.for_raw(b"s"), "audio/mpeg", 1),
        (mira.did, Cid.for_raw(b"12"), "image/png", 2),
        (mira.did, Cid.for_raw(b"1234"), "image/jpeg", 4),
    ]


def test_they_go_with_their_record() -> None:
    """An update has its own files, a delete none; another record keeps what it refers to."""
    index, mira = Index(), Author(0)
    other = mira.track("3kaaaaaaaaab2", audioBlob=ref(b"s"))
    index.apply(mira.commit(mira.track(KEY, audioBlob=ref(b"s")), other))
    index.apply(mira.commit(Update(NAMES.track, KEY, track(audioBlob=ref(b"new")))))
    assert [cid for _, cid, *_ in held(index)] == [Cid.for_raw(b"new"), Cid.for_raw(b"s")]
    index.apply(mira.commit(Delete(NAMES.track, KEY)))
    assert [cid for _, cid, *_ in held(index)] == [Cid.for_raw(b"s")]


def test_an_invalid_record_has_none() -> None:
    """What is not shown is not served."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(KEY, title="", audioBlob=ref(b"s"))))
    assert held(index) == []


def test_they_go_with_their_account() -> None:
    """A deleted account leaves nothing; another's stay."""
    index, mira, ada = Index(), Author(0), Author(1)
    for author in (mira, ada):
        index.apply(author.commit(author.track(KEY, audioBlob=ref(b"s"))))
    index.confirm(mira.account(active=False, status="deleted"))
    assert [did for did, *_ in held(index)] == [ada.did]


def test_a_record_has_few_files() -> None:
    """However many a hostile one names, and whatever it calls their type."""
    index, mira = Index(), Author(0)
    pictures = [ref(b"%d" % number, "image/png") for number in range(100)]
    odd = ref(b"odd", "image/" + "x" * MAX_TYPE)
    index.apply(mira.commit(mira.track(KEY, audioBlob=ref(b"s"), odd=odd, pictures=pictures)))
    found = held(index)
    assert len(found) == MAX_BLOBS
    assert Cid.for_raw(b"s") in [row[1] for row in found]
    assert all(len(str(row[2])) <= MAX_TYPE for row in found)
