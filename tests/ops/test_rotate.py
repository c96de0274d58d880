"""`plyr label rotate` where no service runs: it does the work itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from atp.label import Label
from labeler import keys
from ops.cli import main
from tests.ops.test_label import ALICE, Operator


@pytest.fixture
def ann(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """An operator with a key."""
    it = Operator(tmp_path, capsys)
    it.asks(f"keygen {it.key}")
    return it


@pytest.mark.parametrize("flag", ["", "--compromised"])
def test_the_key_file_has_another_key_and_all_labels_its_signature(
    ann: Operator, flag: str
) -> None:
    """What is printed is the key; the next command signs with it."""
    given = [ann.asks(f"apply {ALICE} {val}") for val in ("spam", "rude")]
    status, out, _ = ann.types(f"rotate --reason yearly {flag} --json")
    told = json.loads(out)
    assert status == 0
    key = keys.read(ann.key).public_key
    assert told == {"key": key.did_key(), "signed": 2, "compromised": bool(flag)}
    given.append(ann.asks(f"apply {ALICE} new"))
    found = ann.asks("list")["labels"]
    assert [one["seq"] for one in found] == [one["seq"] for one in given]
    assert all(Label.from_json(one["label"]).verify(key) for one in found)


def test_people_are_told_too(ann: Operator) -> None:
    """Without --json."""
    ann.asks(f"apply {ALICE} spam")
    status, out, _ = ann.types("rotate")
    assert (status, "1 labels were signed anew" in out) == (0, True)


def test_a_key_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one there is nothing to rotate."""
    assert main(["label", "rotate", f"--data-dir={tmp_path}"]) == 3
    assert "plyr label keygen" in capsys.readouterr().err
