"""Identifiers, against the interop files and by their laws."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.errors import InvalidIdentifier
from atp.syntax import (
    FORMATS,
    AtUri,
    Did,
    Handle,
    Nsid,
    RecordKey,
    Uri,
    parse_at_identifier,
)
from tests.shared_files import vector_files

FORMAT_OF_FILE = {"atidentifier": "at-identifier", "aturi": "at-uri", "recordkey": "record-key"}
DID = Did("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
TRACK = Nsid("fm.plyr.track")
RKEY = RecordKey("3jzfcijpj2z2a")


def cases(path: Path) -> list[str]:
    """The cases of a syntax file: its lines as they are, without comments and blank lines."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line for line in lines if line and not line.startswith("#")]


def accepts(format_name: str, text: str) -> bool:
    """Whether the format's parser takes the text; it may refuse with its own error only."""
    try:
        FORMATS[format_name](text)
    except InvalidIdentifier:
        return False
    return True


@pytest.mark.parametrize(
    "path", vector_files("atproto-interop-tests/syntax/*_syntax_*.txt"), ids=lambda path: path.stem
)
def test_interop(path: Path) -> None:
    """Every line of the interop files is accepted or refused as its file says."""
    name, _, verdict = path.stem.split("_")
    texts = cases(path)
    wrong = [
        text
        for text in texts
        if accepts(FORMAT_OF_FILE.get(name, name), text) != (verdict == "valid")
    ]
    assert texts
    assert wrong == []


def test_every_interop_format_is_known(vectors: Path) -> None:
    """There is a parser for each format that the interop files test, and no other."""
    files = (vectors / "atproto-interop-tests/syntax").glob("*_syntax_valid.txt")
    names = {path.stem.split("_")[0] for path in files}
    assert {FORMAT_OF_FILE.get(name, name) for name in names} == set(FORMATS)


@pytest.mark.parametrize("format_name", sorted(FORMATS))
@given(text=st.text() | st.from_regex(r"(at://|did:)?[a-z0-9.:/-]*", fullmatch=True))
def test_junk_is_refused_with_our_error(format_name: str, text: str) -> None:
    """No text makes a parser fail with anything but its own error."""
    accepts(format_name, text)


@pytest.mark.parametrize("format_name", sorted(set(FORMATS) - {"cid"}))
def test_parsing_forbids_a_line_end(format_name: str) -> None:
    """A line end after a good value is not part of it and is not ignored."""
    good = {
        "at-identifier": "did:plc:abc",
        "at-uri": "at://did:plc:abc",
        "datetime": "1985-04-12T23:20:50.123Z",
        "did": "did:plc:abc",
        "handle": "a.example.com",
        "language": "en",
        "nsid": "fm.plyr.track",
        "record-key": "self",
        "tid": "3jzfcijpj2z2a",
        "uri": "https://example.com",
    }[format_name]
    assert accepts(format_name, good)
    assert not accepts(format_name, good + "\n")


@pytest.mark.parametrize(
    ("parse", "longest"),
    [
        (Did.parse, "did:web:" + "a" * 2040),
        (Handle.parse, ("a" * 62 + ".") * 3 + "a" * 60 + ".com"),
        (Nsid.parse, ("a" * 62 + ".") * 4 + "com." + "b" * 61),
        (RecordKey.parse, "a" * 512),
        (Uri.parse, "https:" + "a" * 8186),
        (AtUri.parse, "at://did:web:" + "a" * 2040 + "/fm.plyr.track/" + "a" * 512),
    ],
)
def test_lengths(parse: type, longest: str) -> None:
    """The longest identifier is accepted and one character more is not."""
    assert parse(longest) == longest
    with pytest.raises(InvalidIdentifier):
        parse(longest + "a")


def test_did() -> None:
    """A DID keeps its case and knows its method."""
    assert Did.parse("did:web:Example.com").method == "web"
    assert Did.parse("did:web:Example.com") != Did.parse("did:web:example.com")


def test_handle_is_lower_case() -> None:
    """A handle is compared without regard to case, so it is kept in lower case."""
    assert Handle.parse("Alice.Example.COM") == "alice.example.com"
    assert Handle.parse(Handle.INVALID) == "handle.invalid"


def test_nsid_parts() -> None:
    """An NSID is a reversed domain name and a name; only the domain has no case."""
    nsid = Nsid.parse("com.EXAMPLE.feed.getTrack")
    assert nsid.authority == "feed.example.com"
    assert nsid.name == "getTrack"


def test_at_uri_parts() -> None:
    """An AT-URI comes apart into the types it was made of."""
    uri = AtUri.of(DID, TRACK, RKEY)
    assert AtUri.parse(uri) == uri == f"at://{DID}/fm.plyr.track/3jzfcijpj2z2a"
    assert (uri.authority, uri.collection, uri.rkey) == (DID, TRACK, RKEY)
    assert isinstance(uri.authority, Did)


def test_at_uri_of_a_handle() -> None:
    """A handle in an AT-URI is lower-cased, the rest of it is not touched."""
    uri = AtUri.parse("at://Alice.Example.com/com.EXAMPLE.record/Key")
    assert uri == "at://alice.example.com/com.EXAMPLE.record/Key"
    assert isinstance(uri.authority, Handle)


def test_at_uri_of_an_account() -> None:
    """What an AT-URI does not name is None."""
    assert AtUri.parse(f"at://{DID}").collection is None
    assert AtUri.parse(f"at://{DID}/fm.plyr.track").collection == TRACK
    assert AtUri.parse(f"at://{DID}/fm.plyr.track").rkey is None


def test_at_identifier() -> None:
    """What begins like a DID must be one; the rest is a handle."""
    assert isinstance(parse_at_identifier("did:plc:abc"), Did)
    assert isinstance(parse_at_identifier("A.example"), Handle)
    with pytest.raises(InvalidIdentifier, match="DID"):
        parse_at_identifier("did:plc:")
