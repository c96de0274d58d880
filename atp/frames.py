"""Event-stream frames, and the messages of ``subscribeRepos`` (spec §1.8).

A frame is two DRISL maps one after the other, a header and a body. Reading has three steps, so that
who has to look at every frame of a relay can stop early: `split` undoes the framing, `parse` makes
a typed message of the two maps, `decode` does both. An indexer does the first step itself, with a
decoder that gives CIDs as plain bytes; `parse` takes those too, and a plain byte string in the
place of a link passes for one. Nothing in a frame is signed but what `atp.sync` checks.

Unknown fields are ignored, unknown kinds of message are `UnknownMsg`. Fields that are deprecated
may be absent, and an absent field that may be null is read as null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, TypeVar, cast, get_args

from atp import cbor, cbor_exact
from atp.cbor import Value
from atp.cid import Cid
from atp.errors import CborError, CidError, FrameError, InvalidIdentifier
from atp.syntax import Did, Nsid, RecordKey
from atp.tid import Tid

MAX_FRAME = 5_000_000
"""Bytes in one frame."""
MAX_OPS = 200
"""Operations in one commit."""
MAX_SEQ = 2**53 - 1

Action: TypeAlias = Literal["create", "update", "delete"]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RepoOp:
    """What a commit did to one record: ``cid`` is its new version and ``prev`` its last one.

    ``path`` is ``collection/rkey``.
    """

    action: Action
    path: str
    collection: Nsid
    rkey: RecordKey
    cid: Cid | None
    prev: Cid | None


@dataclass(frozen=True, slots=True)
class CommitMsg:
    """``#commit``: a repo went from revision ``since`` and tree ``prev_data`` to a new commit.

    ``blocks`` is a CAR of what changed. ``time`` is when the host says it saw this.
    """

    seq: int
    repo: Did
    commit: Cid
    rev: Tid
    since: Tid | None
    prev_data: Cid | None
    blocks: bytes
    ops: tuple[RepoOp, ...]
    time: str
    too_big: bool = False


@dataclass(frozen=True, slots=True)
class SyncMsg:
    """``#sync``: a repo is at ``rev`` however it got there; ``blocks`` is a CAR of the commit."""

    seq: int
    did: Did
    blocks: bytes
    rev: Tid
    time: str


@dataclass(frozen=True, slots=True)
class IdentityMsg:
    """``#identity``: an account's DID document may have changed; ``handle`` is only a hint."""

    seq: int
    did: Did
    time: str
    handle: str | None


@dataclass(frozen=True, slots=True)
class AccountMsg:
    """``#account``: whether the sending host serves an account, and if not, why."""

    seq: int
    did: Did
    time: str
    active: bool
    status: str | None


@dataclass(frozen=True, slots=True)
class InfoMsg:
    """``#info``: about the stream itself, such as ``OutdatedCursor``."""

    name: str
    message: str | None


@dataclass(frozen=True, slots=True)
class UnknownMsg:
    """A message of a kind that is not known here; ``type`` is empty where even the op is not."""

    type: str
    seq: int | None


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """The host ends the stream; ``error`` is ``FutureCursor``, ``ConsumerTooSlow`` or another."""

    error: str
    message: str | None


Message: TypeAlias = CommitMsg | SyncMsg | IdentityMsg | AccountMsg | InfoMsg | ErrorFrame
"""What can be written as a frame."""

Fields: TypeAlias = Mapping[str, object]


def decode(frame: bytes) -> Message | UnknownMsg:
    """The message in ``frame``. Raises `FrameError`."""
    return parse(*split(frame))


def split(frame: bytes) -> tuple[dict[str, Value], dict[str, Value]]:
    """Header and body of ``frame``, both strict DRISL maps. Raises `FrameError`."""
    if len(frame) > MAX_FRAME:
        raise FrameError(f"a frame of {len(frame)} bytes; {MAX_FRAME} are allowed")
    try:
        header, end = cbor_exact.decode(frame)
        body = cbor.decode_map(frame[end:])
    except CborError as exc:
        raise FrameError(f"the frame is not two DRISL maps: {exc}") from exc
    if not isinstance(header, dict):
        raise FrameError("the header of the frame is not a map")
    return header, body


def parse(header: object, body: object) -> Message | UnknownMsg:
    """The message of a decoded header and body; CIDs may be `Cid` or 36 plain bytes.

    Raises `FrameError` where the two are no frame, or a field is missing, of a wrong type or of
    wrong syntax.
    """
    if not isinstance(header, dict) or not isinstance(body, dict):
        raise FrameError("the header or the body of the frame is not a map")
    op = _field(header, "op", int)
    if op == -1:
        return ErrorFrame(_field(body, "error", str), _nullable(body, "message", str))
    if op != 1:
        return UnknownMsg("", None)
    kind = _field(header, "t", str)
    parser = _PARSERS.get(kind)
    if parser is None:
        seq = body.get("seq")
        return UnknownMsg(kind, seq if isinstance(seq, int) else None)
    try:
        return parser(body)
    except (InvalidIdentifier, CidError) as exc:
        raise FrameError(f"a {kind} message: {exc}") from exc


def encode(msg: Message) -> bytes:
    """The frame that carries ``msg``."""
    match msg:
        case CommitMsg():
            return encode_message("#commit", _commit_body(msg))
        case SyncMsg(seq, did, blocks, rev, time):
            body = {"seq": seq, "did": did, "blocks": blocks, "rev": rev, "time": time}
            return encode_message("#sync", body)
        case IdentityMsg(seq, did, time, handle):
            body = {"seq": seq, "did": did, "time": time}
            return encode_message("#identity", body | _given("handle", handle))
        case AccountMsg(seq, did, time, active, status):
            body = {"seq": seq, "did": did, "time": time, "active": active}
            return encode_message("#account", body | _given("status", status))
        case InfoMsg(name, message):
            return encode_message("#info", {"name": name} | _given("message", message))
        case ErrorFrame(error, message):
            return encode_error(error, message)


