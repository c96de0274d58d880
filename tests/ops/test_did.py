"""The service's own DID document."""

from __future__ import annotations

from atp.did_doc import DidDocument
from atp.syntax import Did
from ops.did import service_document
from ops.settings import Settings


def test_the_document_names_the_appview() -> None:
    """A client that resolves the service's DID finds the listener under `#plyr_appview`."""
    settings = Settings(public_url="https://plyr.example.com")
    document = service_document(settings)
    parsed = DidDocument.parse(document, Did.parse("did:web:plyr.example.com"))
    assert parsed.service("#plyr_appview", "PlyrAppView") == "https://plyr.example.com"
