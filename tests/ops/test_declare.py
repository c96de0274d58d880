"""`plyr label declare`: what it writes, what it leaves, and where it takes the password from."""

from __future__ import annotations

import asyncio
import getpass
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from labeler.policy import COLLECTION, DEFINITIONS, KNOWN
from ops.cli import main
from ops.declare import MAX_PASSWORD
from pds_client.session import CREATE_SESSION, GET_RECORD, PUT_RECORD
from tests.pds_client.home import PASSWORD, Home, home
from tests.pds_client.hosts import DID, Answer, Plc, document, plc_directory

OURS = [*KNOWN, *(one["identifier"] for one in DEFINITIONS)]


class Operator:
    """Types the command, and reads what it prints."""

    def __init__(self, folder: Path, plc: Plc, pds: Home, capsys: Any) -> None:
        self.plc = plc
        self.pds = pds
        self.file = folder / "password"
        self._flags = (f"--data-dir={folder}", f"--plc-url={plc.url}", "--allow-private-hosts")
        self._capsys = capsys
        self.keep(PASSWORD.encode() + b"\n")

    def keep(self, password: bytes, mode: int = 0o600) -> None:
        """Write the password file."""
        self.file.write_bytes(password)
        self.file.chmod(mode)

    async def types(self, *more: str, did: str = DID) -> tuple[int, str, str]:
        """Exit status, what was printed, and complaints."""
        line = ["label", "declare", f"--labeler-did={did}", *self._flags, *more]
        status = await asyncio.to_thread(main, line)
        said = self._capsys.readouterr()
        assert PASSWORD not in said.out + said.err
        return status, said.out, said.err

    async def declares(self) -> dict[str, Any]:
        """What a command that does well says to machines."""
        status, out, _ = await self.types(f"--password-file={self.file}", "--json")
        assert status == 0
        told: dict[str, Any] = json.loads(out)
        return told

    async def fails(self, *more: str, did: str = DID) -> str:
        """The complaint of a command that does nothing."""
        status, out, err = await self.types(*more, did=did)
        assert (status, out, self.pds.put) == (3, "", [])
        assert "Traceback" not in err
        return err


@pytest.fixture
async def ann(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Operator]:
    """An operator whose labeler is an account at a PDS."""
    async with plc_directory() as plc, home() as pds:
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer"}
        plc.answers[DID] = document(DID, service=[{**service, "serviceEndpoint": pds.url}])
        yield Operator(tmp_path, plc, pds, capsys)


async def test_it_is_written_once(ann: Operator) -> None:
    """Once it stands nothing is written, and no password is needed to say so."""
    first = await ann.declares()
    assert first["uri"] == f"at://{DID}/{COLLECTION}/self"
    assert first["written"] is True
    assert ann.pds.record is not None
    assert ann.pds.record["policies"]["labelValues"] == OURS
    again = await ann.declares()
    assert again == {**first, "written": False}
    assert (len(ann.pds.put), ann.pds.open) == (1, 0)
    status, out, _ = await ann.types()
    assert (status, "nothing was written" in out) == (0, True)
    assert first["cid"] in out


async def test_what_the_operator_wrote_stays(ann: Operator) -> None:
    """Only what is missing is added to a record that somebody has made."""
    own = {"identifier": "spoiler", "severity": "inform", "blurs": "media", "locales": []}
    before = {
        "$type": COLLECTION,
        "policies": {"labelValues": ["spoiler"], "labelValueDefinitions": [own], "note": 1},
        "createdAt": "2024-01-01T00:00:00Z",
        "subjectTypes": ["record"],
    }
    ann.pds.record = before
    assert (await ann.declares())["written"] is True
    policies = {
        "labelValues": ["spoiler", *OURS],
        "labelValueDefinitions": [own, *DEFINITIONS],
        "note": 1,
    }
    assert ann.pds.record == {**before, "policies": policies}


