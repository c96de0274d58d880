"""The service's own DID document: how clients and PDSes find the AppView and its services."""

from __future__ import annotations

from typing import Any

from atp.did_doc import build
from ops.settings import Settings

APPVIEW = "#plyr_appview"


def service_document(settings: Settings) -> dict[str, Any]:
    """The document served at `/.well-known/did.json`."""
    return build(settings.did, None, {}, {APPVIEW: ("PlyrAppView", settings.url)})
