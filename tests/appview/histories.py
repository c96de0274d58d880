"""Histories of an index: what may happen to it, and an AppView that reads it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import apsw
import orjson
from hypothesis import strategies as st

from appview.api import feed_get_actor_tracks as of_actor
from appview.api import feed_get_latest_tracks as latest
from appview.app import open_store
from appview.call import Call
from appview.fragments import Fragments
from appview.labelers import Labelers
from appview.params import Params
from appview.pipeline import Given
from appview.store import Store
from atp.label import Label
from atp.runtime import sqlite
from atp.runtime.asgi import Response
from atp.runtime.xrpc import XrpcError
from atp.syntax import Datetime, Did, Handle
from indexer.rebuild import rebuild
from indexer.records import counters
from indexer.store import handles, labels, projection, rows
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE
from tests.indexer.authors import (
    NAMES,
    Author,
    Create,
    Delete,
    Index,
    Update,
    comment,
    like,
    playlist,
    track,
)

CATALOG = Catalog.load(NAMES.namespace)
LABELER = Did("did:web:labeler.test")
KEYS = ("3kaaaaaaaaaa2", "3kaaaaaaaaaa3")
GUEST = Did("did:web:guest.test")
LIMIT = 2
SECOND = 1_000_000
AVATAR = "bafkreibme22gw2h7y2h7tg2fhqotaqjucnbc24deqo72b6mkl2egezxhvy"
IMAGES: tuple[dict[str, str], ...] = (
    {},
    {"imageUrl": "https://images.plyr.fm/a.webp"},
    {"imageUrl": "https://images.plyr.fm/b.webp"},
    {"imageUrl": "https://elsewhere.example/c.webp"},
)


class World:
    """An index that is written as the indexer does, and an AppView that reads it.

    Two artists, of whom one features the other, begin with a track each on an album.
    """

    def __init__(self, path: Path) -> None:
        self.index = Index(sqlite.connect(path))
        projection.renew(self.index.conn)
        labels.configure(self.index.conn, [LABELER])
        self.authors = [Author(number) for number in range(2)]
        self.store = open_store(path, NAMES)
        self.fragments = Fragments([LABELER])
        self.now = self.index.now
        for author, guest in zip(self.authors, (GUEST, self.authors[0].did), strict=True):
            made = track(album="One", features=[{"did": guest}])
            self.put(author, NAMES.track, KEYS[0], made)

    def close(self) -> None:
        """Close both ends."""
        self.store.close()
        self.index.conn.close()

    def put(self, author: Author, collection: str, rkey: str, value: dict[str, Any] | None) -> None:
        """Create, update or, with None, delete a record, whatever was there."""
        there = f"{collection}/{rkey}" in author.repo.records
        if value is not None:
            self.index.apply(
                author.commit(
                    Update(collection, rkey, value) if there else Create(collection, value, rkey)
                )
            )
        elif there:
            self.index.apply(author.commit(Delete(collection, rkey)))

    def label(self, uri: str, val: str, **fields: Any) -> None:
        """A label that came now."""
        with self.index.transaction():
            made = Label(
                src=LABELER, uri=uri, val=val, cts=Datetime.from_micros(self.now), sig=b"", **fields
            )
            labels.put(self.index.conn, made, self.now)

    def check(self) -> None:
        """Pages from fragments are byte for byte those of the four functions."""
        self.now += SECOND
        self._same(latest)
        for author in self.authors:
            self._same(of_actor, actor=author.did)

    def pages(self) -> bytes:
        """A page as the four functions make it."""
        return orjson.dumps(latest._page(self.store, self._call(limit=50)))

    def given(self) -> bytes:
        """The same page from fragments."""
        return self._body(partial(latest.answer, fragments=self.fragments), self._call(limit=50))

    def interrupted(self, reads: int, what: tuple[Any, ...]) -> tuple[bytes, bool]:
        """The same with something that happens after so many statements; whether it did."""
        asked = count()

        def trace(*_: object) -> bool:
            if next(asked) == reads:
                step(self, *what)
            return True

        conn = self.store._conn
        conn.exec_trace = trace
        try:
            return self.given(), next(asked) > reads
        finally:
            conn.exec_trace = None

    def statements(self, **params: Any) -> list[str]:
        """Those of a page of fifty from fragments."""
        seen: list[str] = []

        def trace(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
            seen.append(sql)
            return True

        conn = self.store._conn
        conn.exec_trace = trace
        try:
            latest.answer(self.store, self._call(limit=50, **params), self.fragments)
        finally:
            conn.exec_trace = None
        return seen

    def _call(self, **params: Any) -> Call:
        return Call(Params(params), None, self.now, labelers=Labelers.default([LABELER]))

    def _same(self, method: Any, **params: Any) -> None:
        cursor: dict[str, str] = {}
        while True:
            call = self._call(limit=LIMIT, **params, **cursor)
            wanted = self._body(method._page, call)
            assert self.fragments.serve(call)
            given = self._body(partial(method.answer, fragments=self.fragments), call)
            assert given == wanted
            if "cursor" not in (found := orjson.loads(wanted)):
                return
            cursor = {"cursor": found["cursor"]}

    def _body(self, answer: Callable[[Store, Call], Given], call: Call) -> bytes:
        try:
            found = answer(self.store, call)
        except XrpcError as exc:
            return exc.response().body
        return found.body if isinstance(found, Response) else orjson.dumps(found)


authors = st.integers(0, 1)
keys = st.sampled_from(KEYS)
titles = st.sampled_from([None, "One", "Two"])
vals = st.sampled_from(["!takedown", "!hide", "copyright-violation", "sexual", "jazz"])
steps = st.one_of(
    st.tuples(
        st.just("track"),
        authors,
        keys,
        st.fixed_dictionaries(
            {},
            optional={
                "title": st.sampled_from(["A", "B"]),
                "album": st.sampled_from(["One", "Two"]),
                "features": st.lists(
                    authors.map(lambda number: {"did": Author(number).did})
                    | st.just({"did": GUEST}),
                    max_size=2,
                ),
                "labels": st.just(
                    {
                        "$type": "com.atproto.label.defs#selfLabels",
                        "values": [{"val": "sexual"}],
                    }
                ),
            },
        ),
        st.sampled_from(IMAGES),
    ),
    st.tuples(st.just("broken"), authors, keys),
    st.tuples(st.just("no track"), authors, keys),
    st.tuples(st.just("like"), authors, authors, keys, st.booleans()),
    st.tuples(st.just("comment"), authors, authors, keys, st.booleans()),
    st.tuples(st.just("album"), authors, titles, st.lists(keys, max_size=3)),
    st.tuples(st.just("profile"), authors, st.sampled_from([None, "hi", "ho"])),
    st.tuples(st.just("bsky"), authors, st.sampled_from([None, "", "Name"]), st.booleans()),
    st.tuples(st.just("handle"), authors, st.sampled_from(["a.test", "handle.invalid"])),
    st.tuples(st.just("status"), authors, st.booleans()),
    st.tuples(st.just("takedown"), authors, st.sampled_from([None, "law"])),
    st.tuples(
        st.just("label"),
        authors,
        st.sampled_from(["account", "track", "old track", "profile", "bsky"]),
        vals,
        st.booleans(),
        st.sampled_from([None, 2, 4]),
    ),
    st.tuples(st.just("labeler"), st.booleans()),
    st.tuples(st.just("rebuild")),
    st.tuples(st.just("later"), st.sampled_from([-4, 1, 3])),
)


def step(world: World, what: str, *given: Any) -> None:
    """One thing that happens to the index."""
    conn = world.index.conn
    match what, given:
        case "labeler", (is_configured,):
            labels.configure(conn, [LABELER] if is_configured else [])
        case "rebuild", ():
            with world.index.transaction():
                rebuild(conn, NAMES, CATALOG)
        case "later", (seconds,):
            world.now += seconds * SECOND
        case _:
            step_of(world, world.authors[given[0]], what, given)


def step_of(world: World, who: Author, what: str, given: tuple[Any, ...]) -> None:
    """One thing that an account does, or that is done to it."""
    conn = world.index.conn
    match what, given:
        case "track", (_, rkey, fields, image):
            world.put(who, NAMES.track, rkey, track(**fields, **image))
        case "broken", (_, rkey):
            world.put(who, NAMES.track, rkey, {"title": 1})
        case "no track", (_, rkey):
            world.put(who, NAMES.track, rkey, None)
        case "like" | "comment", (_, whose, rkey, is_there):
            collection = NAMES.like if what == "like" else NAMES.comment
            subject = world.authors[whose].subject(NAMES.track, rkey)
            made = like(subject) if what == "like" else comment(subject)
            world.put(who, collection, rkey, made if is_there else None)
        case "album", (_, name, held):
            subjects = [who.subject(NAMES.track, rkey) for rkey in held]
            album = playlist(subjects, name=name, listType="album")
            world.put(who, NAMES.list, KEYS[0], album if name else None)
        case "profile", (_, bio):
            world.put(
                who,
                NAMES.profile,
                "self",
                bio
                and {
                    "bio": bio,
                    "avatar": "https://images.plyr.fm/me.webp",
                    "createdAt": "2025-06-15T12:00:00.000Z",
                },
            )
        case "bsky", (_, name, pictured):
            blob = {
                "$type": "blob",
                "ref": {"$link": AVATAR},
                "mimeType": "image/png",
                "size": 9,
            }
            profile = {"displayName": name, **({"avatar": blob} if pictured else {})}
            world.put(who, FOREIGN_PROFILE, "self", None if name is None else profile)
        case "handle", (_, handle):
            with world.index.transaction():
                handles.store(conn, who.did, Handle(handle), None, world.now)
        case "status", (_, is_active):
            world.index.confirm(
                who.account(active=is_active, status=None if is_active else "deactivated")
            )
        case "takedown", (_, reason):
            before = rows.find_actor(conn, who.did)
            with world.index.transaction():
                conn.execute("UPDATE actors SET takedown = ? WHERE did = ?", (reason, who.did))
                after = rows.find_actor(conn, who.did)
                if before and after and before.active != after.active:
                    counters.account(conn, after.id, 1 if after.active else -1)
        case "label", (_, of, val, is_negated, seconds):
            uri = {
                "account": who.did,
                "profile": f"at://{who.did}/{NAMES.profile}/self",
                "bsky": f"at://{who.did}/{FOREIGN_PROFILE}/self",
            }.get(of, who.uri(NAMES.track, KEYS[0]))
            more: dict[str, Any] = {"neg": True} if is_negated else {}
            if seconds:
                more["exp"] = Datetime.from_micros(world.now + seconds * SECOND)
            if of == "old track":
                more["cid"] = who.subject(NAMES.track, KEYS[0])["cid"]
            world.label(uri, val, **more)
