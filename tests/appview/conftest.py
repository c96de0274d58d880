"""An index on disk, the AppView over it, and a client that trusts no answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appview.store import Store
from tests.appview.client import Client
from tests.appview.index import Index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An empty index, to be filled."""
    index = Index(tmp_path / "index.db")
    yield index
    index.conn.close()


@pytest.fixture
def client(index: Index) -> Iterator[Client]:
    """Asks the AppView over that index."""
    client = Client(index)
    yield client
    client.close()


@pytest.fixture
def store(client: Client) -> Store:
    """The AppView's own side of that index."""
    return client.store
