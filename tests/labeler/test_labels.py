"""Giving labels: one transaction, in order, newest first in the eyes of everybody."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import cbor2
import pytest
from atproto_crypto.verify import verify_signature  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from atp.datetime import Datetime
from atp.errors import LabelError
from atp.label import Label
from labeler import store
from labeler.decide import Statement, standing
from labeler.labels import NoKey
from tests.labeler.making import KEY, NOW, SRC, made

URI = "at://did:web:alice.test/fm.plyr.track/3kaaaaaaaaaaa"
SECOND = 1_000_000


async def test_a_label_and_its_event_are_stored_together(tmp_path: Path) -> None:
    """Who, what, of what, why: and what was told is what is read."""
    async with made(tmp_path) as it:
        said = Statement(URI, "spam", exp=Datetime("2030-01-01T00:00:00Z"))
        (stored,) = await it.labels.apply([said], "operator:ann", "asked for")
        await it.labels.apply([Statement(URI, "spam", neg=True)], "operator:bob")
        assert store.after(it.conn, 0, 10)[0] == (stored.seq, stored.label)
        rows = it.conn.execute(
            "SELECT e.actor, e.action, e.subject, e.reason, e.at, l.uri, l.val, l.neg"
            " FROM labels l JOIN events e ON e.id = l.event ORDER BY l.seq"
        ).fetchall()
        assert rows == [
            ("operator:ann", "label", URI, "asked for", NOW, URI, "spam", 0),
            ("operator:bob", "negate", URI, None, NOW, URI, "spam", 1),
        ]


async def test_signatures_hold_for_other_implementations(tmp_path: Path) -> None:
    """Other people's encoder and verifier agree on every form of a label (spec §4.2)."""
    cid = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
    said = [
        Statement(URI, "spam"),
        Statement(
            "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "!hide", exp=Datetime("2030-01-01T00:00:00Z")
        ),
        Statement(URI, "spam", cid),
        Statement(URI, "spam", neg=True),
    ]
    async with made(tmp_path) as it:
        for stored in await it.labels.apply(said, "operator:ann"):
            fields = stored.label.fields()
            signature = fields.pop("sig")
            encoded = cbor2.dumps(fields, canonical=True)
            assert verify_signature(KEY.public_key.did_key(), encoded, signature)
            assert stored.label.verify(KEY.public_key)


async def test_all_statements_are_said_or_none(tmp_path: Path) -> None:
    """One that cannot be said takes the others with it, events and numbers too."""
    async with made(tmp_path) as it:
        with pytest.raises(LabelError):
            await it.labels.apply([Statement(URI, "spam"), Statement(URI, "S P A M")], "operator:a")
        with pytest.raises(Exception, match="actor"):
            await it.labels.apply([Statement(URI, "spam")], "")
        assert store.count(it.conn) == store.last_seq(it.conn) == 0
        assert it.conn.execute("SELECT count(*) FROM events").get == 0


async def test_without_a_key_nothing_is_said(tmp_path: Path) -> None:
    """The message says what to set."""
    async with made(tmp_path) as it:
        it.labels.signer = None
        with pytest.raises(NoKey, match="PLYR_LABELER_KEY_FILE"):
            await it.labels.apply([Statement(URI, "spam")], "operator:ann")


async def test_numbers_follow_the_clock_and_never_go_back(tmp_path: Path) -> None:
    """Whatever the clock does; a store that is opened again goes on above."""
    async with made(tmp_path) as it:
        many = await it.labels.apply([Statement(URI, "spam")] * 3, "operator:ann")
        assert [one.seq for one in many] == [NOW, NOW + 1, NOW + 2]
        it.clock.now = NOW - SECOND
        (back,) = await it.labels.apply([Statement(URI, "spam")], "operator:ann")
        assert back.seq == NOW + 3
        it.clock.now = NOW + SECOND
        (on,) = await it.labels.apply([Statement(URI, "spam")], "operator:ann")
        assert on.seq == NOW + SECOND
    async with made(tmp_path) as it:
        (again,) = await it.labels.apply([Statement(URI, "spam")], "operator:ann")
        assert again.seq == NOW + SECOND + 1
        times = [label.cts.micros() for _, label in store.after(it.conn, 0, 10)]
        assert times == sorted(set(times)), "strictly growing, over the restart too"


async def test_those_who_say_things_at_once_are_all_heard(tmp_path: Path) -> None:
    """Each gets the number of its own label."""
    async with made(tmp_path) as it:
        said = [Statement(f"at://did:web:alice.test/a/{n}", "spam") for n in range(50)]
        given_ = await asyncio.gather(*(it.labels.apply([one], "operator:a") for one in said))
        numbers = {one.seq: one.label.uri for (one,) in given_}
        assert len(numbers) == 50
        assert numbers == {seq: label.uri for seq, label in store.after(it.conn, 0, 100)}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["did:web:a.test", "did:web:b.test"]),
        st.sampled_from(["spam", "rude"]),
        st.one_of(st.just("negate"), st.just("say"), st.integers(1, 4)),
        st.integers(-2, 2),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, wait=st.integers(0, 6))
def test_any_history_leaves_what_a_slow_reader_finds(
    steps: list[tuple[str, str, str | int, int]], wait: int
) -> None:
    """Applied, negated, applied again, expired, with a clock that jumps: the newest counts."""
    asyncio.run(play(steps, wait))


async def play(steps: list[tuple[str, str, str | int, int]], wait: int) -> None:
    """Play a history, and compare what holds with a walk over all that was said, by ``cts``."""
    with TemporaryDirectory() as folder:
        async with made(Path(folder)) as it:
            given_: list[Label] = []
            for uri, val, what, moved in steps:
                it.clock.now += moved * SECOND
                last = max((x.cts.micros() for x in given_), default=0)
                end = max(it.clock.now, last) + what * SECOND if isinstance(what, int) else 0
                exp = Datetime.from_micros(end) if end else None
                said = Statement(uri, val, neg=what == "negate", exp=exp)
                given_ += [x.label for x in await it.labels.apply([said], "operator:ann")]
            now = it.clock.now + wait * SECOND

            expected = set()
            for uri, val in {(label.uri, label.val) for label in given_}:
                of_it = [label for label in given_ if (label.uri, label.val) == (uri, val)]
                assert all(a.cts.micros() < b.cts.micros() for a, b in pairwise(of_it))
                newest = max(of_it, key=lambda label: label.cts.micros())
                if newest.neg is None and (newest.exp is None or newest.exp.micros() > now):
                    expected.add((uri, val))

            kept = [label for _, label in store.after(it.conn, 0, 100)]
            assert kept == given_
            assert {(x.uri, x.val) for x in standing(kept, now)} == expected
            by_sql = [label for _, label in store.newest(it.conn)]
            assert {(x.uri, x.val) for x in standing(by_sql, now)} == expected
            assert all(label.src == SRC for label in kept)
