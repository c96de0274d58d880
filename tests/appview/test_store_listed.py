"""The condition of what may be listed, compared with the policy written out slowly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from appview.call import Call
from appview.labels import ADULT, COPYRIGHT, UNLISTED, listing, to_anybody, viewing
from appview.params import Params
from appview.store_listed import listed
from atp.cid import Cid
from atp.label import Label
from atp.syntax import AtUri, Datetime, Did
from tests.appview.index import LABELER, Index

OTHER, DROPPED = Did("did:web:other.test"), Did("did:web:dropped.test")
SELF = "com.atproto.label.defs#selfLabels"
NOW = Datetime("2026-06-01T00:00:00.000Z").micros()
VALUES = ("copyright-violation", "!hide", "!takedown", "porn", "nudity", "spam")


@dataclass(frozen=True)
class Given:
    """A label to be issued: on which of the artists' records or accounts, and how."""

    on: int
    account: bool
    val: str
    src: Did
    neg: bool | None
    expired: bool | None
    version: bool | None  # of the record: its own, another, or all


GIVEN = st.builds(
    Given,
    on=st.integers(0, 2),
    account=st.booleans(),
    val=st.sampled_from(VALUES),
    src=st.sampled_from([LABELER, OTHER, DROPPED]),
    neg=st.sampled_from([None, False, True]),
    expired=st.sampled_from([None, False, True]),
    version=st.sampled_from([None, True, False]),
)


def condition(index: Index, policy: str) -> set[AtUri]:
    """The tracks that the condition lets through."""
    sql = "SELECT a.did, r.rkey FROM tracks t JOIN records r ON r.id = t.record"
    sql += f" JOIN actors a ON a.id = t.actor WHERE {listed('t.record', 't.actor', '?1')}"
    return {
        AtUri(f"at://{did}/fm.plyr.track/{rkey}")
        for did, rkey in index.conn.execute(sql, (policy,))
    }


def twin(
    labels: Sequence[tuple[Label, bool]],
    own: Sequence[str],
    author: Did,
    viewer: Did | None,
    *,
    adult: bool,
) -> bool:
    """Whether a track may be listed: ``labels`` on it or its author, with whether each applies."""
    newest = {(label.src, label.uri, label.val): (label, applies) for label, applies in labels}
    values = {
        label.val
        for label, applies in newest.values()
        if applies
        and label.src != DROPPED
        and not label.negates
        and (label.exp is None or label.exp.micros() > NOW)
    }
    if values & set(UNLISTED) or set(own) & set(COPYRIGHT):
        return False
    return adult or viewer == author or not (values | set(own)) & set(ADULT)


@settings(max_examples=60, deadline=None)
@given(
    made=st.lists(GIVEN, max_size=8),
    own=st.lists(st.sampled_from(VALUES), max_size=2),
    asks=st.booleans(),
)
def test_equals_the_policy(made: list[Given], own: list[str], *, asks: bool) -> None:
    """For everybody, an owner and a stranger, on LIST and VIEW surfaces."""
    with TemporaryDirectory() as folder:
        index = Index(Path(folder) / "index.db")
        artists = [index.actor(f"artist{number}") for number in range(3)]
        values = {"$type": SELF, "values": [{"val": val} for val in own]}
        tracks = [index.track(artist, labels=values) for artist in artists]
        issued: list[list[tuple[Label, bool]]] = [[], [], []]
        for one in made:
            uri = artists[one.on] if one.account else tracks[one.on]
            cid = _version(index, tracks[one.on], one)
            exp = (
                None
                if one.expired is None
                else Datetime.from_micros(NOW - (one.expired * 1_000) + 1_000)
            )
            label = index.label(uri, one.val, src=one.src, neg=one.neg, cid=cid, exp=exp)
            issued[one.on].append((label, cid is None or (bool(one.version) and not one.account)))
        index.conn.execute("UPDATE labelers SET configured = 0 WHERE did = ?", (DROPPED,))
        for viewer in (None, artists[0]):
            call = Call(Params({"includeAdult": asks}), viewer, NOW)
            for policy, adult in (
                (listing(call), asks and viewer is not None),
                (viewing(call), True),
            ):
                expected = {
                    track
                    for track, artist, labels in zip(tracks, artists, issued, strict=True)
                    if twin(labels, own, artist, viewer, adult=adult)
                }
                assert condition(index, policy) == expected
        anybody = listing(Call(Params({}), None, NOW))
        assert condition(index, to_anybody(NOW)) == condition(index, anybody)
        index.conn.close()


def _version(index: Index, track: AtUri, one: Given) -> str | None:
    if one.version is None:
        return None
    if not one.version:
        return str(Cid.for_cbor(b"another"))
    raw = index.conn.execute("SELECT cid FROM records WHERE rkey = ?", (track.rkey,)).get
    return str(Cid(raw))


def test_it_may_stand_beside_any_alias(index: Index) -> None:
    """The columns are those of the query around it, whatever its tables are called."""
    index.track(index.actor("alice"))
    for alias in ("l", "s", "a", "label", "labels"):
        columns = listed(f"{alias}.record", f"{alias}.actor", "?1")
        sql = f"SELECT count(*) FROM tracks {alias} WHERE {columns}"
        assert index.conn.execute(sql, (to_anybody(NOW),)).get == 1
