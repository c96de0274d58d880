"""Whom a follow record names, and what a commit does to its account's follows."""

from __future__ import annotations

from collections.abc import Mapping

from atp.errors import InvalidIdentifier
from atp.sync import VerifiedCommit
from atp.syntax import Did
from indexer.store.follows import Follow
from lexicons.names import FOREIGN_FOLLOW


def followed_in(commit: VerifiedCommit) -> list[Follow]:
    """What a commit did to its account's follows."""
    return [
        Follow(op.rkey, None if op.value is None else subject_of(op.value))
        for op in commit.ops
        if op.collection == FOREIGN_FOLLOW
    ]


def subject_of(record: Mapping[str, object]) -> Did | None:
    """The account that a follow record names; None where it names none."""
    subject = record.get("subject")
    try:
        return Did.parse(subject if isinstance(subject, str) else "")
    except InvalidIdentifier:
        return None
