"""The benchmark verifies what it says it verifies, and does not measure anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from atp import frames
from atp.frames import CommitMsg
from atp.keys import Curve, PrivateKey
from lexicons.names import Names
from ops.bench import verify
from ops.bench.stream import SEED, Stream
from ops.bench.traffic import Traffic
from ops.bench.verify import STAGES, Sample, VerifyError

COUNT = 200
STRANGER = PrivateKey.from_bytes(Curve.K256, b"\x05" * 32).public_key


@pytest.fixture
def sample(small_stream: Stream) -> Sample:
    """The beginning of a small stream."""
    return verify.made(small_stream, COUNT)


def forged(sample: Sample) -> Sample:
    """The same frames, with a last one that leaves out what it did."""
    for frame in sample.frames:
        message = frames.decode(frame)
        if isinstance(message, CommitMsg):
            return replace(sample, frames=[*sample.frames, frames.encode(replace(message, ops=()))])
    raise AssertionError


def test_frames_are_the_stream_s(sample: Sample) -> None:
    """The frames come without what the websocket puts before them."""
    assert sample.frames == [sent.frame for sent in Traffic(SEED, Names()).sent(COUNT)]


def test_every_frame_is_verified(sample: Sample) -> None:
    """Whole rounds and rounds taken apart both pass, with every account's key at hand."""
    assert verify.seconds(sample) > 0
    times = verify.stage_seconds(sample)
    assert len(times) == len(STAGES)
    assert min(times) > 0


@pytest.mark.parametrize("measure", [verify.seconds, verify.stage_seconds])
def test_what_does_not_pass_is_no_measurement(
    sample: Sample, measure: Callable[[Sample], object]
) -> None:
    """A commit that says less than happened ends the benchmark, instead of being fast."""
    with pytest.raises(VerifyError, match="commit 3"):
        measure(forged(sample))


def test_wrong_key_is_no_measurement(sample: Sample) -> None:
    """Signatures are checked in the rounds that are taken apart, too."""
    with pytest.raises(VerifyError, match="fails a stage"):
        verify.stage_seconds(replace(sample, keys=dict.fromkeys(sample.keys, STRANGER)))


def test_captured(shared: Path, tmp_path: Path) -> None:
    """Real frames are repeated as often as it takes, and nothing where there are none."""
    real = verify.captured(shared, 250)
    assert real is not None
    assert real.frames[:50] == real.frames[100:150] == real.frames[200:]
    assert verify.seconds(real) > 0
    assert verify.captured(tmp_path, 250) is None


def test_figures(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed is frames a second; the shares of a round are all of it."""
    monkeypatch.setattr(verify, "ROUNDS", 2)
    monkeypatch.setattr(verify, "seconds", lambda _: 0.5)
    speed, *shares = verify.figures(sample)
    assert (speed.name, speed.runs) == ("verify.frames_per_s", (2 * COUNT, 2 * COUNT))
    assert [share.name for share in shares] == [f"verify.{stage}_share" for stage in STAGES]
    for number in range(2):
        assert sum(share.runs[number] for share in shares) == pytest.approx(100)
