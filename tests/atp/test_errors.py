"""The kernel's errors."""

from __future__ import annotations

import re

from atp import errors
from atp.errors import RejectReason


def test_tree() -> None:
    """The tree drawn at the top of the module names each class below the one it derives from."""
    drawn: dict[str, str] = {}
    above = ["AtpError"]
    for indent, name in re.findall(r"^    ([│ ]*)[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE):
        level = len(indent) // 4 + 1
        del above[level:]
        drawn[name] = above[-1]
        above.append(name)
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    below = {
        value.__name__: value.__mro__[1].__name__
        for value in classes
        if issubclass(value, errors.AtpError) and value is not errors.AtpError
    }
    assert drawn == below


def test_hostile_text_is_cut() -> None:
    """A message repeats the beginning of what it refuses, not a megabyte of it."""
    message = str(errors.InvalidIdentifier("DID", "x" * 1_000_000, "too long"))
    assert "'xxx" in message
    assert len(message) < 200


def test_rejected_carries_its_reason() -> None:
    """The reason of a rejection is data, and the message says it with the detail."""
    reason = next(iter(RejectReason))
    error = errors.Rejected(reason, "commit of did:plc:x")
    assert error.reason is reason
    assert str(error) == f"{reason.value}: commit of did:plc:x"
    assert str(errors.Rejected(reason)) == reason.value
