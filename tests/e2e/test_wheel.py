"""The wheel, installed in an empty environment elsewhere, runs the demo."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_layout import tracked


@pytest.mark.timeout(400)
def test_an_installed_wheel_runs_the_demo(tmp_path: Path) -> None:
    """Schemas, migrations and scripts are in the package, not only in the tree."""
    quiet = ["--quiet", "--disable-pip-version-check"]
    tree = tmp_path / "tree"
    for file in tracked("*"):
        copy = tree / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(tree)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    pip = [str(tmp_path / "env/bin/python"), "-m", "pip", "install", *quiet]
    locked = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    subprocess.run([*pip, *locked], check=True, cwd=tmp_path)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, cwd=tmp_path)
    inherited = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("PLYR_", "PYTHON", "VIRTUAL_ENV"))
    }
    process = subprocess.Popen(
        [tmp_path / "env/bin/plyr", "demo", "--json", "--listen=127.0.0.1:0"],
        cwd=tmp_path,
        env=inherited,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    with urllib.request.urlopen(f"{said['appview']}/xrpc/fm.plyr.server.getStats") as answer:
        assert json.load(answer)["tracks"] >= 16
    process.send_signal(signal.SIGINT)
    assert process.wait(12) == 0
    process.stdout.close()
