"""``server.getActorStats``."""

from __future__ import annotations

from atp.syntax import Datetime
from tests.appview.client import Client
from tests.appview.index import START, Index

NAME = "server.getActorStats"
DAY = 24 * 3_600 * 1_000_000


def at(days: int) -> dict[str, str]:
    """A record from some days before the start."""
    return {"createdAt": Datetime.from_micros(START - days * DAY)}


def test_figures(index: Index, client: Client) -> None:
    """Totals of all time, the best tracks, and each day, of active accounts."""
    artist, fan, other, hidden = (index.actor(name) for name in ("artist", "fan", "o", "hidden"))
    one = index.track(artist, "eins", duration=60, **at(40))
    two = index.track(artist, "zwei ✨", duration=30, **at(40))
    index.like(fan, one, **at(35))
    index.like(fan, two, **at(2))
    index.like(fan, two, **at(0))
    index.like(other, two, **at(2))
    index.like(hidden, two, **at(2))
    index.comment(fan, one, 0, **at(1))
    index.comment(fan, one, 0, **at(1))
    index.list_(fan, [one, two, one], **at(0))
    index.list_(hidden, [one], **at(0))
    index.status(hidden, active=False)
    client.now = START
    stats = client.get(NAME, actor="artist.test")
    totals = {key: value for key, value in stats.items() if isinstance(value, int)}
    assert totals == {
        "tracks": 2, "durationSeconds": 90, "likes": 3, "comments": 2, "listAdds": 2,
    }  # fmt: skip
    assert [track["uri"] for track in stats["topLiked"]] == [two, one]
    assert [track["uri"] for track in stats["topCommented"]] == [one]
    assert [track["uri"] for track in stats["topListed"]] == [two, one]
    assert len(stats["days"]) == 30
    assert stats["days"][-1] == {"date": "2026-01-01", "likes": 0, "comments": 0, "listAdds": 2}
    assert stats["days"][-2] == {"date": "2025-12-31", "likes": 0, "comments": 2, "listAdds": 0}
    assert stats["days"][-3] == {"date": "2025-12-30", "likes": 2, "comments": 0, "listAdds": 0}
    assert stats["days"][0] == {"date": "2025-12-03", "likes": 0, "comments": 0, "listAdds": 0}
    ninety = client.get(NAME, actor=artist, days=90)["days"]
    assert len(ninety) == 90
    assert sum(day["likes"] for day in ninety) == 3
    assert client.get(NAME, actor=artist, days=1)["days"] == [stats["days"][-1]]


def test_who_is_not_shown(index: Index, client: Client) -> None:
    """An account without tracks has figures that are zero; one that is not shown has none."""
    fan = index.actor("fan")
    index.like(fan, index.track(index.actor("artist")))
    stats = client.get(NAME, actor=fan, days=2)
    assert (stats["tracks"], stats["likes"], stats["topLiked"]) == (0, 0, [])
    assert [day["likes"] for day in stats["days"]] == [0, 0]
    index.status(fan, active=False)
    assert client.refused(NAME, actor=fan) == "ActorNotFound"
    for days in (0, 91, "x"):
        assert client.refused(NAME, actor="artist.test", days=days) == "InvalidRequest"


def test_statements_do_not_grow(index: Index, client: Client) -> None:
    """However many tracks there are."""
    artist, other, fan = index.actor("artist"), index.actor("other"), index.actor("fan")
    index.like(fan, index.track(other))
    for _ in range(8):
        index.like(fan, index.track(artist))
    many = client.statements(NAME, actor=artist)
    assert len(many) == len(client.statements(NAME, actor=other)) <= 12
