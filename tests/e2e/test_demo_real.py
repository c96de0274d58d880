"""`plyr demo --real`: the same scene on a real PDS."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.e2e.plyr import running


@pytest.mark.usefixtures("installed")
@pytest.mark.timeout(300)
def test_the_scene_plays_on_a_real_pds() -> None:
    """Everything that the accounts published is shown, and the health is good."""
    with running("demo", "--real", "--listen=127.0.0.1:0") as demo:
        base = demo.said["appview"]
        with urllib.request.urlopen(f"{base}/xrpc/fm.plyr.server.getStats") as answer:
            stats = json.load(answer)
        with urllib.request.urlopen(f"{base}/xrpc/_health") as answer:
            health = json.load(answer)
    assert stats["tracks"] >= 16
    assert stats["artists"] == 6
    assert stats["accounts"] == 9
    assert health["status"] == "ok"
