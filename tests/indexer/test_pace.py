"""How far a stream has got: by its own events, and by silence of one that lives."""

from __future__ import annotations

from indexer.eye import SECOND, Progress
from indexer.pace import LOOKS, QUIET, SURE, Pace

NOW = 1_750_000_000 * SECOND
HOUR = 3_600 * SECOND


def test_lag_is_that_of_the_newest_event() -> None:
    """While a stream catches up, each look is nearer to the present."""
    pace = Pace()
    for n in range(LOOKS):
        pace.look(NOW + n * SECOND, NOW - HOUR + n * HOUR // 10, reading=True)
    now = NOW + (LOOKS - 1) * SECOND
    assert pace.lag(now) == now - (NOW - HOUR + (LOOKS - 1) * HOUR // 10)


def test_one_late_event_is_no_lag() -> None:
    """Neither in a busy stream, where a host brings its backlog, nor in a quiet one."""
    busy, quiet = Pace(), Pace()
    for n in range(20):
        now = NOW + n * SECOND
        late = n == 15
        busy.look(now, now - HOUR if late else now, reading=True)
        quiet.look(now, now - HOUR if late else None, reading=True)
        if n >= QUIET // SECOND:
            assert busy.lag(now) <= SECOND
            assert quiet.lag(now) <= LOOKS * SECOND


def test_a_quiet_stream_has_no_lag_and_a_lost_one_ever_more() -> None:
    """Silence of a connected source is good news; of one that is gone, none."""
    pace = Pace()
    pace.look(NOW, NOW - HOUR, reading=True)
    assert pace.lag(NOW) == HOUR
    pace.look(NOW + QUIET, None, reading=True)
    assert pace.lag(NOW + QUIET) == 0
    for n in range(100):
        pace.look(NOW + QUIET + n * SECOND, None, reading=False)
    assert pace.lag(NOW + QUIET + 99 * SECOND) == 99 * SECOND


def test_progress_is_bounded_from_both_sides() -> None:
    """What one frame claims, of the past or the future, does not move it."""
    pace = Pace()
    for n in range(LOOKS - 1):
        assert pace.look(NOW + n, NOW - HOUR, reading=True) is None
    assert pace.look(NOW + LOOKS, NOW + HOUR, reading=True) == Progress(NOW - HOUR, NOW + LOOKS)


def test_silence_counts_once_a_dead_peer_would_have_been_found_out() -> None:
    """Then the stream has told everything up to now; a reconnect begins anew."""
    pace = Pace()
    assert pace.look(NOW, None, reading=True) is None
    assert pace.look(NOW + SURE - 1, None, reading=True) is None
    assert pace.look(NOW + SURE, None, reading=True) == Progress(NOW + SURE, NOW + SURE)
    assert pace.look(NOW + SURE + 1, None, reading=False) is None
    assert pace.look(NOW + 2 * SURE, None, reading=True) is None
