"""The labeler's key is changed beside a running service, and nobody who reads it is lost."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.plyr import answered, running
from tests.e2e.running import until
from tests.e2e.test_label import ALICE, did_key, genuine, get, query, shown


async def test_the_key_is_rotated_beside_a_running_demo(tmp_path: Path) -> None:
    """The document follows, every label has its signature, and the AppView takes new ones."""
    folder = tmp_path / "demo"
    with running("demo", "--listen=127.0.0.1:0", f"--data-dir={folder}") as demo:
        here, base = f"--data-dir={folder}", demo.said["appview"]
        track = get(base, "/xrpc/fm.plyr.feed.getLatestTracks", limit=1)["tracks"][0]["uri"]
        old = did_key(base)
        _, before = await answered("label", "apply", ALICE, "rude", here)
        for flags in ((), ("--compromised",)):
            status, told = await answered("label", "rotate", *flags, here)
            assert (status, told["signed"]) == (0, 1)
            key = did_key(base)
            assert (key, key != old) == (told["key"], True)
            (label,) = query(base, uriPatterns=ALICE)
            assert genuine(label, key)
            assert {**label, "sig": None} == {**before["label"], "sig": None}
            old = key
        await answered("label", "apply", track, "copyright-violation", here)
        await until(lambda: [one["val"] for one in shown(base, track)] == ["copyright-violation"])
