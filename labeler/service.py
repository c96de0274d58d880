"""The labeler put together: an open store, its commands and its methods, ready for a router.

It is a value and not a server, so that a listener can be shared. Whoever opens it is the only
writer of ``labels.db`` until it is closed, and takes the commands of other processes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from atp.errors import LabelError
from atp.keys import PrivateKey, PublicKey
from atp.label import KEY_ID
from atp.runtime import control, log, sqlite
from atp.runtime.asgi import App
from atp.runtime.caller import Network
from atp.runtime.lock import StoreLock
from atp.runtime.metrics import Registry
from atp.runtime.sqlite import Stage, StoreError, Writer
from atp.runtime.xrpc import Endpoint
from atp.syntax import Did, Nsid
from labeler import schema, store
from labeler.decide import Statement
from labeler.keys import Signer
from labeler.labels import Labels, NoKey, Stored
from labeler.query import Queries
from labeler.reports import CREATE_REPORT, Reports
from labeler.stream import PATH as SUBSCRIBE_LABELS
from labeler.stream import Stream, serving
from lexicons.catalog import Catalog
from lexicons.methods import method
from pds_client.identity import DidError, Directory

QUERY_LABELS = Nsid("com.atproto.label.queryLabels")
NO_KEY = "no key: plyr label keygen FILE makes one, PLYR_LABELER_KEY_FILE names it"

logger = log.get("labeler")


class OtherLabeler(StoreError):
    """The store holds another labeler's labels."""


class OtherKey(StoreError):
    """The labeler's DID document has another key than ours: nobody would believe our labels."""


@dataclass(frozen=True, slots=True)
class LabelerConfig:
    """What the labeler is told: where its store is, who it is, and with which key it signs.

    ``proxies`` are the networks whose word is believed on who reads its stream.
    """

    data_dir: Path
    did: Did
    key: PrivateKey | None
    proxies: Sequence[Network] = ()


class Labeler:
    """An open labeler. ``clock`` gives µs since the epoch."""

    def __init__(
        self,
        config: LabelerConfig,
        writer: Writer,
        stream: Stream,
        catalog: Catalog,
        clock: Callable[[], int],
    ) -> None:
        self.did = config.did
        self.writer = writer
        self.clock = clock
        signer = None if config.key is None else Signer(config.did, config.key)
        self.stream = stream
        self.labels = Labels(writer, signer, clock, stream.wake)
        self.reader = sqlite.connect(writer.path, readonly=True)
        self._queries = Queries(writer.path)
        self.endpoints = (
            Endpoint(method(catalog, QUERY_LABELS), self._queries),
            Endpoint(method(catalog, CREATE_REPORT), Reports(writer, clock)),
        )
        self.mounts: Mapping[str, App] = {SUBSCRIBE_LABELS: stream}
        self.commands: dict[str, control.Handler] = {"apply": self._apply, "status": self.status}

    def close(self) -> None:
        """Close what it reads with; the writer is its opener's."""
        self._queries.close()
        self.reader.close()

    @property
    def public_key(self) -> PublicKey | None:
        """The key that labels are signed with now."""
        signer = self.labels.signer
        return None if signer is None else signer.key.public_key

    async def status(self, _args: dict[str, Any]) -> dict[str, Any]:
        """The control command `status`: who signs, and how far the log has come."""
        key = self.public_key
        return {
            "did": self.did,
            "key": None if key is None else key.did_key(),
            "labels": store.count(self.reader),
            "seq": store.last_seq(self.reader),
            "problem": NO_KEY if key is None else None,
        }

    async def _apply(self, args: dict[str, Any]) -> dict[str, Any]:
        """The control command `apply`."""
        try:
            statements = [Statement.parse(fields) for fields in args["statements"]]
            given = await self.labels.apply(statements, args["actor"], args["reason"])
        except (LabelError, NoKey) as exc:
            raise control.ControlError(type(exc).__name__, str(exc)) from exc
        return {"stored": [told(one) for one in given]}


def told(stored: Stored) -> dict[str, Any]:
    """A label that was given, in JSON form."""
    return {"seq": stored.seq, "label": stored.label.to_json()}


@asynccontextmanager
async def opened(
    config: LabelerConfig,
    catalog: Catalog,
    clock: Callable[[], int],
    observer: Callable[[Stage], None] | None = None,
    registry: Registry | None = None,
) -> AsyncIterator[Labeler]:
    """The labeler, with its store and control socket, as long as the context.

    Raises `LockHeld` when another process writes the store, `OtherLabeler`, and whatever breaks the
    store. ``observer`` is told of the writer's transactions (see `Writer`), and the series of the
    stream are in ``registry``.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True)
    path = config.data_dir / schema.FILE
    async with AsyncExitStack() as stack:
        stack.enter_context(StoreLock(path))
        writer = Writer(path, schema.migrations(), synchronous="FULL", observer=observer)
        stack.push_async_callback(writer.close)
        await writer.run(lambda conn: _require_ours(conn, config.did))
        stream = await stack.enter_async_context(serving(path, config.proxies, registry))
        labeler = Labeler(config, writer, stream, catalog, clock)
        stack.callback(labeler.close)
        await stack.enter_async_context(control.serve(path, labeler.commands))
        if config.key is None:
            logger.warning("labels nothing", reason=NO_KEY)
        yield labeler


async def require_published(directory: Directory, signer: Signer) -> None:
    """Look whether the world can check what we sign; raises `OtherKey` where it is told otherwise.

    No answer, and none about labels, changes nothing: the document may be about to be made.
    """
    try:
        document = await directory.doc(signer.did)
    except DidError as exc:
        logger.warning("the labeler's DID cannot be resolved now", did=signer.did, error=str(exc))
        return
    published, ours = document.key(KEY_ID), signer.key.public_key
    if published is None:
        logger.warning("the labeler's DID document has no key", did=signer.did, key=KEY_ID)
    elif published != ours:
        raise OtherKey(
            f"{signer.did} publishes {published.multikey()} as {KEY_ID}, the key file holds"
            f" {ours.multikey()}: use the key that is published, or publish this one"
        )


def _require_ours(conn: apsw.Connection, did: Did) -> None:
    found = store.source(conn)
    if found is not None and found != did:
        raise OtherLabeler(
            f"{schema.FILE} holds labels of {found}, not of {did}: set PLYR_LABELER_DID={found},"
            " or use another data folder"
        )
