"""Fixtures and rules for every test.

Reference material (vectors, captured frames) is read from ``../shared`` or ``PLYR_SHARED``; a test
that needs it is skipped, with the reason, where it is missing. Under ``PLYR_REQUIRE_ALL=1`` a skip
whose reason is not on the short list below fails the run.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from ops.devnet.install import InstallError, ensure_installed

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("PLYR_SHARED", ROOT.parent / "shared"))
LONG = os.environ.get("PLYR_LONG") == "1"
ALLOWED_SKIPS = ("long: ", "no relay: ")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material."""
    if not (SHARED / "vectors").is_dir():
        pytest.skip(f"no reference material at {SHARED} (PLYR_SHARED names another place)")
    return SHARED


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Path:
    """Public interop vectors."""
    return shared / "vectors"


@pytest.fixture(scope="session")
def installed() -> Path:
    """The folder of the devnet's npm packages, installed."""
    try:
        return ensure_installed()
    except InstallError as exc:
        pytest.skip(str(exc))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long tests to `make test-long`."""
    for item in items:
        if item.get_closest_marker("long") and not LONG:
            item.add_marker(pytest.mark.skip(reason="long: make test-long runs it"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip that is not on the list into a failure where everything is required."""
    report = yield
    if report.skipped and os.environ.get("PLYR_REQUIRE_ALL") == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(text in reason for text in ALLOWED_SKIPS):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped where nothing may be: {reason}"
    return report
