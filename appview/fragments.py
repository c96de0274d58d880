"""Tracks as answers show them, encoded once and kept until something that they show is new.

What a track shows is its record, its counters, the accounts of its author and guests, its author's
album, and labels on any of these. The writer's triggers note in the table ``touched`` whose that
is; before each page, in the same snapshot, what was touched since the last one is read and the
fragments that show it are let go. So are the ids of the pages asked for, where an account was
touched: a track that comes, changes or goes touches its author's, and counters touch no order.
Labels that end by themselves touch nothing, so all is let go when one did. See
docs/decisions/0011-fragments.md.

Fragments are for callers who see what everybody sees: without an account, and with the operator's
own choice of labelers. All others are answered by the four functions of `appview.pipeline`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
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
from atp.syntax import Did

MAX_BYTES = 64 * 1024 * 1024
"""Of all fragments together; the one that was made longest ago goes first."""

MAX_TOUCHED = 256
"""Rows of ``touched`` that are read before a page; when there are more, all fragments go."""

MAX_STEPS = 1_024
"""Pages of ids that are kept, of which each has up to a hundred."""

_OVERHEAD = 1_024
"""Bytes that a fragment takes beside its text."""

_HASH = 2**64 - 1
"""As many bits as a hash of Python's has."""

Surface = Literal["listed", "viewed"]


class Walk(NamedTuple):
    """Everybody's tracks or an ``actor``'s, newest first; ``listed`` gives what a policy lists."""

    actor: int | None
    listed: Callable[[Place, int, str], Sequence[Place]]


Walked = Callable[[Store, Call], Walk]
"""The walk that a call asks for; found in the page's own snapshot."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A track's JSON, empty where the rules leave it out, and what follows from the same rows.

    ``place`` is where it stands in lists by time; ``listed`` and ``viewed`` say whether it is on
    LIST and VIEW surfaces; ``shows`` names the accounts on which it depends.
    """

    text: bytes
    place: Place
    listed: bool
    viewed: bool
    shows: frozenset[Did]


class Fragments:
    """The fragments of one process, over one connection; ``labelers`` are the operator's."""

    def __init__(self, labelers: Collection[Did]) -> None:
        self._labelers = Labelers.default(labelers)
        self._kept: dict[int, Fragment] = {}
        self._texts: dict[Surface, dict[int, bytes]] = {"listed": {}, "viewed": {}}  # to be shown
        self._steps: dict[tuple[int | None, Place, int], Sequence[int]] = {}
        self._showing: dict[Did, set[int]] = {}
        self._size = 0
        self._state = 0
        self._seq = 0
        self._good = range(0)

    def serve(self, call: Call) -> bool:
        """Whether the caller sees what everybody sees."""
        return call.viewer is None and call.labelers == self._labelers

    def page(self, store: Store, call: Call, walked: Walked, surface: Surface) -> Response:
        """The answer ``{"cursor", "tracks"}`` that begins after the call's cursor."""
        limit, after = call.params.limit, call.params.after(LAST)
        with store.snapshot() as state:
            walk = walked(store, call)
            if state != self._state or call.now not in self._good:
                self._renew(store, call.now)
                self._state = state
            step = (walk.actor, after, limit + 1)
            keys = self._steps.get(step)
            if keys is None:
                keys = self._step(store, *step)
            kept = self._texts[surface]
            try:
                texts = [kept[key] for key in keys][:limit]
                follows = self._kept[keys[limit - 1]].place if len(keys) > limit else None
            except KeyError:
                found = self._walk(store, call, walk, keys, surface)
                texts = [one.text for one in found[:limit] if one.text]
                follows = found[limit - 1].place if len(found) > limit else None
        return _joined(texts, follows)

    def _step(self, store: Store, actor: int | None, after: Place, limit: int) -> Sequence[int]:
        """The ids of the next tracks; kept, as only what touches an account changes their order."""
        keys = store_touched.newest_tracks(store, actor, after, limit)
        while len(self._steps) >= MAX_STEPS:
            del self._steps[next(iter(self._steps))]
        self._steps[actor, after, limit] = keys
        return keys

    def _walk(
        self, store: Store, call: Call, walk: Walk, keys: Sequence[int], surface: Surface
    ) -> list[Fragment]:
        """One more than fits on the page, where there are as many, of which ``keys`` are the first.

        Where something is not listed, the rest of the page is asked of the policy: however much
        there is of it, a page takes two walks.
        """
        wanted = call.params.limit + 1
        fragments = self._made(store, keys, call)
        found = [one for one in fragments if getattr(one, surface)]
        if len(found) < len(keys) == wanted:
            policy = (listing if surface == "listed" else viewing)(call)
            more = walk.listed(fragments[-1].place, wanted - len(found), policy)
            found += self._made(store, [place.id for place in more], call)
        return found

    def _made(self, store: Store, keys: Sequence[int], call: Call) -> list[Fragment]:
        """The fragments of these tracks, in this order."""
        missing = [key for key in keys if key not in self._kept]
        if missing:
            for key, fragment in self._make(store, missing, call).items():
                self._keep(key, fragment)
        fragments = [self._kept[key] for key in keys]
        self._make_room()
        return fragments

    def _make(self, store: Store, keys: Sequence[int], call: Call) -> dict[int, Fragment]:
        whole = Page(tracks=tuple(keys))
        state = hydrate(store, whole, call)
        kept = frozenset(shown(whole, state).tracks)
        listed = store_touched.may_be_listed(store, keys, listing(call), viewing(call))
        return {key: _fragment(key, state, kept, listed[key]) for key in keys}

    def _keep(self, key: int, fragment: Fragment) -> None:
        self._kept[key] = fragment
        for surface, texts in self._texts.items():
            if fragment.text and getattr(fragment, surface):
                texts[key] = fragment.text
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
        for texts in self._texts.values():
            texts.pop(key, None)
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
            self._steps.clear()
            for key in tuple(self._showing.get(touch.did, ())):
                self._drop(key)
        else:
            self._forget()

    def _forget(self) -> None:
        self._kept.clear()
        for texts in self._texts.values():
            texts.clear()
        self._steps.clear()
        self._showing.clear()
        self._size = 0


def _fragment(
    key: int, state: State, kept: Collection[int], surfaces: tuple[bool, bool]
) -> Fragment:
    track = state.tracks[key]
    assert track, "the walk found it in the same snapshot"
    text = orjson.dumps(track_view(key, state)) if key in kept else b""
    shows = frozenset((track.author, *track.features))
    return Fragment(text, Place(track.sort_at, key), *surfaces, shows)


def _joined(texts: Sequence[bytes], follows: Place | None) -> Response:
    """The same bytes as those of the whole answer, encoded at once.

    The tag is made of the texts' hashes, which Python keeps with them. They are salted, so it is
    good for as long as the process runs.
    """
    begin = b'{"cursor":"%s","tracks":[' % follows.encode().encode() if follows else b'{"tracks":['
    tag = b'W/"%x"' % (hash((begin, *texts)) & _HASH)
    parts = [*texts] or [b""]
    parts[0] = begin + parts[0]
    parts[-1] += b"]}"
    return Response(b",".join(parts), tag=tag)
