"""Bytes as a file on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def in_file(content: bytes) -> Iterator[BinaryIO]:
    """A file with this content."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file
