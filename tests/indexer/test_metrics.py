"""Metrics: every reason has its series, and the sums agree."""

from __future__ import annotations

import pytest

from atp.errors import RejectReason
from atp.runtime.metrics import Registry
from indexer.failure import Failure
from indexer.metrics import Metrics
from indexer.reasons import Drop, Reason
from indexer.store.repos import Desync
from indexer.verdict import APPLIED, REPLAYED, Applied, Verdict


def values(registry: Registry) -> dict[str, float]:
    """Every series by its name and labels."""
    lines = registry.render().decode().splitlines()
    return {
        name: float(value)
        for line in lines
        if line.startswith("plyr_indexer_")
        for name, _, value in [line.rpartition(" ")]
    }


@pytest.mark.parametrize("reason", [*RejectReason, *Drop])
def test_every_reason_is_counted_under_its_name(reason: Reason) -> None:
    """A rejection shows under its reason and in the sum of verdicts."""
    registry = Registry()
    Metrics(registry).ended(Applied(Verdict.REJECTED, reason))
    found = values(registry)
    assert found[f'plyr_indexer_rejected_total{{reason="{reason.value}"}}'] == 1
    assert found['plyr_indexer_events_total{verdict="rejected"}'] == 1


@pytest.mark.parametrize("reason", list(Desync))
def test_every_deferral_is_counted_under_its_name(reason: Desync) -> None:
    """A deferral shows under its reason."""
    registry = Registry()
    Metrics(registry).ended(Applied(Verdict.DEFERRED, reason))
    assert values(registry)[f'plyr_indexer_deferred_total{{reason="{reason.value}"}}'] == 1


@pytest.mark.parametrize("failure", [None, *Failure])
def test_every_end_of_a_resync_is_counted_under_its_name(failure: Failure | None) -> None:
    """A fetch shows under what it failed of, or as synchronized."""
    registry = Registry()
    Metrics(registry).resynced(failure)
    name = "synchronized" if failure is None else failure.value
    assert values(registry)[f'plyr_indexer_resyncs_total{{end="{name}"}}'] == 1


def test_series_stand_at_zero_from_the_start() -> None:
    """A rate over what never happened is 0, not missing."""
    registry = Registry()
    metrics = Metrics(registry)
    assert set(values(registry).values()) == {0.0}
    metrics.ended(APPLIED)
    metrics.ended(REPLAYED)
    metrics.received(routed=2, dismissed=5)
    metrics.connected()
    found = values(registry)
    assert found['plyr_indexer_frames_total{routing="dismissed"}'] == 5
    assert found['plyr_indexer_events_total{verdict="applied"}'] == 1


def test_a_source_is_a_label_by_its_host() -> None:
    """One series for each configured host from the start, and no others ever."""
    registry = Registry()
    metrics = Metrics(registry, ["wss://a.test", "wss://b.test:8443"])
    metrics.lag("wss://a.test", 2_500_000)
    metrics.blind("wss://b.test:8443", blind=True)
    metrics.rewound("wss://b.test:8443")
    found = values(registry)
    assert found['plyr_indexer_source_lag_seconds{source="a.test"}'] == 2.5
    assert found['plyr_indexer_source_lag_seconds{source="b.test:8443"}'] == 0
    assert found['plyr_indexer_source_blind{source="b.test:8443"}'] == 1
    assert found['plyr_indexer_source_rewinds_total{source="b.test:8443"}'] == 1
    with pytest.raises(KeyError):
        metrics.lag("wss://elsewhere.test", 1)
