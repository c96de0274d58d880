"""The operator's takedowns: who is hidden follows the labels of this service's own labeler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atp.cid import Cid
from atp.did_doc import DidDocument
from atp.label import Label
from atp.syntax import Datetime, Did
from indexer import accounts, schema
from indexer.labels import put
from indexer.rebuild import rebuild
from indexer.service import IndexerConfig, OwnLabeler
from indexer.store import labels, rows
from lexicons.catalog import Catalog
from tests.e2e.running import config, indexing, opened, until
from tests.indexer.authors import NAMES, Author, Create, Index, comment, like
from tests.indexer.labelers import LabelHost
from tests.indexer.test_accounts import T1, scene, told

CATALOG = Catalog.load()
OURS, OTHER = LabelHost(), LabelHost(Did("did:plc:anotherlabelerofthetests"))
FOLLOWED = (OURS.did, OTHER.did)


def following(index: Index, own: Did | None = OURS.did) -> None:
    """Start with both labelers, one of which is this service's own."""
    with index.transaction():
        labels.configure(index.conn, FOLLOWED, own)
        accounts.enforce_all(index.conn, index.now)


def say(index: Index, uri: str, host: LabelHost = OURS, **fields: Any) -> Label:
    """Store a takedown, or what the fields make of it, as it comes from a stream."""
    made = host.label("!takedown", uri, **fields)
    with index.transaction():
        put(index.conn, made, host.clock)
    return made


def taken_down(index: Index) -> set[str]:
    """The accounts that are."""
    found = index.conn.execute("SELECT did FROM actors WHERE takedown IS NOT NULL AND NOT active")
    return {did for (did,) in found}


def test_hides_and_shows_exactly() -> None:
    """It stays apart: upstream shows nothing that the operator hides, nor the other way round."""
    index, mira, ada = scene()
    following(index)
    before = index.dump()
    say(index, ada.did)
    local = index.dump()
    assert index.counts(mira.uri(NAMES.track, T1)) == (0, 0, 0)
    index.confirm(ada.account(active=False, status="deactivated"))
    index.confirm(ada.account(active=True))
    assert index.dump() == local
    assert told(index) == [{"did": ada.did, "active": False, "status": "takendown"}]
    index.confirm(ada.account(active=False, status="deactivated"))
    say(index, ada.did, neg=True)
    assert index.dump() == local
    index.confirm(ada.account(active=True))
    assert index.dump() == before
    assert told(index)[1:] == [
        {"did": ada.did, "active": False, "status": "deactivated"},
        {"did": ada.did, "active": True},
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"host": OTHER},
        {"neg": True},
        {"exp": Datetime("2099-01-01T00:00:00Z")},
        {"cid": str(Cid.for_cbor(b"x"))},
    ],
)
def test_what_is_no_takedown_of_an_account(fields: dict[str, Any]) -> None:
    """Another's word, a negation, one that ends by itself, and one of a version."""
    index, _, ada = scene()
    following(index)
    before = index.dump()
    say(index, ada.did, **fields)
    say(index, ada.uri(NAMES.profile, "self"))
    say(index, "not a uri")
    assert (index.dump(), taken_down(index)) == (before, set())


def test_one_that_ends_takes_back_the_one_that_does_not() -> None:
    """The newest label of a name is the only one."""
    index, _, ada = scene()
    following(index)
    say(index, ada.did)
    say(index, ada.did, exp=Datetime("2099-01-01T00:00:00Z"))
    assert taken_down(index) == set()


def test_an_account_that_becomes_known_later() -> None:
    """What it does never counts, and does once the label is taken back."""
    index, mira, ada, plain = Index(), Author(0), Author(1), Index()
    following(index)
    say(index, ada.did)
    for author in (mira, ada):
        subject = mira.subject(NAMES.track, T1)
        made = author.commit(author.track(), Create(NAMES.like, like(subject)))
        index.apply(made)
        plain.apply(made)
    assert taken_down(index) == {ada.did}
    assert index.counts(mira.uri(NAMES.track, T1)) == (1, 0, 0)
    say(index, ada.did, neg=True)
    assert index.dump() == plain.dump()


def test_an_account_is_read_as_it_was_made_known() -> None:
    """Whoever makes it known sees that it is taken down."""
    index, ada = Index(), Author(1)
    following(index)
    say(index, ada.did)
    made = rows.actor(index.conn, ada.did)
    assert (made.active, made.upstream_active, made.status) == (False, True, "takendown")


def test_a_purged_account_stays_taken_down() -> None:
    """It would be back hidden if it came back."""
    index, _, ada = scene()
    following(index)
    say(index, ada.did)
    index.confirm(ada.account(active=False, status="deleted"))
    index.confirm(ada.account(active=True))
    assert taken_down(index) == {ada.did}


