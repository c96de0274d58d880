"""Every defect in this folder is found by the tests that it names (`make test-long`).

A patch begins with what the defect is and, after ``Killed by:``, the tests that are run with it. The
tree is copied, the patch applied, and the tests must fail; without any patch they must pass, or
their failing would mean nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, SHARED

PATCHES = sorted(Path(__file__).parent.glob("*.patch"))
INVARIANTS = ROOT / "docs/INVARIANTS.md"
PACKAGES = ("appview", "atp", "indexer", "labeler", "lexicons", "ops", "pds_client", "tests")


def killers(patch: Path) -> list[str]:
    """The tests that a patch says it is killed by."""
    head = patch.read_text().partition("\n--- ")[0]
    return head.partition("Killed by:")[2].split()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, to be patched and put back."""
    copy = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, copy / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def run(tree: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    """Run tests of the copy."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PLYR_SHARED": str(SHARED), "PLYR_LONG": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_list_is_told() -> None:
    """The document of laws names every mutant, and no other."""
    told = INVARIANTS.read_text()
    listed = {name for name in told.split("`") if name.endswith(".patch")}
    assert listed == {patch.name for patch in PATCHES}


def test_every_patch_applies_and_names_its_tests() -> None:
    """A mutant that no longer fits the code, or that nobody is to kill, is found at once."""
    for patch in PATCHES:
        assert killers(patch), patch.name
        fits = subprocess.run(
            ["git", "apply", "--check", str(patch)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert fits.returncode == 0, f"{patch.name}: {fits.stderr}"


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_without_a_defect_they_pass(tree: Path) -> None:
    """All the tests that are to kill a mutant pass on the code as it is."""
    done = run(tree, sorted({test for patch in PATCHES for test in killers(patch)}))
    assert done.returncode == 0, done.stdout


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: str(patch.stem))
def test_each_is_killed(tree: Path, patch: Path) -> None:
    """The defect makes one of its tests fail, and not for want of anything to run."""
    try:
        subprocess.run(["git", "apply", str(patch)], cwd=tree, check=True)
        done = run(tree, killers(patch))
    finally:
        subprocess.run(["git", "apply", "-R", str(patch)], cwd=tree, check=True)
    assert done.returncode == 1, done.stdout  # 1 is a failed test; trouble is another number
