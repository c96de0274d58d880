"""Parameters as endpoints see them."""

from __future__ import annotations

import pytest

from appview.cursor import LAST, Place
from appview.params import Params
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Handle


def test_types() -> None:
    """Each accessor gives the type that the lexicon's format has."""
    uri = AtUri.parse("at://a.test/fm.plyr.track/a")
    params = Params({"uri": uri, "uris": [uri], "actor": Handle("a.test"), "limit": 5, "sort": "x"})
    assert (params.uri("uri"), params.uris("uris")) == (uri, (uri,))
    assert (params.actor("actor"), params.limit, params.text("sort")) == ("a.test", 5, "x")


def test_cursor() -> None:
    """Without a cursor a query starts at the start; a bad one is an error that names it."""
    place = Place(3, 4)
    assert Params({}).after(LAST) == LAST
    assert Params({"cursor": place.encode()}).after(LAST) == place
    with pytest.raises(XrpcError, match="400 InvalidRequest: cursor"):
        Params({"cursor": "nonsense"}).after(LAST)
