"""Routing: is a frame ours? A foreign frame costs the decoding of its header and body, no more.

Ours is a commit of a repo that we follow or with an operation in one of our collections (exact
NSIDs, never a prefix), and ``#sync``, ``#identity`` and ``#account`` of a followed account. The
decoder copies ``blocks`` as one byte string, so a foreign commit's CAR is never looked into.
"""

from __future__ import annotations

from typing import Any

import libipld

from atp import frames
from atp.errors import FrameError
from atp.frames import AccountMsg, CommitMsg, ErrorFrame, IdentityMsg, InfoMsg, SyncMsg, UnknownMsg
from lexicons.names import Names

Routed = CommitMsg | SyncMsg | IdentityMsg | AccountMsg | InfoMsg | ErrorFrame | UnknownMsg
_OF_ACCOUNT = frozenset(("#sync", "#identity", "#account"))


class Router:
    """Tells frames of ours from foreign ones.

    ``followed`` is shared with whoever learns of new repos. A repo joins it the moment one of its
    commits is routed, so that the next one is not missed while the first is still on its way.
    ``everything`` takes every frame.
    """

    def __init__(self, names: Names, followed: set[str], *, everything: bool = False) -> None:
        self._collections = frozenset(names.collections)
        self._followed = followed
        self._everything = everything

    def route(self, frame: bytes) -> int | Routed:
        """The ``seq`` of a foreign frame, or the message of one of ours; raises ``FrameError``."""
        try:
            header, body = libipld.decode_dag_cbor_multi(frame)
            if not self._everything and header["op"] == 1:
                kind = header["t"]
                if kind == "#commit":
                    if not self._takes_commit(body):
                        return _seq(body)
                elif kind in _OF_ACCOUNT and body["did"] not in self._followed:
                    return _seq(body)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            raise FrameError(f"not an event-stream frame: {exc}") from exc
        message = frames.parse(header, body)
        if isinstance(message, CommitMsg):
            self._followed.add(message.repo)
        return message

    def _takes_commit(self, body: dict[str, Any]) -> bool:
        if body["repo"] in self._followed:
            return True
        collections = self._collections
        # Any: nothing here is typed before it is known to be ours.
        return any(op["path"].partition("/")[0] in collections for op in body["ops"])


def _seq(body: dict[str, Any]) -> int:
    seq = body["seq"]
    if type(seq) is not int:
        raise TypeError(f"seq is {seq!r}, not an integer")
    return seq