async def test_without_a_pds_nothing_is_done(ann: Operator) -> None:
    """Our own document has none, nor have some others; that is said, and nobody is asked."""
    ann.plc.answers[DID] = document(DID)
    assert "has no PDS" in await ann.fails(f"--password-file={ann.file}")
    assert "has no PDS" in await ann.fails(did="did:web:localhost%3A8080")
    assert ann.pds.asked == []


async def test_a_directory_that_does_not_know(ann: Operator) -> None:
    """An account that cannot be found is not one without a PDS."""
    ann.plc.answers[DID] = 404
    assert "PLYR_LABELER_DID" in await ann.fails()


@pytest.mark.parametrize("answer", [Answer("", 503), Answer('{"error": "RepoNotFound"}', 400)])
async def test_a_pds_that_does_not_tell(ann: Operator, answer: Answer) -> None:
    """What cannot be read is not written over."""
    ann.pds.instead[GET_RECORD] = answer
    assert ann.pds.url in await ann.fails(f"--password-file={ann.file}")


async def test_refusals_say_what_to_do(ann: Operator) -> None:
    """A wrong password, one that needs a code, and a record that has just been changed."""
    ann.keep(b"something else")
    assert "app password" in await ann.fails(f"--password-file={ann.file}")
    ann.keep(PASSWORD.encode())
    ann.pds.instead[CREATE_SESSION] = Answer('{"error": "AuthFactorTokenRequired"}', 401)
    assert "app password" in await ann.fails(f"--password-file={ann.file}")
    del ann.pds.instead[CREATE_SESSION]
    ann.pds.instead[PUT_RECORD] = Answer('{"error": "InvalidSwap"}', 400)
    assert "try again" in await ann.fails(f"--password-file={ann.file}")
    assert ann.pds.open == 0


@pytest.mark.parametrize("said", [b"", b"\n", b"\xff\xfe", b"a" * (MAX_PASSWORD + 1)])
async def test_a_file_without_a_password(ann: Operator, said: bytes) -> None:
    """Neither nothing, nor noise, nor too much is sent anywhere."""
    ann.keep(said)
    assert "no password" in await ann.fails(f"--password-file={ann.file}")
    assert CREATE_SESSION not in ann.pds.asked


async def test_a_file_that_cannot_be_used(ann: Operator) -> None:
    """One that others read, one that is not there, one that is a folder."""
    ann.keep(PASSWORD.encode(), 0o640)
    assert "chmod 600" in await ann.fails(f"--password-file={ann.file}")
    assert "cannot read" in await ann.fails(f"--password-file={ann.file}.none")
    assert "cannot read" in await ann.fails(f"--password-file={ann.file.parent}")


async def test_a_pipe_will_do(ann: Operator) -> None:
    """What another program tells is not kept in a file."""
    reading, writing = os.pipe()
    try:
        os.write(writing, PASSWORD.encode() + b"\r\n")
        os.close(writing)
        status, _, _ = await ann.types(f"--password-file=/dev/fd/{reading}")
    finally:
        os.close(reading)
    assert status == 0
    assert len(ann.pds.put) == 1


class Terminal(io.StringIO):
    """A terminal to type on."""

    def isatty(self) -> bool:
        """It is one."""
        return True


async def test_a_terminal_is_asked_on(ann: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file, and only where there is one; an end of input is no password."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD))
    assert "--password-file" in await ann.fails()
    monkeypatch.setattr(sys, "stdin", Terminal())
    asked = []

    def getpass_(prompt: str, _stream: object) -> str:
        asked.append(prompt)
        if len(asked) == 1:
            raise EOFError
        return PASSWORD

    monkeypatch.setattr(getpass, "getpass", getpass_)
    assert "no password" in await ann.fails()
    assert (await ann.types())[0] == 0
    assert len(ann.pds.put) == 1
    assert all(DID in prompt for prompt in asked)
