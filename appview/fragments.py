"""Tracks as answers show them, encoded once and kept until something that they show is new.

What a track shows is its record, its counters, the accounts of its author and guests, its author's
album, and labels on any of these. The writer's triggers note in the table ``touched`` whose that
is; before each page, in the same snapshot, what was touched since the last one is read and the
fragments that show it are let go. Labels that end by themselves touch nothing, so all is let go
when one did. See docs/decisions/0011-fragments.md.

Fragments are for callers who see what everybody sees: without an account, and with the operator's
own choice of labelers. All others are answered by the four functions of `appview.pipeline`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

import orjson

from appview import store_touched
from appview.call import Call
from appview.cursor import LAST, Place
from appview.hydrate import hydrate
from appview.labelers import Labelers
from appview.labels import listing, viewing
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from appview.views.track import track_view
from atp.runtime.asgi import Response
from atp.runtime.negotiate import digest, etag
from atp.syntax import Did

MAX_BYTES = 64 * 1024 * 1024
"""Of all fragments together; the one that was shown longest ago goes first."""

MAX_TOUCHED = 256
"""Rows of ``touched`` that are read before a page; when there are more, all fragments go."""

_OVERHEAD = 1_024
"""Bytes that a fragment takes beside its text."""

Surface = Literal["listed", "viewed"]
Places = Sequence[tuple[int, int]]
"""The keys by which tracks are sorted, and their ids."""


class Walk(NamedTuple):
    """The next so many tracks after a place: all of them, and those that a policy lists."""

    whole: Callable[[Place, int], Places]
    listed: Callable[[Place, int, str], Sequence[Place]]


Walked = Callable[[Store, Call], Walk]
"""The walk that a call asks for; found in the page's own snapshot."""


class Fragment(NamedTuple):
    """A track's JSON, empty where the rules leave it out, and what follows from the same rows.

    ``listed`` and ``viewed`` say whether it is on LIST and VIEW surfaces; ``shows`` names the
    accounts on which it depends.
    """

    text: bytes
    digest: bytes
    listed: bool
    viewed: bool
    shows: frozenset[Did]


class Fragments:
    """The fragments of one process, over one connection; ``labelers`` are the operator's."""

    def __init__(self, labelers: Collection[Did]) -> None:
        self._labelers = Labelers.default(labelers)
        self._kept: OrderedDict[int, Fragment] = OrderedDict()
        self._showing: dict[Did, set[int]] = {}
        self._size = 0
        self._seq = 0
        self._good = range(0)

    def serve(self, call: Call) -> bool:
        """Whether the caller sees what everybody sees."""
        return call.viewer is None and call.labelers == self._labelers

    def page(self, store: Store, call: Call, walked: Walked, surface: Surface) -> Response:
        """The answer ``{"cursor", "tracks"}`` that begins after the call's cursor."""
        with store.snapshot():
            self._renew(store, call.now)
            found = self._walk(store, call, walked(store, call), surface)
        return _joined(found, call.params.limit)

    def _walk(
        self, store: Store, call: Call, walk: Walk, surface: Surface
    ) -> list[tuple[tuple[int, int], Fragment]]:
        """One more than fits on the page, where there are as many.

        Where something is not listed, the rest of the page is asked of the policy: however much
        there is of it, a page takes two walks.
        """
        wanted = call.params.limit + 1
        places = walk.whole(call.params.after(LAST), wanted)
        found = self._listed(store, call, places, surface)
        if len(found) < len(places) == wanted:
            policy = (listing if surface == "listed" else viewing)(call)
            more = walk.listed(Place(*places[-1]), wanted - len(found), policy)
            found += self._listed(store, call, more, surface)
        return found

    def _listed(
        self, store: Store, call: Call, places: Places, surface: Surface
    ) -> list[tuple[tuple[int, int], Fragment]]:
        kept = self._kept
        missing = [key for _, key in places if key not in kept]
        for key, fragment in (self._make(store, missing, call) if missing else {}).items():
            self._keep(key, fragment)
        for _, key in places:
            kept.move_to_end(key)
        fragments = [kept[key] for _, key in places]
        self._make_room()
        pairs = zip(places, fragments, strict=True)
        if surface == "listed":
            return [(place, one) for place, one in pairs if one.listed]
        return [(place, one) for place, one in pairs if one.viewed]

    def _make(self, store: Store, keys: Sequence[int], call: Call) -> dict[int, Fragment]:
        whole = Page(tracks=tuple(keys))
        state = hydrate(store, whole, call)
        kept = frozenset(shown(whole, state).tracks)
        listed = store_touched.may_be_listed(store, keys, listing(call), viewing(call))
        return {key: _fragment(key, state, kept, listed[key]) for key in keys}

    def _keep(self, key: int, fragment: Fragment) -> None:
        self._kept[key] = fragment
        self._size += _OVERHEAD + len(fragment.text)
        for did in fragment.shows:
            self._showing.setdefault(did, set()).add(key)

    def _make_room(self) -> None:
        while self._size > MAX_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: int) -> None:
        fragment = self._kept.pop(key, None)
        if fragment is None:
            return
        self._size -= _OVERHEAD + len(fragment.text)
        for did in fragment.shows:
            keys = self._showing[did]
            keys.remove(key)
            if not keys:
                del self._showing[did]

    def _renew(self, store: Store, now: int) -> None:
        """Let go of what is no longer good in this snapshot, at this time."""
        touched = store_touched.touched(store, self._seq, MAX_TOUCHED + 1)
        if not touched and now in self._good:
            return
        is_lost = touched and touched[0].seq != self._seq + 1
        if now not in self._good or is_lost or len(touched) > MAX_TOUCHED:
            self._forget()
            self._seq = store_touched.newest(store)
        else:
            for touch in touched:
                self._let_go(touch)
                self._seq = touch.seq
        self._good = store_touched.labels_stand(store, now)

    def _let_go(self, touch: store_touched.Touch) -> None:
        if touch.record is not None:
            self._drop(touch.record)
        elif touch.did is not None:
            for key in tuple(self._showing.get(touch.did, ())):
                self._drop(key)
        else:
            self._forget()

    def _forget(self) -> None:
        self._kept.clear()
        self._showing.clear()
        self._size = 0


def _fragment(
    key: int, state: State, kept: Collection[int], surfaces: tuple[bool, bool]
) -> Fragment:
    track = state.tracks[key]
    assert track, "the walk found it in the same snapshot"
    text = orjson.dumps(track_view(key, state)) if key in kept else b""
    return Fragment(text, digest(text), *surfaces, frozenset((track.author, *track.features)))


def _joined(found: Sequence[tuple[tuple[int, int], Fragment]], limit: int) -> Response:
    """The same bytes as those of the whole answer, encoded at once."""
    begin = b'{"tracks":['
    if len(found) > limit:
        begin = b'{"cursor":"%s","tracks":[' % Place(*found[limit - 1][0]).encode().encode()
    kept = [fragment for _, fragment in found[:limit] if fragment.text]
    tag = etag(begin + b"".join([fragment.digest for fragment in kept]))
    texts = [fragment.text for fragment in kept] or [b""]
    texts[0] = begin + texts[0]
    texts[-1] += b"]}"
    return Response(b",".join(texts), tag=tag)
