"""The labeler's signing key: a file that nobody but its owner can read.

It holds the 32 bytes of a secret k256 key, in hex or as multibase (base58, with or without its
multicodec). The secret goes into no message, log or answer.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import libipld

from atp.errors import KeyFormatError
from atp.keys import Curve, PrivateKey
from atp.syntax import Did

MAX_FILE = 256
"""Bytes of a key file."""
_SECRET_BYTES = 32
_MULTICODEC = b"\x81\x26"  # secp256k1-priv


class KeyFileError(Exception):
    """A key file cannot be used, or cannot be made; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose labels are signed, and with which key."""

    did: Did
    key: PrivateKey


def read(path: Path) -> PrivateKey:
    """The key in the file. Raises `KeyFileError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        raise KeyFileError(
            f"cannot read the labeler's key {path} ({exc.strerror}):"
            f" plyr label keygen {path} makes one"
        ) from exc
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise KeyFileError(f"{path} is no file")
        if about.st_mode & 0o077:
            raise KeyFileError(f"{path} can be read by others than its owner: chmod 600 {path}")
        text = os.read(descriptor, MAX_FILE)
    finally:
        os.close(descriptor)
    try:
        return PrivateKey.from_bytes(Curve.K256, _secret(text.decode("ascii").strip()))
    except ValueError:  # which has the secret in its text or its cause
        message = f"{path} holds no k256 key: want its 32 bytes in hex, or multibase"
        raise KeyFileError(message) from None


def write_new(path: Path, secret: bytes) -> PrivateKey:
    """Write a key file of ``secret``, 32 random bytes. Raises `KeyFileError` where one exists."""
    key = PrivateKey.from_bytes(Curve.K256, secret)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError as exc:
        raise KeyFileError(f"{path} exists: a key is never overwritten, name a new file") from exc
    except OSError as exc:
        raise KeyFileError(f"cannot write {path}: {exc.strerror}") from exc
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(descriptor, 0o600)
        file.write(f"{secret.hex()}\n")
        file.flush()
        os.fsync(descriptor)
    return key


def _secret(text: str) -> bytes:
    """The bytes that are written as hex or multibase. Raises ValueError."""
    if len(text) == 2 * _SECRET_BYTES:
        return bytes.fromhex(text)
    if not text.startswith("z") or len(text) > MAX_FILE:
        raise KeyFormatError("neither hex nor multibase")
    raw = bytes(libipld.decode_multibase(text)[1])
    return raw.removeprefix(_MULTICODEC) if len(raw) != _SECRET_BYTES else raw
