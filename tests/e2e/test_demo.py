"""`plyr demo` as its users meet it: the SDK, curl, errors, and the end."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest
from atproto_client import Client
from atproto_client.client.base import ClientBase
from atproto_client.exceptions import BadRequestError
from atproto_client.models.dot_dict import DotDict

from lexicons.catalog import Catalog
from lexicons.methods import method
from lexicons.names import Names
from tests.e2e.plyr import Running, running

NAMES = Names()
CATALOG = Catalog.load()
UNSEEN = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/fm.plyr.track/3kaaaaaaaaaa2"


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    """One demo for all tests here; it must end in order afterwards."""
    with running("demo", "--listen=127.0.0.1:0") as started:
        yield started


@pytest.fixture(scope="module")
def track(demo: Running) -> dict[str, Any]:
    """A track with likes and comments."""
    tracks = get(demo, "feed.getLatestTracks")["tracks"]
    return max(tracks, key=lambda it: (it["commentCount"], it["likeCount"]))


def url(demo: Running, name: str, **params: object) -> str:
    """Where a query of ours is."""
    return f"{demo.said['appview']}/xrpc/{NAMES.query(name)}?{urlencode(params, doseq=True)}"


def get(demo: Running, name: str, **params: object) -> dict[str, Any]:
    """A query's answer, which must fit its lexicon."""
    with urllib.request.urlopen(url(demo, name, **params)) as answer:
        body = json.load(answer)
    assert method(CATALOG, NAMES.query(name)).check_output(body) == []
    return body  # type: ignore[no-any-return]


def every_query(track: dict[str, Any]) -> dict[str, dict[str, object]]:
    """Parameters with which each query answers."""
    author = track["author"]["did"]
    return {
        "feed.getTrack": {"uri": track["uri"]},
        "feed.getTracks": {"uris": [track["uri"], UNSEEN]},
        "feed.getLatestTracks": {"limit": 3},
        "feed.getActorTracks": {"actor": author},
        "feed.getTrackLikes": {"uri": track["uri"]},
        "feed.getTrackComments": {"uri": track["uri"]},
        "actor.getProfile": {"actor": author},
        "actor.getProfiles": {"actors": [author, "nobody.test"]},
        "actor.getSuggestions": {"limit": 3},
        "graph.getActorAlbums": {"actor": author},
        "graph.getActorLists": {"actor": author, "listType": "playlist"},
        "graph.getTrackLists": {"uri": track["uri"]},
        "graph.getList": {"uri": track["uri"].replace("/fm.plyr.track/", "/fm.plyr.list/")},
        "server.describeServer": {},
        "server.getStats": {},
    }


def a_list(demo: Running) -> str:
    """The URI of a list, read from the PDS of an artist."""
    for item in get(demo, "feed.getLatestTracks")["tracks"]:
        query = {"repo": item["author"]["did"], "collection": str(NAMES.list)}
        where = f"{demo.said['pds'][0]}/xrpc/com.atproto.repo.listRecords?{urlencode(query)}"
        with urllib.request.urlopen(where) as answer:
            found = json.load(answer)["records"]
        if found:
            return str(found[0]["uri"])
    raise AssertionError("nobody has a list")


def test_the_line_says_where_everything_is(demo: Running) -> None:
    """One line of JSON with the promised keys."""
    assert demo.said.keys() == {"appview", "relays", "plc", "pds", "dataDir", "serviceDid"}
    port = demo.said["appview"].rsplit(":", 1)[1]
    assert demo.said["serviceDid"] == f"did:web:localhost%3A{port}"


def test_the_scene_is_there(demo: Running, track: dict[str, Any]) -> None:
    """Artists, an album, likes, timed comments, a deleted track, a changed handle."""
    stats = get(demo, "server.getStats")
    assert stats["tracks"] >= 16
    assert stats["artists"] == 6
    assert stats["likes"] > 40
    assert stats["durationSeconds"] >= 32
    assert track["commentCount"] > 0
    comments = get(demo, "feed.getTrackComments", uri=track["uri"])["comments"]
    assert len(comments) >= 1
    titles = [
        it["record"]["title"] for it in get(demo, "feed.getLatestTracks", limit=100)["tracks"]
    ]
    assert "untitled demo 3" not in titles
    assert get(demo, "actor.getProfile", actor="ostinato.test")["handle"] == "ostinato.test"
    album = get(demo, "graph.getList", uri=a_list(demo))
    assert album["items"]


def test_the_sdk_calls_every_query(demo: Running, track: dict[str, Any]) -> None:
    """The Python SDK's XRPC client gets what plain HTTP gets."""
    client = ClientBase(base_url=demo.said["appview"] + "/xrpc")
    with closing(client.request):
        for name, params in (every_query(track) | {"graph.getList": {"uri": a_list(demo)}}).items():
            answer = client.invoke_query(str(NAMES.query(name)), params=DotDict(params))
            assert answer.status_code == 200
            assert isinstance(answer.content, dict)
            assert method(CATALOG, NAMES.query(name)).check_output(answer.content) == []
        with pytest.raises(BadRequestError) as refused:
            client.invoke_query(str(NAMES.query("feed.getTrack")), params=DotDict({"uri": UNSEEN}))
    assert refused.value.response is not None
    assert "RecordNotFound" in str(refused.value.response.content)


