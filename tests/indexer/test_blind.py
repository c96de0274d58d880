"""Laws of the detector: no false alarm, no blindness that goes on unseen, no memory without end."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import blind, eye
from indexer.blind import Detector
from indexer.eye import ACCOUNTS, COMMITS, GRACE, SECOND, Commit, Eye, Progress, Sight
from tests.indexer.streams import Network, Stream, commit, is_blind, micros

SECONDS = 3_600
PATIENT = GRACE // SECOND + 1

seeds = st.integers(0, 2**32)


def history(random: Random, seconds: int, count: int) -> list[tuple[int, Commit]]:
    """Commits of five accounts, which move between three hosts, each with its second."""
    accounts, hosts = random.randint(1, 5), random.randint(1, 3)
    places = {(random.randint(2, seconds), random.randrange(accounts)) for _ in range(count)}
    return [
        (second, commit(second, account, f"https://pds{random.randrange(hosts)}.test"))
        for second, account in sorted(places)
    ]


@settings(max_examples=300)
@given(seeds)
def test_who_delivers_everything_is_never_blind(seed: int) -> None:
    """However far behind, however often down, however little is remembered."""
    random = Random(seed)
    memory = random.choice([2, 5, 20, 10_000])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blind, "MAX_OPEN", memory)
        streams = [Stream(name) for name in "abc"]
        network = Network(history(random, SECONDS, 80), streams)
        while network.now < 2 * SECONDS:
            slow = random.randrange(4)  # one of them, or none, does not keep up
            seconds = random.randint(1, 400)
            reach = [
                None if random.random() < 0.2 else _reach(random, number == slow, stream, network)
                for number, stream in enumerate(streams)
            ]
            network.step(seconds, reach)
            assert not any(map(is_blind, streams))
            assert len(network.detector) <= memory
            assert all(len(stream.eye) <= memory for stream in streams)


def _reach(random: Random, slow: bool, stream: Stream, network: Network) -> int:
    return stream.reached + random.randint(0, 50) if slow else network.now + 400


@given(seeds)
def test_who_delivers_nothing_more_is_found_out(seed: int) -> None:
    """Blind as soon as it owes enough in a row; the window leaves out nothing that it lost."""
    random = Random(seed)
    made = history(random, SECONDS, random.randint(0, 40))
    since = random.randint(2, SECONDS)
    lost = [place for place, (second, _) in enumerate(made) if second >= since]
    victim, other = Stream("a", loses=lambda place: place in lost), Stream("b")
    network = Network(made, [victim, other])
    network.step(1, [1, 1])
    while network.now < SECONDS:
        seconds = random.randint(1, 600)
        network.step(seconds, [network.now + seconds] * 2)
    network.live(PATIENT)
    carried = {one.host for place, (_, one) in enumerate(made) if place not in lost}
    owed = [made[place][1] for place in lost if made[place][1].host in carried]
    assert is_blind(victim) == (len(owed) >= COMMITS or len({one.did for one in owed}) >= ACCOUNTS)
    assert not is_blind(other)
    if is_blind(victim):
        assert victim.eye.sight.blind_since == min(one.rev.micros() for one in owed)
        assert victim.eye.window <= min(lost)


@settings(max_examples=300)
@given(seeds)
def test_blindness_begins_when_the_slow_definition_says(seed: int) -> None:
    """Losses in a row, of all hosts or of one, told from losses now and then."""
    random = Random(seed)
    made = history(random, 200, 60)
    often = random.random() / 3
    lost = {place for place in range(len(made)) if random.random() < often}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eye, "GRACE", 7 * SECOND)
        victim = Stream("a", loses=lambda place: place in lost)
        network = Network(made, [victim, Stream("b")])
        while network.now < 210 and not is_blind(victim):
            assert not blind_by_definition(made, lost, network.now, 7)
            network.live(1)
        assert is_blind(victim) == blind_by_definition(made, lost, network.now, 7)


def blind_by_definition(
    made: list[tuple[int, Commit]], lost: set[int], now: int, grace: int
) -> bool:
    """What `Eye` counts step by step, from all that has happened."""
    come = [(place, second, one) for place, (second, one) in enumerate(made) if second <= now]
    agreed = [(second, one) for place, second, one in come if place not in lost]
    last = max((second for second, _ in agreed), default=0)
    missed = [
        (second, one)
        for place, second, one in come
        if place in lost
        and 1 < second <= now - grace
        and any(other.host == one.host and at <= second for at, other in agreed)
        and not any(other.host == one.host and at > second for at, other in agreed)
    ]
    row = [one for second, one in missed if second > last]
    hosts = Counter(one.host for _, one in missed)
    return (
        len(row) >= COMMITS
        or len({one.did for one in row}) >= ACCOUNTS
        or max(hosts.values(), default=0) >= COMMITS
    )


def test_without_evidence_there_is_no_alarm() -> None:
    """A namespace in which nothing comes, or from one source alone, accuses nobody."""
    network = Network([], [Stream("a"), Stream("b")])
    network.live(3 * PATIENT)
    assert not any(map(is_blind, network.streams))
    alone = Network([(second, commit(second)) for second in range(2, 50)], [Stream("a")])
    assert not alone.detector.compares
    alone.live(3 * PATIENT)
    assert not any(map(is_blind, alone.streams))


def test_what_could_not_be_verified_was_delivered_all_the_same() -> None:
    """A look-up that failed for one source's copy does not make that source blind."""
    for before in (True, False):
        eyes = {url: Eye(url, Sight(hosts=frozenset({"https://pds.test"}))) for url in "ab"}
        detector = Detector(eyes)
        look(detector, eyes, 0)
        for second in range(1, 9):
            one = commit(second)
            if before:
                detector.unproven("a", one.key)
            detector.deliver("b", second, one, micros(second))
            if not before:
                detector.unproven("a", one.key)
        look(detector, eyes, 2 * PATIENT)
        assert eyes["a"].sight.blind_since is None


def test_memory_for_the_unproven_is_bounded() -> None:
    """A flood of what cannot be verified forgets only its like."""
    eyes = {url: Eye(url, Sight()) for url in "ab"}
    detector = Detector(eyes)
    for second in range(blind.MAX_UNPROVEN + 50):
        detector.unproven("a", commit(second).key)
    assert len(detector) == blind.MAX_UNPROVEN


def look(detector: Detector, eyes: dict[str, Eye], second: int) -> None:
    """All sources have got to a second."""
    for one in eyes.values():
        one.progress = Progress(micros(second), micros(second))
    detector.look()
