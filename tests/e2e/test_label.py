"""Labels of ours as others meet them: given beside a running service, read and verified by them."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cbor2
from atproto_client.client.base import ClientBase
from atproto_client.models.dot_dict import DotDict
from atproto_crypto.verify import verify_signature  # type: ignore[import-untyped]

from ops.devnet.install import node
from tests.conftest import ROOT
from tests.e2e.plyr import COMMAND, answered, environment, running
from tests.e2e.running import until
from tests.ports import free_port

ALICE = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
TRACK = f"at://{ALICE}/fm.plyr.track/3kaaaaaaaaaaa"
VERIFY = Path(__file__).parent / "verify_labels.mjs"


def get(base: str, path: str, **params: object) -> Any:
    """A JSON answer."""
    with urllib.request.urlopen(f"{base}{path}?{urlencode(params, doseq=True)}") as answer:
        return json.load(answer)


def query(base: str, **params: object) -> list[dict[str, Any]]:
    """The labels that a labeler answers with."""
    found: list[dict[str, Any]] = get(base, "/xrpc/com.atproto.label.queryLabels", **params)[
        "labels"
    ]
    return found


def shown(base: str, track: str) -> list[dict[str, Any]]:
    """The labels that the AppView shows on a track."""
    found: list[dict[str, Any]] = get(base, "/xrpc/fm.plyr.feed.getTrack", uri=track)["track"][
        "labels"
    ]
    return found


def did_key(base: str) -> str:
    """The key for labels that a host's DID document publishes."""
    document = get(base, "/.well-known/did.json")
    (found,) = (
        one["publicKeyMultibase"]
        for one in document["verificationMethod"]
        if one["id"] == f"{document['id']}#atproto_label"
    )
    return f"did:key:{found}"


def genuine(label: dict[str, Any], key: str) -> bool:
    """Whether the Python SDK's verifier, over another encoder's bytes, takes the signature."""
    fields = {name: value for name, value in label.items() if name != "sig"}
    padded = label["sig"]["$bytes"] + "=="
    return bool(verify_signature(key, cbor2.dumps(fields, canonical=True), b64decode(padded)))


async def test_labels_are_given_beside_a_running_demo(installed: Path, tmp_path: Path) -> None:
    """Apply, negate, list, export; the SDK reads them and both implementations verify them."""
    folder = tmp_path / "demo"
    with running("demo", "--listen=127.0.0.1:0", f"--data-dir={folder}") as demo:
        here, base = f"--data-dir={folder}", demo.said["appview"]
        assert query(base, uriPatterns=TRACK) == []
        status, given = await answered("label", "apply", TRACK, "copyright-violation", here)
        assert status == 0
        assert given["label"]["src"] == demo.said["serviceDid"]
        assert query(base, uriPatterns=TRACK) == [given["label"]]
        _, account = await answered("label", "apply", ALICE, "rude", here)
        _, taken = await answered("label", "negate", TRACK, "copyright-violation", here)
        every = [given["label"], account["label"], taken["label"]]
        assert query(base, uriPatterns=["at://*", ALICE]) == every
        _, listed = await answered("label", "list", here)
        assert listed == {"labels": [account]}

        key = did_key(base)
        assert all(genuine(label, key) for label in every)
        assert not genuine({**every[0], "val": "ham"}, key)
        client = ClientBase(f"{base}/xrpc")
        with closing(client.request):
            params = DotDict({"uriPatterns": [TRACK, ALICE], "sources": [demo.said["serviceDid"]]})
            answer = client.invoke_query("com.atproto.label.queryLabels", params=params)
        assert answer.content == {"labels": every}
        forged = {**every[0], "val": "ham"}
        verdicts = reference_verdicts(installed, [*every, forged], key)
        assert verdicts == [True, True, True, False]

        document = get(base, "/.well-known/did.json")
        (service,) = (one for one in document["service"] if one["id"] == "#atproto_labeler")
        assert (service["type"], service["serviceEndpoint"]) == ("AtprotoLabeler", base)
        _, told = await answered("status", here)
        assert told["labeler"]["labels"] == 3
        assert told["labeler"]["key"] == key
    _, after = await answered("label", "list", "--all", here)
    assert [one["label"] for one in after["labels"]] == every


async def test_our_own_labels_are_followed(tmp_path: Path) -> None:
    """What the operator says of a track is on it at the AppView, and gone once taken back."""
    folder = tmp_path / "demo"
    with running("demo", "--listen=127.0.0.1:0", f"--data-dir={folder}") as demo:
        here, base = f"--data-dir={folder}", demo.said["appview"]
        track = get(base, "/xrpc/fm.plyr.feed.getLatestTracks", limit=1)["tracks"][0]["uri"]

        _, given = await answered("label", "apply", track, "copyright-violation", here)
        await until(lambda: len(shown(base, track)) == 1)
        (label,) = shown(base, track)
        assert label == {k: v for k, v in given["label"].items() if k != "sig"}
        await answered("label", "negate", track, "copyright-violation", here)
        await until(lambda: shown(base, track) == [])


def reference_verdicts(folder: Path, labels: list[dict[str, Any]], key: str) -> list[bool]:
    """What the reference implementation's code says of signatures."""
    told = subprocess.run(
        [node(folder), VERIFY, folder, key],
        input=json.dumps(labels).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    verdicts: list[bool] = json.loads(told.stdout)
    return verdicts


async def test_without_a_key_the_labeler_is_empty_and_says_so(tmp_path: Path) -> None:
    """Nothing is refused; the document names no labeler, and the status says what to do."""
    flags = (f"--data-dir={tmp_path}", "--relays=ws://127.0.0.1:1", "--allow-private-hosts")
    with running("serve", "--listen=127.0.0.1:0", *flags) as serve:
        base = serve.said["appview"]
        assert query(base, uriPatterns="*") == []
        document = get(base, "/.well-known/did.json")
        assert document["verificationMethod"] == []
        assert "#atproto_labeler" not in {one["id"] for one in document["service"]}
        _, told = await answered("status", flags[0])
        assert "plyr label keygen" in told["labeler"]["problem"]


async def test_the_labeler_alone(tmp_path: Path) -> None:
    """The same methods on a listener of its own; killed, it comes back with all that it told."""
    key, here = tmp_path / "key", f"--data-dir={tmp_path}"
    await answered("label", "keygen", str(key))
    flags = (here, f"--labeler-key-file={key}", f"--listen=127.0.0.1:{free_port()}")
    with alone(*flags) as (process, base):
        _, given = await answered("label", "apply", ALICE, "rude", here)
        assert query(base, uriPatterns=ALICE) == [given["label"]]
        assert genuine(given["label"], did_key(base))
        process.kill()
        process.wait()
    with alone(*flags) as (process, base):
        assert query(base, uriPatterns=ALICE) == [given["label"]]
        _, again = await answered("label", "apply", ALICE, "rude", here)
        assert again["seq"] > given["seq"]
        assert again["label"]["cts"] > given["label"]["cts"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(12) == 0


@contextmanager
def alone(*flags: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`plyr labeler`, once it answers, and its URL."""
    process = subprocess.Popen(
        [*COMMAND, "labeler", *flags],
        cwd=ROOT,
        env=environment(),
        stderr=subprocess.DEVNULL,
    )
    base = f"http://localhost:{flags[-1].rpartition(':')[2]}"
    try:
        while process.poll() is None:
            try:
                get(base, "/xrpc/_health")
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        yield process, base
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
