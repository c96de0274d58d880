"""Key files: read by their owner alone, never overwritten, never shown."""

from __future__ import annotations

import os
from pathlib import Path

import libipld
import pytest

from atp.keys import Curve, PrivateKey
from labeler.keys import KeyFileError, read, write_new

SECRET = bytes(range(1, 33))
KEY = PrivateKey.from_bytes(Curve.K256, SECRET)


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    """A file with that text."""
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask is; and it is the key that was made."""
    before = os.umask(0)
    try:
        key = write_new(tmp_path / "key", SECRET)
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert read(tmp_path / "key") == key == KEY


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    """The key of labels that were given would be lost."""
    path = written(tmp_path / "key", "something")
    with pytest.raises(KeyFileError, match="never overwritten"):
        write_new(path, SECRET)
    assert path.read_text() == "something"


@pytest.mark.parametrize(
    "text",
    [
        SECRET.hex(),
        f"  {SECRET.hex().upper()}\n",
        libipld.encode_multibase("z", SECRET),
        libipld.encode_multibase("z", b"\x81\x26" + SECRET),
    ],
)
def test_hex_and_multibase_are_read(tmp_path: Path, text: str) -> None:
    """With and without the multicodec of a secret k256 key."""
    assert read(written(tmp_path / "key", text)) == KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """The message says how to mend it."""
    path = written(tmp_path / "key", SECRET.hex(), mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read(path)


@pytest.mark.parametrize("text", ["", "00" * 32, "ff" * 32, SECRET.hex()[:-2], "z1", "ü" * 40])
def test_what_is_no_key_is_refused_without_a_trace_of_it(tmp_path: Path, text: str) -> None:
    """Neither the message nor what is chained to it has what the file holds."""
    with pytest.raises(KeyFileError, match="no k256 key") as caught:
        read(written(tmp_path / "key", text))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert not text or text not in str(caught.value)


def test_what_cannot_be_read_says_how_to_make_one(tmp_path: Path) -> None:
    """No file, and things that are no file."""
    with pytest.raises(KeyFileError, match="plyr label keygen"):
        read(tmp_path / "none")
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(KeyFileError, match="no file"):
        read(tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyFileError, match="no file"):
        read(tmp_path / "pipe")


def test_the_secret_is_in_no_text_of_a_key() -> None:
    """Keys end up in logs and messages."""
    assert SECRET.hex() not in repr(KEY)
    assert str(SECRET) not in repr(KEY)
