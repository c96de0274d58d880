"""The pages that tell of the methods."""

from __future__ import annotations

import asyncio
import re
from html import unescape

import orjson

from appview.api import QUERIES
from appview.docs import documentation
from atp.runtime.asgi import Request, Response
from tests.appview.index import NAMES

METHODS = [NAMES.query(name) for name in QUERIES]
URL = "https://appview.test"
PAGES = documentation(METHODS, NAMES, url=URL, service_did="did:web:appview.test", version="1.2.3")


def answer(path: str) -> Response:
    """What stands at a path."""

    async def ask() -> Response:
        return await PAGES[path](Request("GET", path, b"", ()))

    return asyncio.run(ask())


def page(path: str) -> str:
    """The same as text."""
    return answer(path).body.decode()


def test_every_method_is_told_of() -> None:
    """With its parameters, errors, answer and a command; every link on the page has its place."""
    text = page("/docs")
    ids = set(re.findall(r'<section id="([^"]+)"', text))
    assert ids == set(METHODS)
    assert {link.removeprefix("#") for link in re.findall(r'href="(#[^"]+)"', text)} == ids
    section = unescape(text[text.index('<section id="fm.plyr.feed.getTrackComments">') :])
    section = section[: section.index("</section>")]
    for words in ("position or newest", "integer, 1 to 100", "50 if not given", "RecordNotFound"):
        assert words in section
    assert f"curl '{URL}/xrpc/fm.plyr.feed.getTrackComments?uri=<uri>'" in section
    assert "did:web:appview.test#plyr_appview" in text


def test_tools_are_told_the_same() -> None:
    """The OpenAPI document has the same methods and says where they are."""
    document = orjson.loads(page("/openapi.json"))
    assert set(document["paths"]) == {f"/xrpc/{nsid}" for nsid in METHODS}
    assert document["servers"] == [{"url": URL}]
    assert document["info"]["version"] == "1.2.3"


def test_the_page_stands_alone() -> None:
    """Nothing is loaded, run or framed."""
    policy = dict(answer("/docs").headers)[b"content-security-policy"]
    assert policy.startswith(b"default-src 'none'")
    assert "<script" not in page("/docs")
