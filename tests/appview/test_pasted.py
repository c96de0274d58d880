"""What is pasted into a search: handles, DIDs, AT-URIs, links."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appview.pasted import Pasted, page_of, pasted
from atp.syntax import AtUri, Did, Handle

DID = Did("did:plc:xbtmt2zjwlrfegqvch7fboei")
URI = AtUri(f"at://{DID}/fm.plyr.track/3m5a4wg7i352p")
MIRA = Handle("mira.test")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("mira.test", Pasted(MIRA)),
        (" @Mira.Test ", Pasted(MIRA)),
        (DID, Pasted(DID)),
        (f"at://{DID}", Pasted(DID)),
        ("at://mira.test/", Pasted(MIRA)),
        (URI, Pasted(DID, URI)),
        (f"{URI}/", Pasted(DID, URI)),
        ("https://plyr.fm/u/mira.test", Pasted(MIRA)),
        ("https://www.plyr.fm/u/mira.test/", Pasted(MIRA)),
        (f"https://plyr.fm/u/{DID}", Pasted(DID)),
        (f"https://plyr.fm/u/{DID.replace(':', '%3A')}", Pasted(DID)),
        ("https://stg.plyr.fm/u/mira.test/album/night-bus?x=1", Pasted(MIRA, album="night-bus")),
        (f"https://plyr.fm/at/{URI[5:]}", Pasted(DID, URI)),
        (f"https://plyr.fm/at/{URI}#t=3", Pasted(DID, URI)),
        (f"https://plyr.fm/{URI}", Pasted(DID, URI)),
        (f"https://plyr.fm/at:/{URI[5:]}", Pasted(DID, URI)),
        (f"https://plyr.fm/at/{DID}", Pasted(DID)),
        ("https://bsky.app/profile/mira.test/post/3k", Pasted(MIRA)),
        (f"at://{DID}/fm.plyr.track", Pasted(DID)),
    ],
)
def test_names(text: str, named: Pasted) -> None:
    """Whatever names an account, a record or an album."""
    assert pasted(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mira",
        "two words.test",
        "did:plc:",
        "at://",
        "at:///fm.plyr.track/3k",
        "https://plyr.fm/track/12",  # the site's own number
        "https://plyr.fm/playlist/6b1f",
        "https://plyr.fm/u/%00",
        "https://example.com/u/mira.test",
        "https://plyr.fm.example.com/u/mira.test",
        "\0",
    ],
)
def test_words(text: str) -> None:
    """Anything else is looked for as words."""
    assert pasted(text) is None


@given(st.text() | st.text().map("https://plyr.fm/at/{}".format) | st.text().map("at://{}".format))
def test_never_fails(text: str) -> None:
    """No text is an error."""
    pasted(text)


def test_a_page_leads_back() -> None:
    """The address of a record's page, pasted, names the record."""
    assert pasted(page_of(URI)) == Pasted(DID, URI)
