"""`plyr audit` and `plyr rebuild` on an index that nobody serves."""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import pytest

from indexer import schema
from tests.indexer.test_audit import TRACK, stored
from tests.ops.test_cli import plyr


def test_damage_is_named_and_mended(tmp_path: Path) -> None:
    """0 when sound, 1 with the rows that are not, 0 again after a rebuild."""
    folder = f"--data-dir={tmp_path}"
    offline = (folder, "--plc-url=http://127.0.0.1:1", "--allow-private-hosts")
    path = stored(tmp_path)
    assert plyr("audit", *offline).returncode == 0
    conn = apsw.Connection(str(path))
    conn.execute("UPDATE counters SET likes = 7 WHERE likes = 1")
    conn.execute("DELETE FROM bsky_profiles")
    conn.close()
    found = plyr("audit", "--json", *offline)
    assert found.returncode == 1
    told = json.loads(found.stdout)
    assert told["unreachable"] == told["repos"] == 3
    assert f"counters: {TRACK} is not what the raw records say" in told["findings"]
    assert TRACK in plyr("audit", *offline).stdout
    mended = plyr("rebuild", "--json", folder)
    assert mended.returncode == 0
    assert json.loads(mended.stdout) == {"records": 9}
    assert plyr("audit", *offline).returncode == 0


@pytest.mark.parametrize("command", ["audit", "rebuild"])
def test_without_an_index_it_could_not_run(tmp_path: Path, command: str) -> None:
    """3, and nothing is made."""
    done = plyr(command, f"--data-dir={tmp_path}")
    assert done.returncode == 3
    assert "--data-dir" in done.stderr
    assert not (tmp_path / schema.FILE).exists()
