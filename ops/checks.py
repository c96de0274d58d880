"""What `plyr doctor` looks at: this service as strangers meet it, through its public URL.

Nothing that is known here is believed: DIDs are resolved, methods called and the stream opened as
anybody would, and only then is the answer held against the settings.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from atp import label_frames
from atp.did_doc import DidDocument
from atp.errors import FrameError, LabelError
from atp.jwt import LEEWAY
from atp.keys import PublicKey
from atp.label import KEY_ID, SERVICE_ID, SERVICE_TYPE, Label
from atp.label_frames import LabelsMsg
from atp.runtime import control
from atp.runtime.clock import now_micros
from atp.runtime.http import Client
from atp.runtime.http_errors import HttpError
from atp.runtime.websocket import Subscription
from atp.runtime.within import within
from atp.syntax import Datetime, Did
from indexer import schema as index_schema
from labeler import keys, schema
from labeler.keys import KeyFileError
from labeler.policy import COLLECTION, declaration
from labeler.service import QUERY_LABELS
from labeler.stream import PATH as SUBSCRIBE_LABELS
from ops.declare import read_declaration
from ops.did import APPVIEW, origin
from ops.identity import given
from ops.settings import LOOPBACK, Settings
from pds_client.identity import DidError, Directory
from pds_client.repo import Record
from pds_client.xrpc import XrpcFailure

SAMPLE = 50  # labels that are verified
PATIENCE = 5.0  # seconds for the first label of the stream
LEAST_FREE = 2 * 1024**3  # bytes of disk


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found, and what there is to do about it."""

    check: str
    grade: Grade
    said: str
    todo: str | None = None


def _ok(check: str, said: str) -> Finding:
    return Finding(check, Grade.OK, said)


def _warn(check: str, said: str, todo: str) -> Finding:
    return Finding(check, Grade.WARN, said, todo)


def _fail(check: str, said: str, todo: str) -> Finding:
    return Finding(check, Grade.FAIL, said, todo)


