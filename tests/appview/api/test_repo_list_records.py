"""``com.atproto.repo.listRecords``."""

from __future__ import annotations

from typing import Any

import pytest

from lexicons.names import LIST_RECORDS, REPO_GET_RECORD
from tests.appview.api.repos import apply, name
from tests.appview.client import Client
from tests.appview.index import NAMES, Index
from tests.indexer.authors import Author, Delete

KEYS = [f"3kaaaaaaaa{letter}a2" for letter in "abcdefgh"]


@pytest.fixture
def mira(index: Index) -> Author:
    """An author of eight tracks, one of which breaks its schema."""
    mira = Author(0)
    apply(index, mira.commit(*(mira.track(key) for key in KEYS[:-1])))
    apply(index, mira.commit(mira.track(KEYS[-1], title="")))
    name(index, mira, "mira.test")
    return mira


def keys(answer: dict[str, Any]) -> list[str]:
    """The keys of the records, in order."""
    return [record["uri"].rpartition("/")[2] for record in answer["records"]]


@pytest.mark.usefixtures("mira")
@pytest.mark.parametrize("reverse", ["false", "true"])
def test_in_the_order_of_keys(client: Client, reverse: str) -> None:
    """The highest key first, or the lowest; pages of every size are the whole."""
    asked = {"repo": "mira.test", "collection": NAMES.track, "reverse": reverse}
    whole = client.get(LIST_RECORDS, **asked)
    assert keys(whole) == (KEYS if reverse == "true" else KEYS[::-1])
    for limit in (1, 3, 7, 8):
        pages = client.pages(LIST_RECORDS, "records", limit, **asked)
        assert [record for page in pages for record in page] == whole["records"]
        assert {len(page) for page in pages[:-1]} <= {limit}


def test_each_as_get_record_has_it(client: Client, mira: Author) -> None:
    """The records are those that can be asked for one by one."""
    records = client.get(LIST_RECORDS, repo=mira.did, collection=NAMES.track)["records"]
    for record, key in zip(records, reversed(KEYS), strict=True):
        asked = {"repo": mira.did, "collection": NAMES.track, "rkey": key}
        assert client.get(REPO_GET_RECORD, **asked) == record


def test_stable_under_writes(index: Index, client: Client, mira: Author) -> None:
    """What comes or goes between pages moves nothing else; a key that is gone can be a cursor."""
    asked = {"repo": mira.did, "collection": NAMES.track, "limit": 3}
    first = client.get(LIST_RECORDS, **asked)
    assert first["cursor"] == KEYS[5]
    apply(index, mira.commit(Delete(NAMES.track, KEYS[5]), mira.track("3kzzzzzzzzzz2")))
    second = client.get(LIST_RECORDS, **asked, cursor=first["cursor"])
    assert keys(second) == [KEYS[4], KEYS[3], KEYS[2]]


def test_what_there_is_not(client: Client, mira: Author) -> None:
    """A followed collection may be empty; of others nothing is claimed."""
    asked: dict[str, Any] = {"repo": mira.did, "collection": NAMES.like}
    assert client.get(LIST_RECORDS, **asked) == {"records": []}
    for wrong in ({"collection": "app.bsky.feed.post"}, {"cursor": "a/b"}, {"limit": 101}):
        assert client.refused(LIST_RECORDS, **asked | wrong) == "InvalidRequest"
    assert client.refused(LIST_RECORDS, **asked | {"repo": "nobody.test"}) == "RepoNotFound"


def test_statements_do_not_grow_with_the_page(client: Client, mira: Author) -> None:
    """Eight records take as many statements as one."""
    asked = {"repo": mira.did, "collection": NAMES.track}
    many = client.statements(LIST_RECORDS, **asked)
    assert len(many) == len(client.statements(LIST_RECORDS, **asked, limit=1)) <= 6
