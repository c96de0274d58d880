"""The labeler's benchmark measures readers who had everything, and a log like the labeler's own."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from atp import label_frames
from atp.frames import InfoMsg, encode
from atp.label import Label
from atp.label_frames import LabelsMsg
from atp.runtime import sqlite
from labeler import decide, schema, store
from labeler.decide import Statement
from labeler.stream_wire import binary
from ops.bench import labels, labels_log
from ops.bench.child import BenchError
from ops.bench.labels_host import STAGES
from ops.bench.labels_readers import Reader

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def test_the_log_is_one_of_the_labeler_s(tmp_path: Path) -> None:
    """So many labels of one source in order, each with its event; other runs make the same."""
    labels_log.write(tmp_path, 25)
    with closing(sqlite.connect(tmp_path / schema.FILE, readonly=True)) as conn:
        found = store.after(conn, 0, 100)
        assert [label.uri for _, label in found] == [labels_log.statement(n).uri for n in range(25)]
        assert store.source(conn) == labels_log.SIGNER.did
        assert store.last_seq(conn) == found[-1][0]
        assert conn.execute("SELECT count(*) FROM events").get == 25


async def test_readers_count_whole_messages() -> None:
    """However the bytes are cut; messages of every size, and nothing that is not whole."""
    uris = ["did:plc:a", "https://a.test/" + "a" * 8_000]
    sent = b"".join(
        binary(label_frames.encode(LabelsMsg(seq, (label,))))
        for seq, label in enumerate((signed(uri) for uri in uris * 5), start=1)
    )
    for cut in (1, 7, 100, len(sent)):
        reader = Reader("")
        data = HEAD + sent
        for start in range(0, len(data), cut):
            reader.data_received(data[start : start + cut])
        assert reader.open.done()
        assert (reader.messages, reader.seq()) == (10, 10)
        reader.data_received(sent[:50])
        assert reader.messages == 10


def signed(uri: str) -> Label:
    """A label of that subject."""
    said = Statement(uri, "spam")
    return decide.label(said, labels_log.SIGNER.did, None, 1).sign(labels_log.SIGNER.key)


async def test_readers_refuse_what_is_no_stream() -> None:
    """A refused handshake, or an end that is no label, is an error and no figure."""
    refused = Reader("")
    refused.data_received(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
    with pytest.raises(ConnectionError):
        await refused.open
    told = Reader("")
    told.data_received(HEAD + binary(encode(InfoMsg("OutdatedCursor", None))))
    with pytest.raises(TypeError):
        told.seq()


def test_a_small_round(tmp_path: Path) -> None:
    """Each part gives its figures from processes that really store, stream and read."""
    folder = tmp_path / "long"
    folder.mkdir()
    labels_log.write(folder, 700)
    with (tmp_path / "log").open("wb") as log:
        measured = {
            **labels.stored(log, tmp_path, 300),
            **labels.fanned_out(log, tmp_path, 20, 30),
            **labels.replayed(log, folder, 700),
            **labels.signed_anew(log, tmp_path, folder),
        }
        with pytest.raises(BenchError):
            labels.replayed(log, folder, 650)
    assert all(value > 0 for name, value in measured.items() if name != "replay_memory_growth_mb")
    shares = [measured[f"stored_{stage}_share"] for stage in (*STAGES, "commit")]
    assert sum(shares) == pytest.approx(100)
    assert {"stored_per_s", "fanout_20_frames_per_s", "replay_per_s", "resign_per_s"} <= set(
        measured
    )
