"""What is counted of files."""

from __future__ import annotations

import pytest

from appview.blobs.failure import Failure
from appview.blobs.metrics import Metrics, Served
from atp.runtime.metrics import Registry


@pytest.mark.parametrize("how", [*Served, *Failure])
def test_every_end_has_its_series(how: Served | Failure) -> None:
    """From the start, at 0; each request moves one of them."""
    registry = Registry()
    metrics = Metrics(registry)
    series = f'blob_requests_total{{outcome="{how.value}"}}'
    assert f"{series} 0.0" in registry.render().decode()
    metrics.ended(how)
    assert f"{series} 1.0" in registry.render().decode()


def test_bytes_and_cache() -> None:
    """In and out are counted, the cache is shown."""
    registry = Registry()
    metrics = Metrics(registry)
    metrics.came(5)
    metrics.went(7)
    metrics.cache(9)
    said = registry.render().decode()
    assert 'blob_bytes_total{direction="in"} 5.0' in said
    assert 'blob_bytes_total{direction="out"} 7.0' in said
    assert "blob_cache_bytes 9.0" in said
