"""Fragments: what is put together from them is what would be made anew, whatever happened before."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appview import fragments
from appview.call import Call
from appview.cursor import Place
from appview.fragments import MAX_TOUCHED, Fragments
from appview.labelers import Labelers
from appview.params import Params
from tests.appview.histories import IMAGES, KEYS, LABELER, World, step, steps
from tests.indexer.authors import NAMES


@pytest.fixture
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        made = World(Path(folder) / "index.db")
        yield made
        made.close()


@settings(deadline=None, max_examples=50)
@given(history=st.lists(steps, min_size=5, max_size=40))
def test_any_history(history: list[tuple[Any, ...]]) -> None:
    """Whatever is applied in whatever order, with pages asked for between the steps."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "index.db")
        try:
            world.check()
            for what in history:
                step(world, *what)
                world.check()
        finally:
            world.close()


@pytest.mark.parametrize(
    "history",
    [
        [("like", 0, 1, KEYS[0], True), ("like", 1, 1, KEYS[0], True)],
        [("like", 0, 1, KEYS[0], True), ("like", 0, 1, KEYS[0], False)],
        [("comment", 0, 1, KEYS[0], True), ("comment", 0, 1, KEYS[0], False)],
        [("label", 0, "track", "jazz", False, None), ("label", 0, "track", "jazz", True, None)],
        [("label", 0, "account", "sexual", False, 2), ("later", 3), ("later", -4)],
        [("label", 1, "track", "!hide", False, None), ("labeler", False), ("labeler", True)],
        [("label", 0, "profile", "jazz", False, None), ("takedown", 0, "law")],
        [("album", 0, "One", [KEYS[0]]), ("album", 0, "Two", [])],
        [("album", 0, "One", []), ("album", 0, None, [])],
        [("track", 0, KEYS[1], {"album": "One"}, IMAGES[1]), ("no track", 0, KEYS[1])],
        [("bsky", 0, "Name", True), ("bsky", 0, None, False)],
        [
            ("track", 0, KEYS[1], {"album": "One"}, IMAGES[1]),
            ("label", 0, "track", "!hide", False, None),
            ("no track", 0, KEYS[1]),
        ],
        [("profile", 0, "hi"), ("profile", 0, None), ("bsky", 0, "Name", True), ("rebuild",)],
        [("handle", 0, "a.test"), ("status", 0, False), ("status", 0, True)],
    ],
)
def test_histories(world: World, history: list[tuple[Any, ...]]) -> None:
    """What is new shows at once, of each sort."""
    world.check()
    for what in history:
        step(world, *what)
        world.check()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tracks SET sort_at = sort_at + 1000",
        "UPDATE tracks SET image = 'https://images.plyr.fm/z.webp' WHERE image IS NOT NULL",
        "UPDATE lists SET album_slug = 'other'",
        "UPDATE profiles SET bio = 'ho'",
        "UPDATE bsky_profiles SET display_name = 'Other'",
        "UPDATE counters SET likes = 7",
        "DELETE FROM counters",
        "UPDATE actors SET handle = 'other.test'",
        "DELETE FROM labels",
    ],
)
def test_whoever_writes(world: World, change: str) -> None:
    """What a repair would write is noticed too: the triggers ask nobody."""
    for what in (
        ("track", 0, KEYS[1], {"album": "One"}, IMAGES[1]),
        ("like", 0, 0, KEYS[0], True),
        ("album", 0, "One", [KEYS[0]]),
        ("profile", 0, "hi"),
        ("bsky", 0, "Name", True),
        ("label", 0, "track", "jazz", False, None),
    ):
        step(world, *what)
    world.check()
    before = world.pages()
    world.index.conn.execute(change)
    world.check()
    assert world.pages() != before


def test_a_labelled_version(world: World) -> None:
    """A label on one version of a profile goes and comes with it, though neither is valid."""
    author = world.authors[0]
    profiles = [{"bio": number, "createdAt": ""} for number in (1, 2)]
    world.put(author, NAMES.profile, "self", profiles[0])
    cid = author.subject(NAMES.profile, "self")["cid"]
    world.label(author.uri(NAMES.profile, "self"), "jazz", cid=cid)
    for profile in (*profiles, *profiles):
        world.put(author, NAMES.profile, "self", profile)
        world.check()


