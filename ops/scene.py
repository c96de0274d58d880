"""A small believable music scene, played on any network: the demo's, or a real PDS.

Six artists and three listeners publish tracks, albums, playlists, likes and timed comments; one
track is deleted again and one handle changes. ``trickle`` then goes on for ever, one record at a
time. Who performs, where and when is passed in; the same seed gives the same scene.
"""

from __future__ import annotations

import asyncio
import io
import math
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Protocol

from lexicons.names import Names

HOUR = 3_600_000_000  # microseconds
RATE = 8_000  # samples a second


@dataclass(frozen=True, slots=True)
class Ref:
    """A published record."""

    uri: str
    cid: str

    @property
    def rkey(self) -> str:
        """The last part of the URI."""
        return self.uri.rsplit("/", 1)[1]

    def subject(self) -> dict[str, str]:
        """The record as others refer to it."""
        return {"uri": self.uri, "cid": self.cid}


class Player(Protocol):
    """An account that can act."""

    @property
    def handle(self) -> str:
        """Its handle now."""
        ...

    async def create(self, collection: str, record: dict[str, Any]) -> Ref:
        """Publish a record."""

    async def put(self, collection: str, rkey: str, record: dict[str, Any]) -> Ref:
        """Publish a record at a key."""

    async def delete(self, collection: str, rkey: str) -> None:
        """Delete a record."""

    async def upload(self, data: bytes, mime_type: str) -> dict[str, Any]:
        """Upload a blob; returns what a record refers to it with."""

    async def rename(self, handle: str) -> None:
        """Take another handle."""


Enter = Callable[[str], Awaitable[Player]]
"""Makes the account of a name; the network gives it a handle."""


@dataclass(frozen=True, slots=True)
class Release:
    """What an artist brings: a name, an album or none, and its tracks."""

    name: str
    artist: str
    bio: str
    album: str | None
    tracks: tuple[str, ...]


RELEASES = (
    Release(
        "mira",
        "Mira Solène",
        "modular synths, rain on windows",
        "Night Ferry",
        ("Harbour Lights", "Cabin 304", "Diesel Lullaby", "Arrival, 5 a.m."),
    ),
    Release(
        "tomas",
        "Tomáš Hrubý",
        "cimbalom and tape loops from Brno",
        "Staré město",
        ("Dlažba", "Kavárna v dešti", "Poslední tramvaj"),
    ),
    Release(
        "junebug",
        "Junebug & the Ferns",
        "porch songs in open D",
        "Creek Water",
        ("Sycamore", "Screen Door", "Long Way to Asheville"),
    ),
    Release("kenji", "健二", "lo-fi from a six-mat room", None, ("夜のコンビニ", "屋上", "猫と雨")),
    Release("ostin", "Ostinato Club", "three drummers, no guitars", None, ("Paradiddle Parade",)),
    Release("lumen", "lumen field", "field recordings, slowed", None, ("Moth Hour", "Tin Roof")),
)
LISTENERS = ("ada", "bruno", "chidi")
COMMENTS = (
    "this drop!",
    "the bass here is so warm",
    "heard this on the night bus, missed my stop",
    "who is singing in the back?",
    "♪ looping this all day",
    "that chord change at the end",
    "kdo hraje na ten cimbál?",
)
MOODS = ("late shift", "slow morning", "for the train", "kitchen dancing")


@dataclass(slots=True)
class Scene:
    """The scene once it stands: who plays and what there is to like."""

    names: Names
    players: list[Player]
    tracks: list[Ref]


