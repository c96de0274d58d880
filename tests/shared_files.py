"""Where tests find the reference material, for parametrized tests that need it at collection."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import SHARED

VECTORS = SHARED / "vectors"
SAMPLES = SHARED / "samples"


def vector_files(pattern: str) -> list[Path]:
    """The vector files that match, sorted; empty where there is no reference material."""
    return sorted(VECTORS.glob(pattern))
