"""A labeler that is killed forgets nothing that it told, and gives no number twice."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

from atp.runtime import sqlite
from labeler import schema, store
from tests.conftest import ROOT
from tests.labeler.making import KEY

ROUNDS = 4


def test_kills_lose_no_label_and_double_none(tmp_path: Path) -> None:
    """SIGKILL at any moment: every label that was told is there, whole, in its place."""
    random = Random(5)
    told: list[int] = []
    for _ in range(ROUNDS):
        told += life(tmp_path, random.uniform(0.0, 0.3))
    conn = sqlite.connect(tmp_path / schema.FILE, readonly=True)
    kept = store.after(conn, 0, 1_000_000)
    numbers = [seq for seq, _ in kept]
    assert len(told) > ROUNDS
    assert told == sorted(set(told)), "over all lives"
    assert set(told) <= set(numbers)
    assert len(numbers) % 2 == 0, "two at a time, or none"
    assert store.last_seq(conn) == numbers[-1]
    assert conn.execute("SELECT count(*) FROM events").get == len(numbers)
    newest: dict[str, int] = {}
    for _, label in kept:
        assert label.verify(KEY.public_key)
        assert label.cts.micros() > newest.get(label.uri, 0)
        newest[label.uri] = label.cts.micros()
    conn.close()


def life(folder: Path, seconds: float) -> list[int]:
    """Let a labeler talk for a while, kill it, and return the numbers that it has told."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.labeler.talker", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest, _ = process.communicate()
    # A last line without its end was cut off by the kill.
    return [int(line) for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]
