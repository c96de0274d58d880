"""`plyr restore`: only what is sound comes back, and nothing that was there is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atp.runtime.lock import LockHeld, StoreLock
from indexer import schema
from ops.backup import MANIFEST, KeptStore, back_up, sha256
from ops.cli import main
from ops.errors import CannotRun
from ops.restore import BackupDamaged, bring_back
from tests.ops.logs import LABELS, NOW, PRIVATE, crash, events, log, stocked


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with both stores, and an index."""
    return stocked(tmp_path)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data(), name=st.sampled_from([LABELS, PRIVATE]))
def test_a_changed_byte_is_refused(
    tmp_path: Path, data: Path, draw: st.DataObject, name: str
) -> None:
    """Wherever it is; and nothing is changed in the data folder, not even in part."""
    saved, elsewhere = tmp_path / "saved", tmp_path / "elsewhere"
    if not saved.exists():
        back_up(data, saved, NOW)
    sound = (saved / name).read_bytes()
    at = draw.draw(st.integers(0, len(sound) - 1))
    change = draw.draw(st.integers(1, 255))
    (saved / name).write_bytes(sound[:at] + bytes([sound[at] ^ change]) + sound[at + 1 :])
    with pytest.raises(BackupDamaged, match=name):
        bring_back(saved, elsewhere, NOW)
    (saved / name).write_bytes(sound)
    assert {path.suffix for path in elsewhere.iterdir()} == {".lock"}


def test_a_hash_is_not_enough(tmp_path: Path, data: Path) -> None:
    """A copy that is just what the manifest says, and no sound database, is refused as well."""
    saved = tmp_path / "saved"
    back_up(data, saved, NOW)
    body = bytearray((saved / LABELS).read_bytes())
    body[4096 + 8 : 6096] = bytes(1992)
    (saved / LABELS).write_bytes(body)
    manifest = json.loads((saved / MANIFEST).read_text())
    manifest["stores"][0]["sha256"] = sha256(saved / LABELS)
    (saved / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BackupDamaged, match=r"damaged|no sound"):
        bring_back(saved, tmp_path / "elsewhere", NOW)


def one_store(**changes: object) -> str:
    """A manifest of one store that is described so."""
    store = {"file": LABELS, "size": 1, "sha256": "0", "schema": 1, **changes}
    return json.dumps({"format": 1, "time": "", "software": "", "stores": [store]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 1, "time": "", "software": "", "stores": 7}',
        '{"format": 1, "time": "", "software": "", "stores": [7]}',
        '{"format": 1, "time": 1, "software": "", "stores": []}',
        '{"format": 1, "time": "", "software": "", "stores": [], "more": 1}',
        one_store(file="../labels.db"),
        one_store(file="index.db"),
        one_store(file=7),
        one_store(size="1"),
        one_store(schema=True),
        one_store(more=1),
        one_store(),
        " " * 70_000,
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: str) -> None:
    """Neither its form nor the files that it names are taken on trust."""
    saved = tmp_path / "saved"
    saved.mkdir()
    (tmp_path / LABELS).write_bytes(b"x")
    (saved / MANIFEST).write_text(text)
    with pytest.raises(BackupDamaged):
        bring_back(saved, tmp_path / "data", NOW)


def test_schemas_are_compared(tmp_path: Path, data: Path) -> None:
    """A store of a later version is for that version; another format of backup, too."""
    saved = tmp_path / "saved"
    back_up(data, saved, NOW)
    for newest, fits in ((0, False), (1, True), (2, True)):
        stores = [KeptStore(LABELS, "labels", newest), KeptStore(PRIVATE, "times", 1)]
        if fits:
            bring_back(saved, tmp_path / f"data{newest}", NOW, stores)
        else:
            with pytest.raises(CannotRun, match="version that wrote it"):
                bring_back(saved, tmp_path / f"data{newest}", NOW, stores)
    told = json.loads((saved / MANIFEST).read_text())
    told["stores"][0]["schema"] = 2
    (saved / MANIFEST).write_text(json.dumps(told))
    with pytest.raises(BackupDamaged, match="schema 1, the manifest says 2"):
        bring_back(saved, tmp_path / "other", NOW)
    (saved / MANIFEST).write_text('{"format": 2}')
    with pytest.raises(CannotRun, match="another format"):
        bring_back(saved, tmp_path / "later", NOW)


