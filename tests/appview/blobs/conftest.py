"""The service, ready to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.appview.blobs.serving import Service, service


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[Service]:
    """The service and an honest PDS."""
    async with service(tmp_path) as started:
        yield started
