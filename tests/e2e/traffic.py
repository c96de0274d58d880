"""What people do on a plyr network, done to a devnet: every kind of record, commit and account event.

Artists on every PDS publish and edit, all of them like, comment and list each other's tracks, then
accounts change their handle, rest, are taken down and put back, and one is deleted, likes and all.
Things that are not ours (another application's posts, another environment's tracks) go along, as do
records that no lexicon allows. When it ends all accounts that remain are active.
"""

from __future__ import annotations

import asyncio
import io
import math
import os
import struct
import sys
import wave
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from atp.syntax import Handle, Nsid, RecordKey
from lexicons.names import Names
from ops.devnet.account import Account, Create, Delete, StrongRef, Update
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from ops.devnet.xrpc import JsonObject

NAMES = Names()
OTHER_ENVIRONMENT = Names("fm.plyr.stg")
POST = Nsid.parse("app.bsky.feed.post")
SELF = RecordKey.parse("self")
ARTISTS = ("alice", "bob", "carol", "dan")
"""The first label of the handles on each PDS."""
COMMENTS = 6
TRAFFIC_TIMEOUT_S = 120


async def drive(net: Devnet) -> None:
    """Do all of it: about a hundred commits a PDS in a few seconds."""
    async with aiohttp.ClientSession() as http:
        pdses = [Pds(http, net, index) for index in range(len(net.pds_urls))]
        artists = [
            await pds.create_account(_handle(name, index))
            for index, pds in enumerate(pdses)
            for name in ARTISTS
        ]
        tracks = [track for artist in artists for track in await _publish(artist)]
        await asyncio.gather(*(_take_part(artist, tracks) for artist in artists))
        await _revise(artists[0], tracks[0])
        for index, pds in enumerate(pdses):
            first = index * len(ARTISTS)
            await _live(pds, index, artists[first : first + len(ARTISTS)])


async def drive_script(net: Devnet, script: Path) -> None:
    """Run the traffic script of the reference material against the first PDS."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        net.pds_urls[0],
        env={**os.environ, "CTRL_URL": net.ctrl_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(TRAFFIC_TIMEOUT_S):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


def _handle(name: str, pds: int) -> Handle:
    return Handle.parse(f"{name}.pds{pds}.test" if pds else f"{name}.test")


async def _publish(artist: Account) -> list[StrongRef]:
    """A profile, a track with sound in the PDS, and an album's worth in one commit."""
    await artist.put_record(NAMES.profile, SELF, _profile("I make things audible"))
    sound = await artist.upload_blob(_wav(artist.did), "audio/wav")
    single = await artist.create_record(NAMES.track, {**_track("Single ♪"), "audioBlob": sound})
    album = [await artist.create_record(NAMES.track, _track(f"Side A, {n}")) for n in (1, 2)]
    items = [{"subject": track.to_json()} for track in album]
    await artist.create_record(NAMES.list, _list("album", "Sides", items))
    return [single, *album]


async def _take_part(fan: Account, tracks: Sequence[StrongRef]) -> None:
    """Likes (one of them twice), comments, a playlist; and second thoughts about some."""
    likes = [_like(track) for track in [*tracks, tracks[0]]]
    await fan.apply_writes([Create(NAMES.like, like) for like in likes])
    comments = [
        await fan.create_record(NAMES.comment, _comment(tracks[n % len(tracks)], n * 1500))
        for n in range(COMMENTS)
    ]
    items = [{"subject": track.to_json()} for track in tracks]
    mix = await fan.create_record(NAMES.list, _list("playlist", "mix", items))
    await fan.put_record(NAMES.list, mix.rkey, _list("playlist", "mix, reversed", items[::-1]))
    await fan.delete_record(NAMES.comment, comments[0].rkey)
    await fan.apply_writes(
        [
            Delete(NAMES.comment, comments[1].rkey),
            Update(NAMES.comment, _comment(tracks[0], 0, "on second thoughts"), comments[2].rkey),
            Update(NAMES.profile, _profile("I listen, too"), SELF),
            Create(NAMES.like, _like(tracks[-1]), RecordKey.parse("chosen")),
            Create(POST, {"$type": str(POST), "text": "elsewhere", "createdAt": _now()}),
        ]
    )
    await fan.create_record(POST, {"$type": str(POST), "text": "hello", "createdAt": _now()})


async def _revise(artist: Account, track: StrongRef) -> None:
    """A track is retitled, deleted with its likes standing, and published anew under its key."""
    await artist.put_record(NAMES.track, track.rkey, _track("Single (remastered)"))
    await artist.delete_record(NAMES.track, track.rkey)
    await artist.create_record(NAMES.track, _track("Single, again"), track.rkey)
    withdrawn = await artist.create_record(NAMES.track, _track("withdrawn"))
    await artist.delete_record(NAMES.track, withdrawn.rkey)
    staged = {**_track("rehearsal"), "$type": str(OTHER_ENVIRONMENT.track)}
    await artist.create_record(OTHER_ENVIRONMENT.track, staged)
    await artist.create_record(NAMES.track, {"$type": str(NAMES.track), "title": 7})
    await artist.create_record(NAMES.like, {"$type": str(NAMES.like), "createdAt": _now()})


async def _live(pds: Pds, index: int, accounts: Sequence[Account]) -> None:
    """What happens to accounts themselves, each followed by a sign of life."""
    renamed, rested, hidden, deleted = accounts
    await renamed.update_handle(_handle("renamed", index))
    await rested.deactivate()
    await rested.activate()
    await pds.take_down(hidden.did)
    await pds.undo_takedown(hidden.did)
    await deleted.delete()
    for account in (renamed, rested, hidden):
        await account.create_record(NAMES.track, _track("still here"))


def _track(title: str) -> JsonObject:
    return {
        "$type": str(NAMES.track),
        "title": title,
        "artist": "somebody",
        "fileType": "wav",
        "audioUrl": "https://audio.example.com/a.wav",
        "duration": 90,
        "createdAt": _now(),
    }


def _like(subject: StrongRef) -> JsonObject:
    return {"$type": str(NAMES.like), "subject": subject.to_json(), "createdAt": _now()}


def _comment(subject: StrongRef, millis: int, text: str = "here! 🎧") -> JsonObject:
    return {
        "$type": str(NAMES.comment),
        "subject": subject.to_json(),
        "text": text,
        "timestampMs": millis,
        "createdAt": _now(),
    }


def _list(kind: str, name: str, items: list[JsonObject]) -> JsonObject:
    return {
        "$type": str(NAMES.list),
        "listType": kind,
        "name": name,
        "items": items,
        "createdAt": _now(),
    }


def _profile(bio: str) -> JsonObject:
    return {"$type": str(NAMES.profile), "bio": bio, "createdAt": _now()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _wav(seed: str) -> bytes:
    """A quarter of a second of a tone that depends on the seed."""
    hertz = 220 + sum(seed.encode()) % 440
    samples = (int(9000 * math.sin(math.tau * hertz * n / 8000)) for n in range(2000))
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()
