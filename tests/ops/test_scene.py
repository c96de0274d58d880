"""The demo's scene: the same for a seed, valid, and on any network."""

from __future__ import annotations

import io
import wave
from typing import Any

from atp import cbor
from atp.data import record_from_json
from atp.syntax import Nsid
from lexicons.catalog import Catalog
from lexicons.names import Names
from lexicons.records import check_record
from ops.players import WorldStage
from ops.scene import Scene, play, stamp, tune
from ops.world.network import World

NAMES = Names()
NOW = 1_750_000_000_000_000


def ticking() -> int:
    """A clock that moves a millisecond a call."""
    ticking.now += 1_000  # type: ignore[attr-defined]
    return int(ticking.now)  # type: ignore[attr-defined]


async def scene_of(seed: int) -> tuple[Scene, dict[str, Any]]:
    """The scene of a seed, and every record of its network."""
    ticking.now = NOW  # type: ignore[attr-defined]
    async with World(seed, ticking) as world:
        scene = await play(NAMES, WorldStage(world).enter, NOW, seed)
        return scene, {str(uri): (str(cid), value) for uri, (cid, value) in world.records().items()}


async def test_the_same_seed_gives_the_same_scene() -> None:
    """URIs, CIDs and values agree; another seed gives other accounts."""
    _, once = await scene_of(1)
    _, again = await scene_of(1)
    _, other = await scene_of(2)
    assert once == again
    assert once.keys().isdisjoint(other)


async def test_the_scene_is_valid_and_believable() -> None:
    """Every record fits its lexicon; artists, albums, playlists, likes and comments are there."""
    catalog = Catalog.load()
    scene, records = await scene_of(1)
    kinds: dict[str, int] = {}
    for uri, (_, value) in records.items():
        collection, rkey = uri.split("/")[3:]
        decoded = cbor.decode(cbor.encode(record_from_json(value)))
        assert check_record(catalog, NAMES, Nsid.parse(collection), rkey, decoded).problems == ()
        kinds[collection] = kinds.get(collection, 0) + 1
    assert kinds[NAMES.track] == len(scene.tracks) == 16
    assert kinds[NAMES.profile] == 6
    assert kinds[NAMES.list] == 6
    assert kinds[NAMES.like] > 40
    assert kinds[NAMES.comment] == 9
    assert scene.players[4].handle == "ostinato.test"


def test_a_tune_is_sound() -> None:
    """Two seconds of WAV, different for each seed."""
    with wave.open(io.BytesIO(tune(1))) as sound:
        assert sound.getnframes() / sound.getframerate() == 2
    assert tune(1) != tune(2)


def test_a_stamp_has_milliseconds_and_z() -> None:
    """Datetimes are written as the protocol prefers."""
    assert stamp(NOW + 1_234) == "2025-06-15T15:06:40.001Z"