def test_the_sdk_reads_repos(demo: Running, track: dict[str, Any]) -> None:
    """Its typed methods get from us what they get from the account's PDS."""
    author = track["author"]
    collection, rkey = track["uri"].split("/")[-2:]
    here, pds = (Client(f"{url}/xrpc") for url in (demo.said["appview"], demo.said["pds"][0]))
    with closing(here.request), closing(pds.request):
        for client in (here, pds):
            record = client.com.atproto.repo.get_record(
                {"repo": author["did"], "collection": collection, "rkey": rkey}
            )
            assert (record.uri, record.cid) == (track["uri"], track["cid"])
            assert record.value.title == track["record"]["title"]
            listed = client.com.atproto.repo.list_records(
                {"repo": author["did"], "collection": collection, "limit": 100}
            )
            assert track["uri"] in [one.uri for one in listed.records]
            assert all(one.value.title for one in listed.records)
        repo = here.com.atproto.repo.describe_repo({"repo": author["handle"]})
        assert (repo.did, repo.handle) == (author["did"], author["handle"])
        assert repo.handle_is_correct
        assert collection in repo.collections
        found = here.com.atproto.identity.resolve_handle({"handle": author["handle"]})
        assert found.did == author["did"]


def test_albums(demo: Running) -> None:
    """The demo's album is found through its artist, its slug and its tracks."""
    listing = get(demo, "graph.getList", uri=a_list(demo))["list"]
    artist = listing["author"]["did"]
    assert listing["uri"] in [
        one["uri"] for one in get(demo, "graph.getActorLists", actor=artist)["lists"]
    ]
    albums = get(demo, "graph.getActorAlbums", actor=artist)["albums"]
    assert albums
    for album in albums:
        whole = get(demo, "graph.getAlbum", actor=artist, slug=album["slug"])
        assert whole["album"]["trackCount"] == len(whole["items"]) > 0
        for item in whole["items"]:
            holding = get(demo, "graph.getTrackLists", uri=item["subject"]["uri"])["lists"]
            assert album.get("uri") in (None, *(one["uri"] for one in holding))


def test_curl_calls_every_query(demo: Running, track: dict[str, Any]) -> None:
    """Plain curl, no headers."""
    for name, params in (every_query(track) | {"graph.getList": {"uri": a_list(demo)}}).items():
        done = subprocess.run(
            ["curl", "-fsS", url(demo, name, **params)], capture_output=True, check=True
        )
        assert method(CATALOG, NAMES.query(name)).check_output(json.loads(done.stdout)) == []


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/xrpc/fm.plyr.feed.getNothing", 501, "MethodNotImplemented"),
        ("/xrpc/not-a-method", 400, "InvalidRequest"),
        ("/elsewhere", 404, "XRPCNotSupported"),
        ("/xrpc/fm.plyr.feed.getLatestTracks?limit=0", 400, "InvalidRequest"),
        ("/xrpc/fm.plyr.feed.getLatestTracks?limit=x", 400, "InvalidRequest"),
        ("/xrpc/fm.plyr.feed.getLatestTracks?cursor=%00", 400, "InvalidRequest"),
        ("/xrpc/fm.plyr.feed.getLatestTracks?cursor=" + "A" * 900, 400, "InvalidRequest"),
        ("/xrpc/fm.plyr.feed.getTrack", 400, "InvalidRequest"),
        ("/xrpc/fm.plyr.feed.getTrack?uri=at://nobody", 400, "InvalidRequest"),
        (f"/xrpc/fm.plyr.feed.getTrack?uri={UNSEEN}", 400, "RecordNotFound"),
        (f"/xrpc/fm.plyr.graph.getList?uri={UNSEEN}", 400, "RecordNotFound"),
        ("/xrpc/fm.plyr.feed.getTrackLikes?uri=%FF", 400, "InvalidRequest"),
        ("/xrpc/fm.plyr.actor.getProfile?actor=nobody.test", 400, "ActorNotFound"),
        ("/xrpc/fm.plyr.feed.getActorTracks?actor=nobody.test", 400, "ActorNotFound"),
    ],
)
def test_bad_input_has_its_error(demo: Running, path: str, status: int, error: str) -> None:
    """The XRPC error with its proper name and status, readable from any origin."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(demo.said["appview"] + path)
    with refused.value as answer:
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "*"
        assert json.load(answer)["error"] == error


def test_health_and_did_document(demo: Running) -> None:
    """Healthy while its sources are; the document names the service."""
    with urllib.request.urlopen(demo.said["appview"] + "/xrpc/_health") as answer:
        assert json.load(answer)["status"] == "ok"
    with urllib.request.urlopen(demo.said["appview"] + "/.well-known/did.json") as answer:
        document = json.load(answer)
    assert document["id"] == demo.said["serviceDid"]
    assert document["service"][0]["id"] == "#plyr_appview"
    assert document["service"][0]["serviceEndpoint"] == demo.said["appview"]


def test_new_records_keep_coming(demo: Running) -> None:
    """The trickle is real: the totals grow within seconds."""

    def total() -> int:
        stats = get(demo, "server.getStats")
        return int(stats["tracks"] + stats["likes"] + stats["comments"])

    before = total()
    deadline = time.monotonic() + 40
    while total() == before and time.monotonic() < deadline:
        time.sleep(0.5)
    assert total() > before
