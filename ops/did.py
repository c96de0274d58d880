"""The service's own DID document: how clients and PDSes find the AppView and its services."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from atp.did_doc import build
from atp.keys import PublicKey
from atp.label import KEY_ID, SERVICE_ID, SERVICE_TYPE
from atp.syntax import Did
from ops.settings import Settings

APPVIEW = "#plyr_appview"
MENTIONS = "#mention_search"


def service_document(settings: Settings, label_key: PublicKey | None = None) -> dict[str, Any]:
    """The document served at `/.well-known/did.json`; with a key it is a labeler's too.

    A labeler with a DID of its own is in that DID's document, not in this one.
    """
    services = {
        APPVIEW: ("PlyrAppView", settings.url),
        MENTIONS: ("MentionSearchService", settings.url),
    }
    keys = {}
    if label_key is not None and settings.labeler == settings.did:
        services[SERVICE_ID] = (SERVICE_TYPE, origin(settings.url))
        keys[KEY_ID] = label_key
    return build(settings.did, None, keys, services)


def labeler_document(did: Did, label_key: PublicKey | None, url: str) -> dict[str, Any]:
    """The document of a labeler that is nothing else."""
    keys = {} if label_key is None else {KEY_ID: label_key}
    return build(did, None, keys, {SERVICE_ID: (SERVICE_TYPE, origin(url))})


def origin(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
