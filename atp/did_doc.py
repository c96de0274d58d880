"""DID documents: what an account says of itself (spec §5.3).

Documents are written by strangers. Only two things make one unusable: it is not an object, or it
speaks of another DID. Any part that is missing or malformed reads as absent. Of several entries for
one purpose the first counts, and none after it: not even where the first cannot be used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from atp.errors import DidDocError, InvalidIdentifier, KeyFormatError
from atp.keys import PublicKey
from atp.syntax import Did, Handle

SIGNING_KEY = "#atproto"
PDS = "#atproto_pds"
PDS_TYPE = "AtprotoPersonalDataServer"

_AT = "at://"
_MULTIKEY = "Multikey"
_CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-zA-Z0-9][a-zA-Z0-9.-]{0,252}|\[[0-9a-fA-F:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class DidDocument:
    """A DID document, read for AT Protocol. What it does not say, or says badly, is ``None``.

    ``handle`` is a claim until the handle itself resolves to the DID. ``pds`` is an origin such as
    ``https://pds.example.com``. ``raw`` is the document as it came.
    """

    did: Did
    handle: Handle | None
    signing_key: PublicKey | None
    pds: str | None
    raw: Mapping[str, Any] = field(hash=False, repr=False)

    @classmethod
    def parse(cls, doc: object, did: Did) -> Self:
        """The document ``doc``, parsed JSON, of ``did``. Raises `DidDocError`."""
        if not isinstance(doc, dict):
            raise DidDocError(f"the DID document of {did} is not a JSON object")
        if doc.get("id") != did:
            raise DidDocError(f"the DID document of {did} has another id")
        return cls(
            did=did,
            handle=_handle(doc),
            signing_key=_key(doc, did, SIGNING_KEY),
            pds=_service(doc, did, PDS, PDS_TYPE),
            raw=doc,
        )

    def key(self, key_id: str) -> PublicKey | None:
        """The key of an id such as ``#atproto_label``."""
        return _key(self.raw, self.did, key_id)

    def service(self, service_id: str, service_type: str) -> str | None:
        """The origin of a service, by an id such as ``#atproto_labeler`` and its type."""
        return _service(self.raw, self.did, service_id, service_type)


def build(
    did: Did,
    handle: Handle | None,
    keys: Mapping[str, PublicKey],
    services: Mapping[str, tuple[str, str]],
) -> dict[str, Any]:
    """A DID document: keys by id (``#atproto``), services as id to type and URL."""
    return {
        "@context": list(_CONTEXTS),
        "id": str(did),
        "alsoKnownAs": [_AT + handle] if handle else [],
        "verificationMethod": [
            {
                "id": did + key_id,
                "type": _MULTIKEY,
                "controller": str(did),
                "publicKeyMultibase": key.multikey(),
            }
            for key_id, key in keys.items()
        ],
        "service": [
            {"id": service_id, "type": service_type, "serviceEndpoint": url}
            for service_id, (service_type, url) in services.items()
        ],
    }


def _items(doc: Mapping[str, Any], name: str) -> list[Any]:
    items = doc.get(name)
    return items if isinstance(items, list) else []


def _entries(doc: Mapping[str, Any], name: str, did: Did, entry_id: str) -> Iterator[Any]:
    """The objects of a list whose id is ``entry_id``, relative or absolute."""
    for entry in _items(doc, name):
        if isinstance(entry, dict) and entry.get("id") in (entry_id, did + entry_id):
            yield entry


def _handle(doc: Mapping[str, Any]) -> Handle | None:
    for alias in _items(doc, "alsoKnownAs"):
        if isinstance(alias, str) and alias.startswith(_AT):
            try:
                return Handle.parse(alias[len(_AT) :])
            except InvalidIdentifier:
                continue
    return None


def _key(doc: Mapping[str, Any], did: Did, key_id: str) -> PublicKey | None:
    for method in _entries(doc, "verificationMethod", did, key_id):
        if method.get("controller") == did:
            return _method_key(method.get("type"), method.get("publicKeyMultibase"))
    return None


def _method_key(key_type: object, text: object) -> PublicKey | None:
    if not isinstance(key_type, str) or not isinstance(text, str):
        return None
    try:
        if key_type == _MULTIKEY:
            return PublicKey.from_multikey(text)
        return PublicKey.from_legacy(key_type, text)
    except KeyFormatError:
        return None


def _service(doc: Mapping[str, Any], did: Did, service_id: str, service_type: str) -> str | None:
    for service in _entries(doc, "service", did, service_id):
        endpoint = service.get("serviceEndpoint")
        if service.get("type") == service_type and isinstance(endpoint, str):
            return _origin(endpoint)
    return None


def _origin(url: str) -> str | None:
    """Scheme, host and port of ``url`` in the one way to write them, if it is nothing more."""
    match = _ORIGIN.fullmatch(url)
    if match is None:
        return None
    scheme, host, port = match.group("scheme", "host", "port")
    number = int(port or _DEFAULT_PORTS[scheme])
    if not 0 < number < 65_536:
        return None
    suffix = "" if number == _DEFAULT_PORTS[scheme] else f":{number}"
    return f"{scheme}://{host.lower()}{suffix}"
