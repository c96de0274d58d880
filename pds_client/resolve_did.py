"""From a DID to its document, without memory (spec §5.2).

did:plc is asked of one directory, which is the authority: only its 404 and 410 say that a DID does
not exist, and any other odd answer is the directory's trouble. did:web is asked of the host that
the DID names, which may say anything: an answer that is no document makes the identity invalid.
Three errors are kept apart, since three different things follow from them.
"""

from __future__ import annotations

import re
from typing import Self

from atp.did_doc import DidDocument
from atp.errors import DidDocError
from atp.runtime.http import Client, HttpError, HttpStatus, HttpUnavailable
from atp.syntax import Did

MAX_DOCUMENT = 65_536
"""Bytes of a document; a PLC operation has at most 7,500."""

_PLC = re.compile(r"did:plc:[a-z2-7]{24}")
_WEB = re.compile(r"did:web:(?P<host>[a-zA-Z0-9.-]+)(?P<port>%3[Aa][0-9]{1,5})?")
_LOCALHOST = "localhost"


class DidError(Exception):
    """A DID without a usable document; ``why`` says what is wrong."""

    def __init__(self, did: Did, why: str) -> None:
        super().__init__(f"{did[:200]}: {why}")
        self.did = did
        self.why = why

    def again(self) -> Self:
        """A new error that says the same and holds on to no frames and no answers."""
        return type(self)(self.did, self.why)


class DidAbsent(DidError):
    """The DID does not exist, says who would know."""


class DidTombstoned(DidAbsent):
    """The DID existed once."""


class DidInvalid(DidError):
    """The DID has no form that we resolve, or what it resolves to is not its document."""


class DidUnavailable(DidError):
    """Nobody can tell now."""


async def fetch_document(http: Client, plc_url: str, did: Did) -> DidDocument:
    """The current document of ``did``. Raises `DidError`."""
    url = document_url(plc_url, did, allow_private=http.guard.allow_private)
    odd = DidUnavailable if did.method == "plc" else DidInvalid
    try:
        document = await http.get_json(url, limit=MAX_DOCUMENT)
    except HttpStatus as exc:
        kind = {404: DidAbsent, 410: DidTombstoned}.get(exc.status, odd)
        raise kind(did, str(exc)) from exc
    except HttpUnavailable as exc:
        raise DidUnavailable(did, str(exc)) from exc
    except HttpError as exc:
        raise odd(did, str(exc)) from exc
    try:
        return DidDocument.parse(document, did)
    except DidDocError as exc:
        raise DidInvalid(did, str(exc)) from exc


def document_url(plc_url: str, did: Did, *, allow_private: bool) -> str:
    """Where the document of ``did`` is, or `DidInvalid`.

    A did:web names a host alone: no path, and a port only on localhost, which speaks http and
    exists only where private hosts are allowed.
    """
    if _PLC.fullmatch(did):
        return f"{plc_url.rstrip('/')}/{did}"
    web = _WEB.fullmatch(did)
    if web is None:
        raise DidInvalid(did, "neither a did:plc nor a did:web of a host alone")
    if web["host"] == _LOCALHOST and allow_private:
        port = f":{web['port'][3:]}" if web["port"] else ""
        return f"http://{_LOCALHOST}{port}/.well-known/did.json"
    if web["port"]:
        raise DidInvalid(did, "a did:web with a port")
    return f"https://{web['host']}/.well-known/did.json"