class Examination:
    """Looks at one service, from outside where strangers look."""

    def __init__(self, settings: Settings, http: Client, directory: Directory) -> None:
        self._settings = settings
        self._http = http
        self._directory = directory
        self._url = settings.url

    async def findings(self) -> list[Finding]:
        """Every finding, in an order in which it makes sense to mend what is amiss."""
        loaded, found = await self._labeler()
        found += [self._disk(), self._address(), await self._health(), await self._clock()]
        found += [await self._index(), await self._service_identity()]
        if loaded is None:
            return found
        document, more = await self._identity(loaded)
        found += more
        published = None if document is None else document.key(KEY_ID)
        values, query = await self._query(published)
        found += [query, await self._stream(published, expected=bool(values))]
        if document is not None:
            found.append(await self._declaration(document, values))
        return found

    async def _labeler(self) -> tuple[PublicKey | None, list[Finding]]:
        """The key that signs, and findings about its file and the labeler that uses it."""
        name, file = "key file", self._settings.labeler_key_file
        if file is None:
            what = "plyr label keygen FILE makes one, PLYR_LABELER_KEY_FILE names it"
            return None, [_warn(name, "there is none, so nothing is labelled", what)]
        try:
            key = keys.read(file).public_key
        except KeyFileError as exc:
            what = f"mend {file}, or set PLYR_LABELER_KEY_FILE to another"
            return None, [_fail(name, str(exc), what)]
        found = [_ok(name, f"{file} holds {key.did_key()}, and only its owner reads it")]
        path = self._settings.data_dir / schema.FILE
        try:
            state = await control.request(path, "rotation", {})
        except (control.NotRunning, control.ControlError) as exc:
            why = f"no labeler takes commands in {self._settings.data_dir}: {exc}"
            return key, [*found, _fail("labeler", why, "start plyr serve, or set --data-dir")]
        return key, [*found, *_rotation(state, key)]

    async def _index(self) -> Finding:
        """Whether the indexer runs and hears from a relay."""
        name, path = "index", self._settings.data_dir / index_schema.FILE
        try:
            state = await control.request(path, "status", {})
        except (control.NotRunning, control.ControlError) as exc:
            return _warn(name, f"no indexer takes commands: {exc}", "start plyr serve")
        deaf = [one["url"] for one in state["sources"] if not one["connected"]]
        what = "plyr status says more; see that PLYR_RELAYS are right and can be reached"
        if len(deaf) == len(state["sources"]):
            return _fail(name, f"not connected: {', '.join(deaf)}", what)
        if deaf:
            return _warn(name, f"not connected: {', '.join(deaf)}", what)
        return _ok(name, f"{len(state['sources'])} streams are read")

    def _disk(self) -> Finding:
        folder = self._settings.data_dir
        try:
            free = shutil.disk_usage(folder).free
        except OSError as exc:
            return _fail("disk", f"{folder}: {exc.strerror}", "set --data-dir to the data folder")
        said = f"{free // 1024**2} MB free in {folder}"
        return _ok("disk", said) if free >= LEAST_FREE else _warn("disk", said, "make room")

    def _address(self) -> Finding:
        host = self._url.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0].strip("[]")
        if self._url.startswith("https://"):
            return _ok("public URL", self._url)
        what = "set PLYR_PUBLIC_URL to the https URL of the proxy before this service"
        where = "only this machine reaches" if host in LOOPBACK else "apps do not take"
        return _warn("public URL", f"{where} {self._url}", what)

    async def _health(self) -> Finding:
        try:
            answer = await self._http.get_json(f"{self._url}/xrpc/_health")
        except HttpError as exc:
            what = "see that the service runs and that the proxy passes /xrpc/ on to it"
            return _fail("health", str(exc), what)
        return _ok("health", f"version {answer.get('version')}")

    async def _clock(self) -> Finding:
        """Our clock against the directory's, whose answer has the time, an error's too."""
        asked = self._settings.plc_url
        try:
            answer = await self._http.get_bytes(f"{asked}/_health")
            date = {name.lower(): text for name, text in answer.headers.items()}.get("date", "")
            theirs = parsedate_to_datetime(date).timestamp()
        except (HttpError, ValueError) as exc:
            return _warn("clock", f"{asked} does not tell the time: {exc}", "see that NTP runs")
        off = round(now_micros() / 1e6 - theirs)
        said = f"{abs(off)} s {'ahead of' if off > 0 else 'behind'} {asked}"
        if abs(off) <= LEEWAY:
            return _ok("clock", said)
        return _fail("clock", said, "set the clock: tokens and labels depend on it (NTP)")

    async def _service_identity(self) -> Finding:
        name, did = "service DID", self._settings.did
        try:
            document = await self._directory.doc(did)
        except DidError as exc:
            return _fail(name, str(exc), _serve_document(self._settings, did))
        named = document.service(APPVIEW, "PlyrAppView")
        if named == origin(self._url):
            return _ok(name, f"{did} names {named}")
        what = f"give its document the service {APPVIEW} with the URL {self._url}"
        return _fail(name, f"{did} names {named} as {APPVIEW}", what)

    async def _identity(self, key: PublicKey) -> tuple[DidDocument | None, list[Finding]]:
        did = self._settings.labeler
        try:
            document = await self._directory.doc(did)
        except DidError as exc:
            what = _serve_document(self._settings, did)
            return None, [_fail("labeler DID", str(exc), what)]
        what = f"plyr label identity prints what the document of {did} needs"
        published, endpoint = document.key(KEY_ID), document.service(SERVICE_ID, SERVICE_TYPE)
        shown = None if published is None else published.did_key()
        found = [
            _ok("labeler key", f"{did} publishes {shown} as {KEY_ID}")
            if published == key
            else _fail("labeler key", f"{did} publishes {shown}, not {key.did_key()}", what),
            _ok("labeler service", f"{did} names {endpoint}")
            if endpoint == origin(self._url)
            else _fail("labeler service", f"{did} names {endpoint} as {SERVICE_ID}", what),
        ]
        return document, found

    async def _query(self, key: PublicKey | None) -> tuple[set[str], Finding]:
        """The names of some labels that are answered, and whether those verify."""
        params = urlencode({"uriPatterns": "*", "limit": SAMPLE})
        try:
            answer = await self._http.get_json(f"{self._url}/xrpc/{QUERY_LABELS}?{params}")
            labels = [Label.from_json(one) for one in answer["labels"]]
        except (HttpError, LabelError, KeyError, TypeError) as exc:
            what = "see that the labeler runs, and that the proxy passes query strings on unchanged"
            return set(), _fail("queryLabels", str(exc), what)
        return {label.val for label in labels}, _verified("queryLabels", labels, key)

    async def _stream(self, key: PublicKey | None, *, expected: bool) -> Finding:
        name = "subscribeLabels"
        try:
            first = await self._first_label()
        except (HttpError, FrameError) as exc:
            what = "see that the proxy passes websockets on (Upgrade and Connection headers)"
            return _fail(name, str(exc), what)
        if first is not None:
            return _verified(name, [first], key)
        if not expected:
            return _ok(name, "the stream opens; there is no label yet")
        what = "see that the proxy does not buffer websockets"
        return _fail(name, f"the stream opens, and sends nothing in {PATIENCE:g} s", what)

    async def _first_label(self) -> Label | None:
        """The first of all labels, None where the open stream brings none."""
        came: list[Label] = []
        there = asyncio.Event()

        def on_frame(frame: bytes) -> None:
            message = label_frames.decode(frame)
            if isinstance(message, LabelsMsg):
                came.extend(message.labels)
                there.set()

        address = f"ws{origin(self._url).removeprefix('http')}{SUBSCRIBE_LABELS}?cursor=0"
        reading = Subscription(address, on_frame, guard=self._http.guard)
        running = asyncio.create_task(reading.run())
        running.add_done_callback(lambda _: there.set())
        try:
            if not await within(PATIENCE, there):
                return None
        finally:
            running.cancel()
            await asyncio.wait([running])
        if not came:
            raise FrameError(f"the stream ended: {running.result()}")
        return came[0]

    async def _declaration(self, document: DidDocument, values: set[str]) -> Finding:
        """Whether the account says that it is a labeler, and of all labels."""
        name, did = "declaration", document.did
        if document.pds is None:
            why = "readers find it by its DID, and apps do not list it"
            return _ok(name, f"{did} has no PDS and needs none: {why}")
        try:
            found = await read_declaration(self._http, document.pds, did)
        except HttpError as exc:
            return _warn(name, str(exc), "try again later")
        except XrpcFailure as exc:
            return _fail(name, str(exc), f"see that {document.pds} is the PDS of {did}")
        return _declared(did, found, values.union(given(self._settings)))


