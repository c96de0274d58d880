"""The service's own DID document."""

from __future__ import annotations

from atp.did_doc import DidDocument
from atp.keys import Curve, PrivateKey
from atp.label import KEY_ID, SERVICE_ID, SERVICE_TYPE
from atp.syntax import Did
from ops.did import labeler_document, service_document
from ops.settings import Settings


def test_the_document_names_the_appview() -> None:
    """A client that resolves the service's DID finds the listener under `#plyr_appview`."""
    settings = Settings(public_url="https://plyr.example.com")
    document = service_document(settings)
    parsed = DidDocument.parse(document, Did.parse("did:web:plyr.example.com"))
    assert parsed.service("#plyr_appview", "PlyrAppView") == "https://plyr.example.com"
    assert parsed.service("#mention_search", "MentionSearchService") == "https://plyr.example.com"


KEY = PrivateKey.from_bytes(Curve.K256, b"\x05" * 32).public_key


def test_with_a_key_the_document_names_the_labeler() -> None:
    """The endpoint is an origin: nothing else would be believed (spec §4.7)."""
    settings = Settings(public_url="https://plyr.example.com/music")
    parsed = DidDocument.parse(service_document(settings, KEY), settings.did)
    assert parsed.key(KEY_ID) == KEY
    assert parsed.service(SERVICE_ID, SERVICE_TYPE) == "https://plyr.example.com"
    without = DidDocument.parse(service_document(settings), settings.did)
    assert without.key(KEY_ID) is None
    assert without.service(SERVICE_ID, SERVICE_TYPE) is None


def test_a_labeler_with_a_did_of_its_own_is_in_its_own_document() -> None:
    """Ours would promise labels that carry another source."""
    did = Did.parse("did:web:labels.example.com")
    settings = Settings(public_url="https://plyr.example.com", labeler_did=did)
    parsed = DidDocument.parse(service_document(settings, KEY), settings.did)
    assert parsed.key(KEY_ID) is None
    alone = DidDocument.parse(labeler_document(did, KEY, "https://labels.example.com/"), did)
    assert alone.key(KEY_ID) == KEY
    assert alone.service(SERVICE_ID, SERVICE_TYPE) == "https://labels.example.com"
    assert alone.service("#plyr_appview", "PlyrAppView") is None
