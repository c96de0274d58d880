"""A recording of a real PDS, replayed over a websocket into the indexer."""

from __future__ import annotations

import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import libipld

from tests.e2e.hosts import body, recorded, replaying
from tests.e2e.running import config, cursor, facts, indexing, opened, records, until


def truth(frames: list[bytes]) -> dict[str, tuple[str, str]]:
    """A slow obvious twin: every fm.plyr record that stands at the end of the recording."""
    standing: dict[str, tuple[str, str]] = {}
    for frame in frames:
        header, message = libipld.decode_dag_cbor_multi(frame)
        if header["t"] == "#commit":
            blocks = car_blocks(message["blocks"])
            for op in message["ops"]:
                uri = f"at://{message['repo']}/{op['path']}"
                standing.pop(uri, None)
                if op["action"] != "delete" and op["path"].startswith("fm.plyr."):
                    standing[uri] = (op["cid"].hex(), blocks[op["cid"]].hex())
        elif header["t"] == "#account" and message.get("status") == "deleted":
            gone = f"at://{message['did']}/"
            standing = {uri: it for uri, it in standing.items() if not uri.startswith(gone)}
    return standing


def car_blocks(car: bytes) -> dict[bytes, bytes]:
    """The raw blocks of a CAR, unchecked."""

    def varint(stream: io.BytesIO) -> int:
        value = shift = 0
        while True:
            (byte,) = stream.read(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 128:
                return value

    stream = io.BytesIO(car)
    stream.read(varint(stream))
    blocks = {}
    while stream.tell() < len(car):
        size = varint(stream)
        cid = stream.read(36)
        blocks[cid] = stream.read(size - 36)
    return blocks


def documents(identities: dict[str, Any]) -> dict[str, Any]:
    """The DID documents of the recording."""
    return {did: entry["doc"] for did, entry in identities.items()}


async def test_the_index_equals_the_recording(shared: Path, tmp_path: Path) -> None:
    """Every record that stands is shown with CID and value, nothing else, counters recounted.

    No PDS runs that could be asked about the accounts whose status changes: one that is told
    deleted is hidden and nothing of it purged, all others are shown.
    """
    frames = recorded(shared / "samples/sample_frames.bin", ">")
    identities = json.loads((shared / "samples/sample_identities.json").read_text())
    last = body(frames[-1])["seq"]
    handles = {
        uri.removeprefix("at://"): did
        for did, entry in identities.items()
        for uri in entry["doc"]["alsoKnownAs"]
    }
    async with replaying(frames, documents(identities), handles) as host:
        async with indexing(config(tmp_path, host.stream, host.url, host.url)):
            await until(lambda: cursor(tmp_path) == last)
            await until(lambda: not unresolved(tmp_path) and all_asked(tmp_path))
        expected = truth(frames)
        assert len(expected) > 80
        held = records(tmp_path)
        visible = {row[1] for row in facts(tmp_path) if row[0] == "record" and row[5]}
        assert {uri: held[uri] for uri in held.keys() & visible} == expected
        with opened(tmp_path) as conn:
            states = conn.execute("SELECT DISTINCT state, reason FROM repos").fetchall()
            deleted = conn.execute(
                "SELECT did FROM statuses JOIN actors ON id = actor"
                " WHERE told_status = 'deleted' AND upstream_status = 'deleted' AND NOT purged"
            ).fetchall()
            known = conn.execute("SELECT handle FROM actors WHERE handle IS NOT NULL").fetchall()
        assert states == [("synchronized", None)]
        assert {(uri.split("/")[2],) for uri in held.keys() - visible} == set(deleted)
        assert deleted
        assert {handle for (handle,) in known} <= set(handles)
        before = facts(tmp_path)
        async with indexing(config(tmp_path, host.stream, host.url, host.url)):
            await until(lambda: len(host.cursors) == 2)
        assert host.cursors == ["0", str(last)]
        assert facts(tmp_path) == before


def all_asked(folder: Path) -> bool:
    """Whether each account that something was told of has been asked about."""
    with opened(folder) as conn:
        return conn.execute("SELECT 1 FROM statuses WHERE answer IS NULL").fetchone() is None


def unresolved(folder: Path) -> bool:
    """Whether a handle is still to be looked up for the first time."""
    with opened(folder) as conn:
        found = conn.execute(
            "SELECT 1 FROM actors WHERE handle IS NULL AND handle_due IS NOT NULL"
        ).fetchone()
    return found is not None


async def test_a_replay_from_the_start_changes_nothing(shared: Path, tmp_path: Path) -> None:
    """Law 2 on real events: the whole stream twice gives what it gives once."""
    frames = recorded(shared / "samples/sample_frames.bin", ">")
    identities = json.loads((shared / "samples/sample_identities.json").read_text())
    last = body(frames[-1])["seq"]
    async with replaying(frames, documents(identities)) as host:
        once, twice = tmp_path / "once", tmp_path / "twice"
        for folder in (once, twice):
            async with indexing(config(folder, host.stream, host.url)):
                await until(partial(has_cursor, folder, last))
                await until(partial(all_asked, folder))
    async with replaying(frames, documents(identities)) as again:
        async with indexing(config(twice, again.stream, again.url)):
            await until(lambda: bool(again.cursors) and second_cursor(twice) == last)
    assert facts(twice) == facts(once)


def has_cursor(folder: Path, seq: int) -> bool:
    """Whether the stored cursor has got there."""
    return cursor(folder) == seq


def second_cursor(folder: Path) -> int | None:
    """The cursor of the source that is configured now."""
    with opened(folder) as conn:
        row = conn.execute("SELECT cursor FROM sources WHERE configured").fetchone()
    return None if row is None else row[0]
