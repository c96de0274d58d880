"""What stops a command before it has begun."""

from __future__ import annotations


class CannotRun(Exception):
    """The command could not run; the message says why and what to do."""
