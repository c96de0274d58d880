"""Time comes from outside: who makes a world brings its clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], int]
"""Tells the time, microseconds since the epoch."""
