"""`plyr label` where no service runs: it does the work itself."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from atp.label import Label
from atp.runtime.lock import StoreLock
from labeler import keys, schema
from ops.cli import main
from ops.label import operator
from tests.conftest import ROOT

ALICE = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
TRACK = f"at://{ALICE}/fm.plyr.track/3kaaaaaaaaaaa"


class Operator:
    """Types commands, and reads what they print."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.key = folder / "key"
        self._capsys = capsys

    def types(self, line: str) -> tuple[int, str, str]:
        """Exit status, what was printed, and complaints."""
        where = [f"--data-dir={self.folder}", f"--labeler-key-file={self.key}"]
        status = main(["label", *shlex.split(line), *where])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def asks(self, line: str) -> Any:
        """What a command that does well says to machines."""
        status, out, err = self.types(f"{line} --json")
        assert (status, err) == (0, "")
        return json.loads(out)


@pytest.fixture
def ann(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """An operator with a key."""
    it = Operator(tmp_path, capsys)
    told = it.asks(f"keygen {it.key}")
    assert told["didKey"] == keys.read(it.key).public_key.did_key()
    return it


def test_a_label_is_given_and_taken_back(ann: Operator) -> None:
    """What is printed is what is kept; what was taken back is listed only with the history."""
    given = ann.asks(f"apply {TRACK} spam --exp 2099-01-01T00:00:00Z --reason heard")
    label = Label.from_json(given["label"])
    assert label.verify(keys.read(ann.key).public_key)
    assert (label.uri, label.val, label.exp) == (TRACK, "spam", "2099-01-01T00:00:00Z")
    ann.asks(f"apply {ALICE} rude")
    assert [one["label"]["val"] for one in ann.asks("list")["labels"]] == ["spam", "rude"]
    assert ann.asks(f"list {TRACK}")["labels"] == [given]
    taken = ann.asks(f"negate {TRACK} spam")
    assert taken["label"]["neg"] is True
    assert taken["label"]["cts"] > given["label"]["cts"]
    assert taken["seq"] > given["seq"]
    assert ann.asks(f"list {TRACK}")["labels"] == []
    assert ann.asks(f"list {TRACK} --all")["labels"] == [given, taken]
    again = ann.asks(f"apply {TRACK} spam")
    assert ann.asks(f"list {TRACK}")["labels"] == [again]
    assert ann.asks(f"apply {TRACK} spam --neg")["label"]["neg"] is True


def test_everything_is_exported_in_order(ann: Operator) -> None:
    """A line of JSON for each label, as it was signed."""
    given = [ann.asks(f"apply {ALICE} {val}") for val in ("spam", "rude")]
    given.append(ann.asks(f"negate {ALICE} rude"))
    status, out, _ = ann.types("export")
    assert status == 0
    assert [json.loads(line) for line in out.splitlines()] == given


def test_people_are_told_too(ann: Operator) -> None:
    """Without --json."""
    assert "is spam" in ann.types(f"apply {ALICE} spam")[1]
    assert "spam" in ann.types("list")[1]
    assert "no longer spam" in ann.types(f"negate {ALICE} spam")[1]
    assert "not spam" in ann.types("list --all")[1]
    assert ann.types("list")[1] == ""


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        (f"apply {ALICE} SPAM", 2, "lower-case"),
        ("apply nobody spam", 2, "uri of a label"),
        (f"apply {ALICE} spam --cid x", 2, "cid of a label"),
        (f"apply {ALICE} spam --exp soon", 2, "datetime"),
        (f"apply {ALICE} spam --exp 2001-01-01T00:00:00Z", 2, "never hold"),
        (f"apply {ALICE} spam --neg --exp 2099-01-01T00:00:00Z", 2, "not expire"),
        ("list", 3, "no labels"),
        ("export", 3, "no labels"),
    ],
)
def test_what_cannot_be_done_says_why(ann: Operator, line: str, status: int, said: str) -> None:
    """Wrong usage is 2, what cannot run is 3."""
    ended, out, err = ann.types(line)
    assert (ended, out) == (status, "")
    assert said in err


def test_a_key_is_asked_for(ann: Operator, tmp_path: Path) -> None:
    """None, one that others can read, and a new one in the place of an old one."""
    status, _, err = ann.types(f"keygen {ann.key}")
    assert (status, "never overwritten" in err) == (3, True)
    ann.key.chmod(0o644)
    status, _, err = ann.types(f"apply {ALICE} spam")
    assert (status, "chmod 600" in err) == (3, True)
    assert main(["label", "apply", ALICE, "spam", f"--data-dir={tmp_path}"]) == 3


def test_a_store_in_use_is_not_touched(ann: Operator) -> None:
    """Somebody holds the lock and takes no commands."""
    with StoreLock(ann.folder / schema.FILE):
        status, _, err = ann.types(f"apply {ALICE} spam")
        assert (status, "in use by process" in err) == (3, True)


def test_a_store_of_another_labeler_is_refused(ann: Operator) -> None:
    """Its labels would be lost to their readers."""
    ann.asks(f"apply {ALICE} spam")
    status, _, err = ann.types(f"apply {ALICE} spam --public-url https://other.example.com")
    assert (status, "set PLYR_LABELER_DID=did:web:localhost%3A8080" in err) == (3, True)
    mine = "--public-url https://other.example.com --labeler-did did:web:localhost%3A8080"
    status, _, err = ann.types(f"apply {ALICE} spam {mine} --json")
    assert status == 0, err


def test_the_operator_has_a_name() -> None:
    """Moderation events name who gave the command."""
    assert operator().removeprefix("operator:")


def test_a_reader_may_stop_reading(ann: Operator) -> None:
    """`plyr label export | head -1` ends well."""
    for val in ("spam", "rude"):
        ann.asks(f"apply {ALICE} {val}")
    line = [sys.executable, "-m", "ops.cli", "label", "export", f"--data-dir={ann.folder}"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        line, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_labels_survive_the_loss_of_their_store(ann: Operator, tmp_path: Path) -> None:
    """Restored, the labeler goes on above every number it ever gave, and can take all back."""
    kept = ann.asks(f"apply {ALICE} spam")
    here, saved = f"--data-dir={ann.folder}", str(tmp_path / "saved")
    assert main(["backup", saved, here]) == 0
    ann.types("list")  # reads what was printed so far
    lost = ann.asks(f"apply {ALICE} rude")
    assert main(["restore", saved, "--force", here]) == 0
    ann.types("list")
    assert ann.asks("list --all")["labels"] == [kept]
    taken = ann.asks(f"negate {ALICE} rude")
    assert taken["seq"] > lost["seq"]
    assert taken["label"]["cts"] > lost["label"]["cts"]
