"""An endpoint is four functions, each of which can be read and tested alone.

skeleton  call → page: which ids, in which order, and where the next page starts        (reads)
hydrate   page, call → state: the rows of all those ids, batched                        (reads)
rules     page, state → page: what may be shown                                          (pure)
view      page, state → the answer in the shape of the lexicon                           (pure)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from appview.call import Call
from appview.state import Page, State
from appview.store import Store
from atp.runtime.asgi import Response
from atp.runtime.xrpc import XrpcError

Skeleton = Callable[[Store, Call], Page]
Hydrate = Callable[[Store, Page, Call], State]
Rules = Callable[[Page, State], Page]
View = Callable[[Page, State], dict[str, object]]
Given = dict[str, object] | Response
Answer = Callable[[Store, Call], Given | Awaitable[Given]]
"""Answers a call; what the index alone cannot answer is awaited."""


def endpoint(
    skeleton: Skeleton, hydrate: Hydrate, rules: Rules, view: View, *, sole: bool = False
) -> Callable[[Store, Call], dict[str, object]]:
    """The four functions as one, over one snapshot of the index.

    ``sole`` endpoints are about one thing, whose page they begin with: what the rules take away of
    it is not found.
    """

    def answer(store: Store, call: Call) -> dict[str, object]:
        with store.snapshot():
            page = skeleton(store, call)
            state = hydrate(store, page, call)
        kept = rules(page, state)
        if sole:
            _require(page, kept)
        return view(kept, state)

    return answer


def _require(page: Page, kept: Page) -> None:
    """Raise the error for what may not be shown, of the first sort here that the page has."""
    asked = (
        (page.actors, kept.actors),
        (page.albums, kept.albums),
        (page.lists, kept.lists),
        (page.tracks, kept.tracks),
    )
    given, left = next(pair for pair in asked if pair[0])
    if not left:
        error = "ActorNotFound" if given is page.actors else "RecordNotFound"
        raise XrpcError(400, error, "What was asked for is not shown here")