def test_kept_and_let_go(world: World) -> None:
    """A page that was asked for before takes a look at what was touched; its ids last longer."""
    world.statements()
    world.index.conn.execute("UPDATE heartbeat SET at = 1")
    kept = world.statements()
    assert [sql.split()[0] for sql in kept] == ["BEGIN", "SELECT", "COMMIT"]
    assert "FROM touched" in kept[1]
    for what, walks in (
        (("like", 0, 1, KEYS[0], True), False),
        (("track", 0, KEYS[1], {}, {}), True),
    ):
        step(world, *what)
        made = world.statements()
        assert any("FROM tracks WHERE (sort_at, record) <" in sql for sql in made) == walks
        assert len(made) > 3
        assert world.statements() == kept
    end = Place(0, 0).encode()
    assert len(world.statements(cursor=end)) > len(world.statements(cursor=end)) == 3


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize(
    "changes",
    [
        [("like", 0, 1, KEYS[0], there) for there in (True, False)],
        [("track", 0, KEYS[1], {"title": title}, {}) for title in "AB"],
        [("no track", 1, KEYS[0]), ("track", 1, KEYS[0], {}, {})],
        [("status", 0, active) for active in (False, True)],
    ],
)
def test_between_two_reads(world: World, changes: list[tuple[Any, ...]], is_kept: bool) -> None:
    """What happens while a page is made is all in it or not at all, and in the next one."""
    reads, happened = 0, True
    while happened:
        for change in changes:
            if not is_kept:
                world.fragments = Fragments([LABELER])
            before = world.pages()
            given, happened = world.interrupted(reads, change)
            assert given in (before, world.pages())
            world.check()
        reads += 1
    assert reads > 3


async def test_requests_that_come_together(world: World) -> None:
    """Share a snapshot; what was written before a later one came is in its answer."""
    world.check()
    for what in (("like", 0, 1, KEYS[0], True), ("handle", 0, "a.test"), ("no track", 1, KEYS[0])):
        before = world.given()
        step(world, *what)
        assert world.given() == before
        await asyncio.sleep(0)
        assert world.given() == world.pages() != before
        await asyncio.sleep(0)


def test_a_lost_tail(world: World) -> None:
    """When more was touched than is kept of it, or than is read, everything is made anew."""
    step(world, "profile", 0, "hi")
    world.check()
    track = world.index.one("SELECT record FROM tracks")
    for touches in (MAX_TOUCHED + 1, 5_000):
        with world.index.transaction():
            world.index.conn.execute("UPDATE profiles SET bio = bio || '!'")
            world.index.conn.executemany(
                "INSERT INTO touched (record) VALUES (?)", [(track,)] * touches
            )
        world.check()
    assert world.index.one("SELECT count(*) FROM touched") <= 2_000


def test_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fragments that were made longest ago go first, and pages are still right."""
    monkeypatch.setattr(fragments, "MAX_BYTES", 4_000)
    monkeypatch.setattr(fragments, "MAX_STEPS", 2)
    for rkey in ("3kaaaaaaaaaa5", "3kaaaaaaaaaa6", "3kaaaaaaaaaa7"):
        step(world, "track", 0, rkey, {}, {})
        world.check()
        assert world.fragments._size <= 4_000
        assert len(world.fragments._steps) == 2
    assert world.fragments._texts["viewed"].keys() <= world.fragments._kept.keys()
    assert world.fragments._size == sum(
        fragments._OVERHEAD + len(one.text) for one in world.fragments._kept.values()
    )


def test_who_sees_something_else_is_not_served(world: World) -> None:
    """An account, and whoever chooses other labelers, has an answer of their own."""
    default = Labelers.default([LABELER])
    asked = Params({"limit": 1})
    assert world.fragments.serve(Call(asked, None, 0, labelers=default))
    assert not world.fragments.serve(Call(asked, LABELER, 0, labelers=default))
    for labelers in (Labelers(), Labelers({LABELER: False})):
        assert not world.fragments.serve(Call(asked, None, 0, labelers=labelers))