def _rotation(state: dict[str, Any], key: PublicKey) -> Iterator[Finding]:
    """What the running labeler says of its keys."""
    name = "labeler"
    if state["key"] != key.did_key():
        what = "start it again, or give the settings with which it runs"
        yield _fail(name, f"the running labeler signs with {state['key']}", what)
    elif state["next"] is not None:
        yield _warn(name, f"paused for the key {state['next']}", "plyr label rotate goes on")
    elif state["left"]:
        yield _warn(name, f"{state['left']} labels are being signed anew", "look again later")
    else:
        yield _ok(name, "runs with this key, which signed all labels")


def _verified(check: str, labels: list[Label], key: PublicKey | None) -> Finding:
    if not labels:
        return _ok(check, "answers; there is no label yet")
    good = sum(key is not None and label.verify(key) for label in labels)
    said = f"{good} of {len(labels)} labels verify with the key that is published"
    if good == len(labels):
        return _ok(check, said)
    return _fail(check, said, "publish the key that signs, or plyr label rotate to another")


def _serve_document(settings: Settings, did: Did) -> str:
    if did == settings.web_did:
        return f"see that {settings.url}/.well-known/did.json reaches this service"
    return f"see that {did} is right and its directory answers"


def _declared(did: Did, found: Record | None, labels: set[str]) -> Finding:
    """Whether a declaration has all labels, and all that we say of them."""
    name = "declaration"
    if found is None:
        return _fail(name, f"{did} has no {COLLECTION}", "plyr label declare writes it")
    if missing := labels.difference(_names(found.value)):
        told = ", ".join(sorted(missing))
        return _fail(name, f"labels that it does not declare: {told}", "plyr label declare does")
    if found.value != declaration(Datetime.from_micros(now_micros()), labels, found.value):
        return _warn(name, f"{found.uri} is not up to date", "plyr label declare renews it")
    return _ok(name, f"{did} declares all of {len(labels)} labels that were given")


def _names(record: Any) -> Iterator[str]:
    match record:
        case {"policies": {"labelValues": list(values)}}:
            yield from (value for value in values if isinstance(value, str))