def encode_message(t: str, body: Mapping[str, object]) -> bytes:
    """The frame of a message of type ``t``, such as ``#labels``."""
    return cbor.encode({"op": 1, "t": t}) + cbor.encode(dict(body))


def encode_error(error: str, message: str | None) -> bytes:
    """The frame after which a host closes the stream."""
    return cbor.encode({"op": -1}) + cbor.encode({"error": error} | _given("message", message))


def _commit(body: Fields) -> CommitMsg:
    ops = _field(body, "ops", list)
    if len(ops) > MAX_OPS:
        raise FrameError(f"a commit of {len(ops)} operations; {MAX_OPS} are allowed")
    since = _nullable(body, "since", str)
    return CommitMsg(
        seq=_seq(body),
        repo=Did.parse(_field(body, "repo", str)),
        commit=_cid(body, "commit"),
        rev=Tid.parse(_field(body, "rev", str)),
        since=None if since is None else Tid.parse(since),
        prev_data=_nullable_cid(body, "prevData"),
        blocks=_field(body, "blocks", bytes),
        ops=tuple([_op(op) for op in ops]),
        time=_field(body, "time", str),
        too_big=_nullable(body, "tooBig", bool) or False,
    )


def _op(fields: object) -> RepoOp:
    if not isinstance(fields, dict):
        raise FrameError("an operation of the commit is not a map")
    action, path = _field(fields, "action", str), _field(fields, "path", str)
    if action not in _ACTIONS:
        raise FrameError(f"the action {action[:20]!r} is not one of {', '.join(_ACTIONS)}")
    collection, _, rkey = path.partition("/")
    return RepoOp(
        action=cast("Action", action),
        path=path,
        collection=Nsid.parse(collection),
        rkey=RecordKey.parse(rkey),
        cid=_nullable_cid(fields, "cid"),
        prev=_nullable_cid(fields, "prev"),
    )


def _sync(body: Fields) -> SyncMsg:
    return SyncMsg(
        seq=_seq(body),
        did=Did.parse(_field(body, "did", str)),
        blocks=_field(body, "blocks", bytes),
        rev=Tid.parse(_field(body, "rev", str)),
        time=_field(body, "time", str),
    )


def _identity(body: Fields) -> IdentityMsg:
    return IdentityMsg(
        seq=_seq(body),
        did=Did.parse(_field(body, "did", str)),
        time=_field(body, "time", str),
        handle=_nullable(body, "handle", str),
    )


def _account(body: Fields) -> AccountMsg:
    return AccountMsg(
        seq=_seq(body),
        did=Did.parse(_field(body, "did", str)),
        time=_field(body, "time", str),
        active=_field(body, "active", bool),
        status=_nullable(body, "status", str),
    )


def _info(body: Fields) -> InfoMsg:
    return InfoMsg(_field(body, "name", str), _nullable(body, "message", str))


_ACTIONS: tuple[str, ...] = get_args(Action)
_PARSERS: Mapping[str, Callable[[Fields], Message]] = MappingProxyType(
    {
        "#commit": _commit,
        "#sync": _sync,
        "#identity": _identity,
        "#account": _account,
        "#info": _info,
    }
)


def _field(fields: Fields, name: str, kind: type[_T]) -> _T:
    value = fields.get(name)
    if type(value) is kind:
        return value
    if value is None:
        raise FrameError(f"the field {name!r} is missing")
    raise _wrong_type(name, value, kind.__name__)


def _nullable(fields: Fields, name: str, kind: type[_T]) -> _T | None:
    value = fields.get(name)
    if value is None or type(value) is kind:
        return value
    raise _wrong_type(name, value, kind.__name__)


def _wrong_type(name: str, value: object, want: str) -> FrameError:
    return FrameError(f"the field {name!r} is a {type(value).__name__}, want {want}")


def _seq(body: Fields) -> int:
    seq = _field(body, "seq", int)
    if not 0 < seq <= MAX_SEQ:
        raise FrameError(f"the sequence number {seq} is not between 1 and 2^53 - 1")
    return seq


def _cid(fields: Fields, name: str) -> Cid:
    cid = _nullable_cid(fields, name)
    if cid is None:
        raise FrameError(f"the field {name!r} is missing")
    return cid


def _nullable_cid(fields: Fields, name: str) -> Cid | None:
    raw = fields.get(name)
    if raw is None:
        return None
    if not isinstance(raw, bytes):
        raise _wrong_type(name, raw, "a CID")
    return Cid.from_bytes(raw)


def _given(name: str, value: object) -> dict[str, object]:
    """The optional field, where there is a value for it."""
    return {} if value is None else {name: value}


def _commit_body(msg: CommitMsg) -> dict[str, object]:
    """All fields, also those that are deprecated but required."""
    ops = [
        {"action": op.action, "path": op.path, "cid": op.cid} | _given("prev", op.prev)
        for op in msg.ops
    ]
    return {
        "seq": msg.seq,
        "repo": msg.repo,
        "commit": msg.commit,
        "rev": msg.rev,
        "since": msg.since,
        "blocks": msg.blocks,
        "ops": ops,
        "time": msg.time,
        "tooBig": msg.too_big,
        "rebase": False,
        "blobs": [],
    } | _given("prevData", msg.prev_data)
