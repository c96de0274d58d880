"""What travels from a source to the index: an item in, an outcome of verifying it out."""

from __future__ import annotations

from dataclasses import dataclass

from atp.frames import AccountMsg, CommitMsg, IdentityMsg, SyncMsg
from atp.sync import VerifiedCommit, VerifiedSync
from atp.syntax import Did
from indexer.reasons import Reason
from indexer.store.repos import Desync

Message = CommitMsg | SyncMsg | IdentityMsg | AccountMsg


@dataclass(frozen=True, slots=True)
class Item:
    """A message of ours as a source received it."""

    source: str
    seq: int
    did: Did
    message: Message


@dataclass(frozen=True, slots=True)
class Deferred:
    """A commit that could not be used now; its repo is no longer known to be complete."""

    did: Did
    reason: Desync


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not to be used."""

    reason: Reason


Outcome = VerifiedCommit | VerifiedSync | IdentityMsg | AccountMsg | Deferred | Refused


def did_of(message: Message) -> Did:
    """Whose repo or account a message is about."""
    return message.repo if isinstance(message, CommitMsg) else message.did