def stamp(micros: int) -> str:
    """A record's datetime."""
    moment = datetime.fromtimestamp(micros / 1_000_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tune(seed: int, seconds: float = 2.0) -> bytes:
    """A short WAV melody, different for each seed."""
    random = Random(seed)  # noqa: S311 - music, not secrets
    notes = [220 * 2 ** (random.choice((0, 2, 4, 7, 9, 12)) / 12) for _ in range(8)]
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        total = int(seconds * RATE)
        for i in range(total):
            note = notes[i * len(notes) // total]
            fade = 1 - (i * len(notes) / total) % 1
            level = int(9_000 * fade * math.sin(2 * math.pi * note * i / RATE))
            sound.writeframesraw(level.to_bytes(2, "little", signed=True))
    return out.getvalue()


async def play(names: Names, enter: Enter, now: int, seed: int = 1) -> Scene:
    """Build the scene as of ``now`` (microseconds); its records reach back about a week."""
    random = Random(seed)  # noqa: S311 - a scene, not secrets
    scene = Scene(names, [], [])
    for number, release in enumerate(RELEASES):
        player = await enter(release.name)
        scene.players.append(player)
        await _release(scene, player, release, now - (7 - number) * 24 * HOUR, number)
    for name in LISTENERS:
        scene.players.append(await enter(name))
    await _reactions(scene, random, now)
    await _second_thoughts(scene, now)
    return scene


async def _release(scene: Scene, player: Player, release: Release, at: int, number: int) -> None:
    names = scene.names
    await player.put(
        names.profile, "self", {"$type": names.profile, "bio": release.bio, "createdAt": stamp(at)}
    )
    published = []
    for position, title in enumerate(release.tracks):
        record: dict[str, Any] = {
            "$type": names.track,
            "title": title,
            "artist": release.artist,
            "fileType": "wav",
            "duration": 2,
            "audioBlob": await player.upload(tune(number * 10 + position), "audio/wav"),
            "createdAt": stamp(at + position * HOUR),
        }
        if release.album is not None:
            record["album"] = release.album
        ref = await player.create(names.track, record)
        published.append(ref)
    scene.tracks += published
    if release.album is not None:
        await player.create(
            names.list, _list(names, release.album, "album", published, at + 5 * HOUR)
        )


async def _reactions(scene: Scene, random: Random, now: int) -> None:
    names = scene.names
    for player in scene.players:
        for track in random.sample(scene.tracks, 6):
            await player.create(names.like, _like(names, track, now - random.randrange(20 * HOUR)))
        await player.create(names.comment, _comment(names, random, scene.tracks, now - HOUR))
    for player, mood in zip(scene.players[-3:], MOODS, strict=False):
        chosen = random.sample(scene.tracks, 5)
        await player.create(names.list, _list(names, mood, "playlist", chosen, now - 2 * HOUR))


async def _second_thoughts(scene: Scene, now: int) -> None:
    names = scene.names
    lumen = scene.players[5]
    demo = await lumen.create(
        names.track,
        {
            "$type": names.track,
            "title": "untitled demo 3",
            "artist": "lumen field",
            "fileType": "wav",
            "audioBlob": await lumen.upload(tune(99), "audio/wav"),
            "createdAt": stamp(now),
        },
    )
    await scene.players[0].create(names.like, _like(names, demo, now))
    await lumen.delete(names.track, demo.rkey)
    await scene.players[4].rename("ostinato")


async def trickle(scene: Scene, clock: Callable[[], int], every: float, random: Random) -> None:
    """Go on for ever: a like, a comment or a new track every few seconds."""
    names = scene.names
    while True:
        await asyncio.sleep(every * random.uniform(0.5, 1.5))
        player = random.choice(scene.players)
        match random.randrange(6):
            case 0:
                title = f"{random.choice(MOODS)} no. {random.randrange(2, 99)}"
                record = {
                    "$type": names.track,
                    "title": title,
                    "artist": player.handle.split(".")[0],
                    "fileType": "wav",
                    "duration": 2,
                    "audioBlob": await player.upload(tune(random.randrange(10_000)), "audio/wav"),
                    "createdAt": stamp(clock()),
                }
                ref = await player.create(names.track, record)
                scene.tracks.append(ref)
            case 1 | 2:
                comment = _comment(names, random, scene.tracks, clock())
                await player.create(names.comment, comment)
            case _:
                track = random.choice(scene.tracks)
                await player.create(names.like, _like(names, track, clock()))


def _like(names: Names, track: Ref, at: int) -> dict[str, Any]:
    return {"$type": names.like, "subject": track.subject(), "createdAt": stamp(at)}


def _comment(names: Names, random: Random, tracks: list[Ref], at: int) -> dict[str, Any]:
    return {
        "$type": names.comment,
        "subject": random.choice(tracks).subject(),
        "text": random.choice(COMMENTS),
        "timestampMs": random.randrange(2_000),
        "createdAt": stamp(at),
    }


def _list(names: Names, name: str, kind: str, tracks: list[Ref], at: int) -> dict[str, Any]:
    return {
        "$type": names.list,
        "name": name,
        "listType": kind,
        "items": [{"subject": track.subject()} for track in tracks],
        "createdAt": stamp(at),
    }