def test_only_one_labeler_is_our_own() -> None:
    """The schema sees to it."""
    index = Index()
    following(index)
    with pytest.raises(apsw.ConstraintError):
        index.conn.execute("UPDATE labelers SET own = 1")


@dataclass
class History:
    """An index with labels, one that never heard of them, and what a slow reader makes of them."""

    index: Index = field(default_factory=Index)
    plain: Index = field(default_factory=Index)
    authors: list[Author] = field(default_factory=lambda: [Author(n) for n in range(3)])
    own: Did | None = OURS.did
    said: list[Label] = field(default_factory=list)

    def expected(self) -> set[str]:
        """The known accounts of which our own labeler's newest takedown holds, for good."""
        newest = {
            one.uri: one
            for one in sorted(self.said, key=lambda one: one.cts)
            if one.src == self.own
        }
        return {
            uri
            for uri, one in newest.items()
            if not one.neg
            and one.exp is None
            and one.cid is None
            and rows.find_actor(self.index.conn, Did(uri))
        }

    def write(self, author: Author) -> None:
        """A like and a comment, in both."""
        subject = self.authors[0].subject(NAMES.track, T1)
        made = author.commit(
            Create(NAMES.like, like(subject)), Create(NAMES.comment, comment(subject))
        )
        for index in (self.index, self.plain):
            index.apply(made)


def step(history: History, draw: Callable[..., Any], author: Author) -> None:
    """One thing that happens."""
    index = history.index
    match draw(st.sampled_from(["write", "say", "say", "replay", "host", "start", "rebuild"])):
        case "write":
            history.write(author)
        case "say":
            fields = draw(
                st.sampled_from(
                    [{}, {"neg": True}, {"exp": Datetime("2099-01-01T00:00:00Z")}, {"cid": "x"}]
                )
            )
            host = draw(st.sampled_from([OURS, OTHER]))
            history.said.append(say(index, author.did, host, **fields))
        case "replay" if history.said:
            with index.transaction():
                put(index.conn, draw(st.sampled_from(history.said)), OURS.clock + OTHER.clock)
        case "host":
            active = draw(st.booleans())
            index.confirm(author.account(active=active, status=None if active else "suspended"))
        case "start":
            history.own = draw(st.sampled_from([*FOLLOWED, None]))
            following(index, history.own)
        case "rebuild":
            with index.transaction():
                rebuild(index.conn, NAMES, CATALOG)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order(data: st.DataObject) -> None:
    """Labels, negations, replays, accounts that become known, hosts' words, and other labelers.

    Counters equal a recount after each step, the labels of the labeler that is our own now decide,
    and once it has taken back everything nothing ever happened.
    """
    history = History()
    following(history.index)
    for _ in range(data.draw(st.integers(1, 14))):
        step(history, data.draw, data.draw(st.sampled_from(history.authors)))
        assert taken_down(history.index) == history.expected()
    following(history.index)
    for author in history.authors:
        say(history.index, author.did, neg=True)
        if rows.find_actor(history.index.conn, author.did) is not None:
            history.index.confirm(author.account(active=True, time="2026-06-15T12:00:00.000Z"))
    assert history.index.dump() == history.plain.dump()


async def test_a_start_settles_everybody(tmp_path: Path) -> None:
    """An index from before this, another labeler of our own, and none."""
    index, _, ada = scene()
    labels.configure(index.conn, FOLLOWED)
    say(index, ada.did)
    index.conn.execute("UPDATE projection SET number = ?", (schema.PROJECTION,))
    index.conn.execute("VACUUM INTO ?", (str(tmp_path / schema.FILE),))
    for own in (OURS.did, OTHER.did, OURS.did, None):
        expected = {ada.did} if own == OURS.did else set()
        async with indexing(starting(tmp_path, own)):
            await until(partial(is_hidden, tmp_path, expected))


def starting(folder: Path, own: Did | None) -> IndexerConfig:
    """What an indexer is told that reaches nobody; ``own`` is the labeler that runs beside it."""
    nowhere = "127.0.0.1:1"
    ours = None if own is None else OwnLabeler(own, f"http://{nowhere}", unavailable)
    told = config(folder, f"ws://{nowhere}", f"http://{nowhere}")
    return replace(told, labelers=FOLLOWED, own_labeler=ours)


async def unavailable() -> DidDocument:
    """The document of a labeler that does not run."""
    return DidDocument.parse(OURS.document(), OURS.did)


def is_hidden(folder: Path, dids: set[Did]) -> bool:
    """Whether these accounts are not shown, and no others."""
    with opened(folder) as conn:
        found = conn.execute("SELECT did FROM actors WHERE NOT active")
        return {did for (did,) in found} == dids
