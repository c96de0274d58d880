"""Messages of a label stream."""

from __future__ import annotations

import json
from pathlib import Path

import cbor2
import pytest

from atp import frames, label_frames
from atp.errors import FrameError
from atp.frames import ErrorFrame, InfoMsg, UnknownMsg
from atp.keys import Curve, PrivateKey
from atp.label import Label
from atp.label_frames import LabelsMsg
from atp.syntax import Datetime, Did

KEY = PrivateKey.from_bytes(Curve.P256, b"\x06" * 32)
LABEL = Label(
    Did("did:web:labeler.test"), "did:plc:abc", "spam", Datetime("2026-01-02T03:04:05Z")
).sign(KEY)


def test_vectors(vectors: Path) -> None:
    """Frames of the reference implementation, labels with their signatures as bytes."""
    cases = json.loads((vectors / "derived/event-frames.json").read_text())["good"]
    bodies = {case["comment"]: case for case in cases}
    case = bodies["#labels"]
    message = label_frames.decode(bytes.fromhex(case["frameHex"]))
    assert isinstance(message, LabelsMsg)
    assert message.seq == case["bodyJson"]["seq"]
    assert [label.to_json() for label in message.labels] == case["bodyJson"]["labels"]
    assert label_frames.encode(message).hex() == case["frameHex"]
    info = label_frames.decode(bytes.fromhex(bodies["#info OutdatedCursor"]["frameHex"]))
    assert isinstance(info, InfoMsg)
    assert info.name == "OutdatedCursor"


def test_round_trip() -> None:
    """What is written is read, and another decoder sees the same."""
    message = LabelsMsg(7, (LABEL, LABEL))
    frame = label_frames.encode(message)
    assert label_frames.decode(frame) == message
    body = cbor2.loads(frame[len(cbor2.dumps({"t": "#labels", "op": 1})) :])
    assert body == {"seq": 7, "labels": [LABEL.fields()] * 2}


def test_a_label_that_is_none_harms_no_other() -> None:
    """It is counted and left out."""
    broken = [{**LABEL.fields(), "val": ""}, 3, {}, {**LABEL.fields(), "cid": None}]
    body = {"seq": 1, "labels": [*broken, LABEL.fields()]}
    frame = frames.encode_message("#labels", body)
    assert label_frames.decode(frame) == LabelsMsg(1, (LABEL,), 4)


def test_other_messages() -> None:
    """Errors and kinds that are none of a label stream's are told apart."""
    assert label_frames.decode(frames.encode_error("FutureCursor", None)) == ErrorFrame(
        "FutureCursor", None
    )
    assert label_frames.decode(frames.encode_message("#new", {"seq": 3})) == UnknownMsg("#new", 3)
    identity = frames.encode(frames.IdentityMsg(1, Did("did:plc:abc"), "t", None))
    assert label_frames.decode(identity) == UnknownMsg("#identity", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"seq": 1},
        {"labels": []},
        {"seq": 0, "labels": []},
        {"seq": True, "labels": []},
        {"seq": "1", "labels": []},
        {"seq": 2**53, "labels": []},
        {"seq": 1, "labels": {}},
    ],
)
def test_refuses_a_body_that_is_none(body: dict[str, object]) -> None:
    """Without its place in the stream or its labels a message says nothing."""
    with pytest.raises(FrameError):
        label_frames.decode(frames.encode_message("#labels", body))


@pytest.mark.parametrize("frame", [b"", b'{"seq": 1, "labels": []}', b"\xa0", b"\xff" * 9])
def test_refuses_what_is_no_frame(frame: bytes) -> None:
    """JSON is none either."""
    with pytest.raises(FrameError):
        label_frames.decode(frame)
