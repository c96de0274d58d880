"""`pytest tests/simulator --seed N` plays one history alone."""

from __future__ import annotations

import pytest

from tests.simulator.haste import shorten

ALONE = "test_one_history"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option where only these tests are run."""
    parser.addoption("--seed", type=int, help="play the history of this seed alone, and shrink it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run that test for a seed and no other, and the others without one."""
    alone = config.getoption("--seed", default=None) is not None
    others = [item for item in items if "simulator" in item.path.parts]
    unwanted = [item for item in others if (item.name == ALONE) is not alone]
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if item not in unwanted]


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed asked for."""
    number: int = request.config.getoption("--seed")
    return number


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the indexer little patience."""
    shorten(monkeypatch.setattr)
