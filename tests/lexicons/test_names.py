"""NSIDs are computed from the namespace and from nothing else."""

from __future__ import annotations

import pytest

from atp.errors import InvalidIdentifier
from lexicons.names import FOREIGN_PROFILE, Names


@pytest.mark.parametrize("namespace", ["fm.plyr", "fm.plyr.stg", "fm.plyr.dev", "org.example-2.x"])
def test_every_name_is_under_the_namespace(namespace: str) -> None:
    """Collections and methods are the namespace and the name that the network knows them by."""
    names = Names(namespace)
    assert names.collections == tuple(
        f"{namespace}.{name}" for name in ("track", "like", "comment", "list", "actor.profile")
    )
    assert names.collections == (
        names.track,
        names.like,
        names.comment,
        names.list,
        names.profile,
    )
    assert names.query("feed.getTrack") == f"{namespace}.feed.getTrack"
    assert FOREIGN_PROFILE not in names.collections


def test_environments_share_no_name() -> None:
    """A longer namespace is another environment, though its NSIDs begin alike."""
    assert not set(Names("fm.plyr").collections) & set(Names("fm.plyr.stg").collections)


@pytest.mark.parametrize(
    "namespace",
    ["", "fm", "fm.", ".fm.plyr", "fm..plyr", "fm.plyr.", "fm.pl yr", "a.bb" * 90, "fm.plyr\n"],
)
def test_a_bad_namespace_is_refused(namespace: str) -> None:
    """A namespace that no NSID can begin with is refused at once, not when a name is used."""
    with pytest.raises(InvalidIdentifier):
        Names(namespace)


def test_names_are_values() -> None:
    """Equal namespaces give equal names, and names do not change."""
    assert Names() == Names("fm.plyr")
    with pytest.raises(AttributeError):
        Names().namespace = "fm.plyr.dev"  # type: ignore[misc]


def test_what_is_no_name_is_refused() -> None:
    """Only the name of a method can follow the namespace."""
    with pytest.raises(InvalidIdentifier):
        Names().query("feed.get-track")
