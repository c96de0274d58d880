"""``com.atproto.repo.getRecord``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from atp.cid import Cid
from lexicons.names import (
    DESCRIBE_REPO,
    FOREIGN_PROFILE,
    LIST_RECORDS,
    REPO_GET_RECORD,
    RESOLVE_HANDLE,
)
from tests.appview.api.repos import apply, name
from tests.appview.client import Client
from tests.appview.index import LABELER, NAMES, Index
from tests.indexer.authors import Author, Create, Delete, Update, track
from tests.lexicons.naive import DOCUMENTS

T1, T2 = "3kaaaaaaaaaa2", "3kaaaaaaaaab2"


def params(author: Author, rkey: str = T1, **more: str) -> dict[str, str]:
    """Of which record."""
    return {"repo": author.did, "collection": NAMES.track, "rkey": rkey, **more}


def undescribed(schema: Any) -> Any:
    """A part of a lexicon without the words that are for people."""
    if isinstance(schema, dict):
        return {key: undescribed(part) for key, part in schema.items() if key != "description"}
    return [undescribed(part) for part in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("nsid", [REPO_GET_RECORD, LIST_RECORDS, DESCRIBE_REPO, RESOLVE_HANDLE])
def test_the_lexicon_is_the_protocol_s(nsid: str, vectors: Path) -> None:
    """But for descriptions, the schema is the published one."""
    published = vectors / "atproto/lexicons" / f"{nsid.replace('.', '/')}.json"
    official = undescribed(json.loads(published.read_bytes())["defs"])
    assert undescribed(DOCUMENTS[nsid]) == official


def test_a_record_by_did_and_by_handle(index: Index, client: Client) -> None:
    """URI, version and value, verbatim."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1, title="Ünï 夜", odd={"$bytes": "AQI"})))
    name(index, mira, "mira.test")
    found = client.get(REPO_GET_RECORD, **params(mira))
    held = mira.repo.records[f"{NAMES.track}/{T1}"]
    assert found == {
        "uri": mira.uri(NAMES.track, T1),
        "cid": str(held.cid),
        "value": track(title="Ünï 夜", odd={"$bytes": "AQI"}) | {"$type": NAMES.track},
    }
    by_handle = params(mira) | {"repo": "MIRA.test"}
    assert client.get(REPO_GET_RECORD, **by_handle) == found
    assert client.get(REPO_GET_RECORD, **params(mira, cid=str(held.cid))) == found


def test_only_what_is_held(index: Index, client: Client) -> None:
    """Another version, another key, a deleted record, another collection: RecordNotFound."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1)), mira.commit(mira.track(T2)))
    old = str(mira.repo.records[f"{NAMES.track}/{T1}"].cid)
    apply(index, mira.commit(Update(NAMES.track, T1, track(title="New"))))
    apply(index, mira.commit(Delete(NAMES.track, T2)))
    assert client.get(REPO_GET_RECORD, **params(mira))["value"]["title"] == "New"
    for wrong in (
        params(mira, cid=old),
        params(mira, cid=str(Cid.for_cbor(b"x"))),
        params(mira, T2),
        params(mira, "self"),
        params(mira) | {"collection": "app.bsky.feed.post"},
        params(mira) | {"collection": NAMES.like},
    ):
        assert client.refused(REPO_GET_RECORD, **wrong) == "RecordNotFound"


def test_a_record_that_breaks_its_schema_is_a_record(index: Index, client: Client) -> None:
    """What an account has written is told, whether it is shown elsewhere or not."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1, title="")))
    assert client.refused("feed.getTrack", uri=mira.uri(NAMES.track, T1)) == "RecordNotFound"
    assert client.get(REPO_GET_RECORD, **params(mira))["value"]["title"] == ""


def test_the_profile_of_another_application(index: Index, client: Client) -> None:
    """Bluesky's profile of an account that has records of ours is held."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1), Create(FOREIGN_PROFILE, {"displayName": "M"}, "self")))
    asked = params(mira, "self") | {"collection": FOREIGN_PROFILE}
    assert client.get(REPO_GET_RECORD, **asked)["value"]["displayName"] == "M"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("takendown", "RepoTakendown"),
        ("suspended", "RepoSuspended"),
        ("deactivated", "RepoDeactivated"),
        ("deleted", "RepoNotFound"),
        (None, "RepoDeactivated"),
    ],
)
def test_hidden_accounts(index: Index, client: Client, status: str | None, error: str) -> None:
    """The error says why, in every query about the repo."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1)))
    index.status(mira.did, active=False)
    index.conn.execute("UPDATE actors SET upstream_status = ?", (status,))
    assert client.refused(REPO_GET_RECORD, **params(mira)) == error
    listed = {"repo": mira.did, "collection": NAMES.track}
    assert client.refused(LIST_RECORDS, **listed) == error
    assert client.refused(DESCRIBE_REPO, repo=mira.did) == error


def test_what_a_labeler_takes_down(index: Index, client: Client) -> None:
    """A record, and then its account, for who lets the labeler do so."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1), mira.track(T2)))
    client.labelers.append(LABELER)
    client.headers = {b"atproto-accept-labelers": f"{LABELER};redact".encode()}
    index.label(mira.uri(NAMES.track, T1), "!takedown")
    assert client.refused(REPO_GET_RECORD, **params(mira)) == "RecordNotFound"
    assert client.get(REPO_GET_RECORD, **params(mira, T2))["cid"]
    listed = client.get(LIST_RECORDS, repo=mira.did, collection=NAMES.track)["records"]
    assert [record["uri"] for record in listed] == [mira.uri(NAMES.track, T2)]
    index.label(mira.did, "!takedown")
    assert client.refused(REPO_GET_RECORD, **params(mira, T2)) == "RepoTakendown"
    client.headers = {b"atproto-accept-labelers": LABELER.encode()}
    assert client.get(REPO_GET_RECORD, **params(mira))["cid"]


def test_what_our_own_labeler_takes_down(index: Index, client: Client) -> None:
    """A record and an account, for who accepts nobody's labels too."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1), mira.track(T2)))
    index.own(LABELER)
    client.headers = {b"atproto-accept-labelers": b""}
    index.label(mira.uri(NAMES.track, T1), "!takedown")
    assert client.refused(REPO_GET_RECORD, **params(mira)) == "RecordNotFound"
    listed = client.get(LIST_RECORDS, repo=mira.did, collection=NAMES.track)["records"]
    assert [record["uri"] for record in listed] == [mira.uri(NAMES.track, T2)]
    index.label(mira.did, "!suspend")
    assert client.refused(REPO_GET_RECORD, **params(mira, T2)) == "RepoTakendown"


def test_unknown_repos_and_bad_parameters(index: Index, client: Client) -> None:
    """A repo that is not followed is RepoNotFound, what is no identifier InvalidRequest."""
    mira, stranger = Author(0), Author(1)
    apply(index, mira.commit(mira.track(T1)))
    for repo in (stranger.did, "nobody.test"):
        assert client.refused(REPO_GET_RECORD, **params(mira) | {"repo": repo}) == "RepoNotFound"
    for wrong in ({"repo": "x"}, {"collection": "x"}, {"rkey": "a/b"}, {"cid": "x"}):
        assert client.refused(REPO_GET_RECORD, **params(mira) | wrong) == "InvalidRequest"