@pytest.mark.parametrize("file", [schema.FILE, LABELS, PRIVATE])
def test_not_under_a_running_service(tmp_path: Path, data: Path, file: str) -> None:
    """Whoever writes any store of the folder keeps a restore out."""
    saved = tmp_path / "saved"
    back_up(data, saved, NOW)
    before = {path.name: path.read_bytes() for path in data.iterdir() if path.suffix == ".db"}
    with StoreLock(data / file), pytest.raises(LockHeld):
        bring_back(saved, data, NOW, force=True)
    assert {name: (data / name).read_bytes() for name in before} == before


def test_what_is_replaced_stays_beside(tmp_path: Path, data: Path) -> None:
    """A store that is there is kept out unless forced; then it goes on, WAL and all, by its side."""
    saved = tmp_path / "saved"
    back_up(data, saved, NOW)
    copied = events(data / LABELS)
    crash(data / LABELS)
    with pytest.raises(CannotRun, match="--force"):
        bring_back(saved, data, NOW)
    _, aside = bring_back(saved, data, NOW, force=True)
    assert [path.name for path in aside] == [
        f"{name}.before-restore-20260921T141320000Z" for name in (LABELS, PRIVATE)
    ]
    assert events(data / LABELS) == copied
    assert [payload for _, _, payload in events(aside[0])[len(copied) :]] == [b"only in the WAL"]


def test_even_a_broken_store_is_put_aside(tmp_path: Path, data: Path) -> None:
    """With its WAL, which must not be played into the store that takes its place."""
    saved = tmp_path / "saved"
    back_up(data, saved, NOW)
    copied = events(data / LABELS)
    crash(data / LABELS)
    wal = (data / f"{LABELS}-wal").read_bytes()
    (data / LABELS).write_bytes(b"not a database" * 1_000)
    _, (aside, _) = bring_back(saved, data, NOW, force=True)
    assert events(data / LABELS) == copied
    assert aside.read_bytes().startswith(b"not a database")
    assert Path(f"{aside}-wal").read_bytes() == wal


def test_no_sequence_number_is_given_twice(tmp_path: Path) -> None:
    """After a restore of an older state the log goes on above all that was ever sent."""
    data, saved = tmp_path / "data", tmp_path / "saved"
    data.mkdir()
    log(data / LABELS, 10, now=NOW)
    back_up(data, saved, NOW)
    # More in a moment than there are microseconds in it, as a burst of labels may be.
    lost = {seq for seq, _, _ in log(data / LABELS, 500, now=NOW + 100)[10:]}
    bring_back(saved, data, NOW, force=True)
    later = {seq for seq, _, _ in log(data / LABELS, 500, now=NOW + 60_000_000)[10:]}
    assert lost.isdisjoint(later)
    assert min(later) > max(lost)


def test_exit_statuses(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 for a damaged backup, 2 for wrong usage, 3 where a command could not run."""
    saved, folder = str(tmp_path / "saved"), f"--data-dir={data}"
    with pytest.raises(SystemExit) as usage:
        main(["backup", folder])
    assert usage.value.code == 2
    assert main(["backup", saved, f"--data-dir={tmp_path / 'nowhere'}"]) == 3
    assert main(["backup", str(data / LABELS / "in a file"), folder]) == 3
    assert main(["backup", saved, folder]) == 0
    assert main(["backup", saved, folder]) == 3
    assert main(["restore", str(tmp_path / "none"), folder]) == 3
    assert main(["restore", saved, folder]) == 3
    capsys.readouterr()
    with StoreLock(data / schema.FILE):
        assert main(["restore", saved, folder, "--force"]) == 3
    assert "in use" in capsys.readouterr().err
    (tmp_path / "saved" / LABELS).write_bytes(b"")
    assert main(["restore", saved, folder, "--force", "--json"]) == 1
    assert LABELS in json.loads(capsys.readouterr().out)["error"]
    assert main(["restore", saved, folder, "--force"]) == 1
