"""`plyr label identity`: what a DID document needs, in the form of its method."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labeler import keys
from ops.cli import main

PLC = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"


def said(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    """What the command prints."""
    assert main(["label", "identity", "--public-url=https://plyr.example.com/", *flags]) == 0
    return capsys.readouterr().out


def test_a_plc_operation_gets_key_and_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fields that the operation adds, the key as did:key."""
    key = keys.write_new(tmp_path / "key", b"\x05" * 32).public_key.did_key()
    folder = f"--data-dir={tmp_path}"
    flags = (f"--labeler-key-file={tmp_path / 'key'}", f"--labeler-did={PLC}", folder)
    fields = {
        "verificationMethods": {"atproto_label": key},
        "services": {
            "atproto_labeler": {"type": "AtprotoLabeler", "endpoint": "https://plyr.example.com"}
        },
    }
    assert main(["label", "apply", PLC, "rude", *flags, "--plc-url=http://127.0.0.1:1"]) == 0
    capsys.readouterr()
    told = json.loads(said(capsys, *flags, "--json"))
    declared = told.pop("declaration")
    assert told == {"did": PLC, **fields}
    assert {"rude", "copyright-violation"} <= set(declared["policies"]["labelValues"])
    printed = said(capsys, *flags)
    assert "rotation key" in printed
    assert json.dumps(fields, indent=2) in printed
    assert '"app.bsky.labeler.service"' in printed


def test_a_document_gets_both_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ours shows them by itself; another's is told what to add."""
    key = keys.write_new(tmp_path / "key", b"\x05" * 32).public_key.multikey()
    flag = f"--labeler-key-file={tmp_path / 'key'}"
    assert "by itself" in said(capsys, flag)
    other = "--labeler-did=did:web:labels.example.com"
    assert "did:web:labels.example.com needs" in said(capsys, flag, other)
    fields = json.loads(said(capsys, flag, other, "--json"))
    (method,) = fields["verificationMethod"]
    assert method["id"] == "did:web:labels.example.com#atproto_label"
    assert method["publicKeyMultibase"] == key
    assert [one["id"] for one in fields["service"]] == ["#atproto_labeler"]


def test_a_key_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to publish without one."""
    assert main(["label", "identity"]) == 3
    assert "plyr label keygen" in capsys.readouterr().err
