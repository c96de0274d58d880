r"""Routing: is a frame ours? A foreign frame costs the decoding of its header and body, no more.

Ours is a commit of a repo that we follow or with an operation in one of our collections (exact
NSIDs, never a prefix), and ``#sync``, ``#identity`` and ``#account`` of a followed account. Of an
account that is watched, commits are ours only where it follows somebody or ends that. The
decoder copies ``blocks`` as one byte string, so a foreign commit's CAR is never looked into.

Nearly every frame of a relay is a commit with one operation, in canonical DAG-CBOR. Of those the
first 200 bytes or so tell all that routing asks, so two patterns read just these. They follow the
encoding byte for byte up to ``repo`` (the path's own length says where it ends), so what they match
is what the decoder would have found; whatever they do not match, and every path that has our
namespace anywhere, is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import libipld

from atp import frames
from atp.errors import FrameError
from atp.frames import AccountMsg, CommitMsg, ErrorFrame, IdentityMsg, InfoMsg, SyncMsg, UnknownMsg
from lexicons.names import FOREIGN_FOLLOW, Names

Routed = CommitMsg | SyncMsg | IdentityMsg | AccountMsg | InfoMsg | ErrorFrame | UnknownMsg

_OF_ACCOUNT = frozenset(("#sync", "#identity", "#account"))
_LINK = rb"(?:\xf6|\xd8\x2aX\x25\x00.{36})"  # null, or a CID under tag 42
_TO_PATH = re.compile(
    rb"\xa2atg#commitbop\x01"  # {"t": "#commit", "op": 1}
    rb"[\xa8-\xb7]cops\x81[\xa3\xa4]"  # a map, and first in it "ops": one map
    rb"ccid" + _LINK + rb"dpathx.",  # text, and its length of one byte
    re.DOTALL,
).match
_FROM_PATH = re.compile(
    rb"(?:dprev" + _LINK + rb")?faction(?:fcreate|fupdate|fdelete)"
    rb"crevm.{13}cseq(?:\x1a.{4}|\x1b.{8}|\x19..|\x18.|[\x00-\x17])drepox\x20(.{32})",
    re.DOTALL,
).match


class Router:
    """Tells frames of ours from foreign ones.

    ``followed`` and ``watched`` are the DIDs to begin with. A repo joins the former the moment one
    of its commits is routed, so that the next one is not missed while the first is still on its
    way. ``everything`` takes every frame.
    """

    def __init__(
        self,
        names: Names,
        followed: Iterable[str],
        watched: Iterable[str] = (),
        *,
        everything: bool = False,
    ) -> None:
        self._collections = frozenset(names.collections)
        self._namespace = f"{names.namespace}.".encode()
        self._followed = {did.encode() for did in followed}
        self._watched = {did.encode() for did in watched}
        self._everything = everything

    def follow(self, did: str) -> None:
        """Take every message of an account from now on."""
        self._followed.add(did.encode())

    def watch(self, did: str) -> bool:
        """Take what an account does to its follows from now on; whether that is new."""
        new = did.encode() not in self._watched
        self._watched.add(did.encode())
        return new

    def unwatch(self, did: str) -> None:
        """No longer take that."""
        self._watched.discard(did.encode())

    def route(self, frame: bytes) -> Routed | None:
        """The message of a frame of ours, None for a foreign one; raises ``FrameError``."""
        before = _TO_PATH(frame)
        if before is not None and not self._everything:
            start = before.end()
            end = start + frame[start - 1]
            after = _FROM_PATH(frame, end)
            if (
                after is not None
                and frame.find(self._namespace, start, end) < 0
                and (repo := after[1]) not in self._followed
                and repo not in self._watched
            ):
                return None
        return self._decoded(frame)

    def _decoded(self, frame: bytes) -> Routed | None:
        header, body = _split(frame)
        try:
            if not self._everything and not self._takes(header, body):
                return None
        except (TypeError, KeyError, AttributeError) as exc:
            raise FrameError(f"not a message of subscribeRepos: {exc!r}") from exc
        message = frames.parse(header, body)
        if isinstance(message, CommitMsg) and self._has_ours(op.collection for op in message.ops):
            self._followed.add(message.repo.encode())
        return message

    # Any: nothing here is typed before it is known to be ours.
    def _takes(self, header: dict[str, Any], body: dict[str, Any]) -> bool:
        kind = header["t"] if header["op"] == 1 else None
        if kind == "#commit":
            repo = body["repo"].encode()
            if repo in self._followed:
                return True
            collections = [op["path"].partition("/")[0] for op in body["ops"]]
            return self._has_ours(collections) or (
                repo in self._watched and FOREIGN_FOLLOW in collections
            )
        if kind not in _OF_ACCOUNT:
            return True
        did = body["did"].encode()
        return did in self._followed or did in self._watched

    def _has_ours(self, collections: Iterable[str]) -> bool:
        return any(collection in self._collections for collection in collections)


def seq_and_time(frame: bytes) -> tuple[int, str] | None:
    """Where in its stream a message stands and when it was made; None where it does not say."""
    try:
        _, body = _split(frame)
        seq, time = body["seq"], body["time"]
    except (FrameError, TypeError, KeyError):
        return None
    return (seq, time) if type(seq) is int and isinstance(time, str) else None


def _split(frame: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        header, body = libipld.decode_dag_cbor_multi(frame)
    except (ValueError, RecursionError) as exc:
        raise FrameError(f"not the two CBOR maps of a frame: {exc}") from exc
    return header, body
