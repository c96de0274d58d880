"""One source's eye: what it owes, where its window begins, when it is replayed, what is stored."""

from __future__ import annotations

from indexer.eye import FIRST_WAIT, GRACE, LAST_WAIT, SECOND, Eye, Point, Progress, Sight
from tests.indexer.streams import commit, micros

HOST = "https://pds.test"
PATIENT = GRACE // SECOND


def eye(sight: Sight | None = None) -> Eye:
    """The eye of a relay that carries `HOST`, watched from second 0."""
    found = Eye("https://relay.test", sight or Sight(hosts=frozenset({HOST})))
    look(found, 0)
    return found


def look(one: Eye, second: int) -> None:
    """The source has got to a second."""
    one.progress = Progress(micros(second), micros(second))
    one.look()


def missed(one: Eye, *seconds: int) -> None:
    """Others have delivered commits of these seconds; their time passes."""
    for second in seconds:
        one.owe(commit(second), micros(second))
    look(one, seconds[-1] + PATIENT)


def agreed(one: Eye, second: int, seq: int) -> None:
    """The source and another have delivered a commit."""
    one.deliver(commit(second), micros(second))
    one.agree(commit(second), seq, micros(second))


def blind() -> Eye:
    """An eye that agreed at seconds 5 and 8 and has been blind since second 10."""
    found = eye()
    agreed(found, 5, 50)
    agreed(found, 8, 80)
    missed(found, 10, 11, 12)
    return found


def test_the_window_begins_at_the_last_agreement_before_what_was_missed() -> None:
    """Not when it was noticed, and not at an agreement on what came later."""
    found = blind()
    assert found.sight.blind_since == micros(10)
    assert (found.window, found.sight.agreed) == (80, Point(micros(8), 80))
    late = eye()
    agreed(late, 5, 50)
    agreed(late, 20, 200)
    for account in (1, 2):  # known only now, as the other source was behind
        late.owe(commit(10, account, "https://relay.test"), micros(21))
    for second in (22, 23, 24):
        late.owe(commit(second, 3), micros(second))
    look(late, 24 + PATIENT)
    assert late.window == 50


def test_a_source_that_is_down_is_not_blind() -> None:
    """Without progress nothing is judged, nor before the stream itself has got there."""
    found = eye()
    for second in (10, 11, 12):
        found.owe(commit(second), micros(second))
    found.progress = None
    found.look()
    assert found.sight.blind_since is None
    look(found, 9 + PATIENT)
    assert found.sight.blind_since is None
    look(found, 12 + PATIENT)
    assert found.sight.blind_since == micros(10)


def test_a_source_owes_what_it_carries() -> None:
    """Its own accounts, and those of hosts it has delivered; nothing else, and none it silenced."""
    found = eye()
    found.owe(commit(5, 0, "https://elsewhere.test"), micros(5))
    found.owe(commit(5, 1, None), micros(5))
    assert len(found) == 0
    found.owe(commit(5, 2, "https://relay.test"), micros(5))
    found.owe(commit(5, 3), micros(5))
    assert len(found) == 2
    silent = commit(6, 4)
    found.account(silent.did, active=False)
    found.owe(silent, micros(6))
    assert len(found) == 2
    found.account(silent.did, active=True)
    found.owe(silent, micros(6))
    assert len(found) == 3


def test_an_account_that_moved_away_is_not_owed() -> None:
    """What a PDS has delivered before counts by where the account is now."""
    pds = Eye(HOST, Sight())
    look(pds, 0)
    pds.deliver(commit(3), micros(3))
    pds.owe(commit(5, 0, "https://new.test"), micros(5))
    assert len(pds) == 0


def test_the_first_missed_that_arrives_ends_the_window() -> None:
    """The replay is giving it from its start, so no other is needed."""
    found = blind()
    found.rewound(micros(100))
    found.deliver(commit(10), micros(101))
    assert found.sight.blind_since is None
    assert not found.due(micros(101) + LAST_WAIT)


def test_sight_without_the_first_missed_asks_for_one_more_replay() -> None:
    """A new commit shows that it sees; what the replays before could not show comes now."""
    for second in (11, 90):
        found = blind()
        found.rewound(micros(80))
        found.deliver(commit(second), micros(101))
        assert found.sight.blind_since == micros(10)
        assert found.window == 80
        assert not found.due(micros(80) + FIRST_WAIT - 1)
        assert found.due(micros(80) + FIRST_WAIT)
        found.rewound(micros(80) + FIRST_WAIT)
        assert found.sight.blind_since is None


def test_commits_of_before_and_of_other_hosts_are_no_sight() -> None:
    """A replay brings much that it had delivered all along."""
    found = blind()
    found.deliver(commit(9), micros(101))
    found.deliver(commit(90, 1, "https://other.test"), micros(101))
    found.rewound(micros(102))
    assert found.sight.blind_since == micros(10)


def test_replays_become_rare_and_wait_for_the_last_to_end() -> None:
    """At once, then after five minutes, then twice that, up to six hours."""
    found = blind()
    now = micros(100)
    assert found.due(now)
    waits = []
    for _ in range(10):
        found.rewound(now)
        began, step = now, 60 * SECOND
        found.progress = Progress(began - 1, began - 1)
        assert not found.due(began + 2 * LAST_WAIT)
        found.progress = Progress(began, began)
        while not found.due(now):
            now += step
        waits.append((now - began) // step)
    assert waits == [5, 10, 20, 40, 80, 160, 320, 360, 360, 360]


def test_a_restart_knows_a_blind_source() -> None:
    """It begins with a replay from the window's start, and sees once it delivers news."""
    stored = blind().sight
    found = Eye("https://relay.test", stored)
    assert found.sight == stored
    assert found.due(0)
    assert found.window == 80
    found.rewound(micros(200))
    found.deliver(commit(10), micros(201))
    assert found.sight.blind_since is None


def test_what_is_stored_before_blindness_is_noticed() -> None:
    """Once something is missed, the agreement before it is kept, whatever is agreed on since."""
    found = eye()
    agreed(found, 5, 50)
    missed(found, 10)
    found.agree(commit(30, 1, "https://other.test"), 300, micros(30))
    assert found.sight.agreed == Point(micros(5), 50)
    agreed(found, 40, 400)
    assert found.sight.agreed == Point(micros(40), 400)


def test_hosts_and_agreements_are_bounded() -> None:
    """However many there are in the network."""
    found = eye()
    for number in range(10_050):
        found.carries(f"https://pds{number}.test")
        found.agree(commit(number + 1), number, micros(number + 1))
    assert len(found.sight.hosts) == 10_000
    assert len(found._points) == 256
