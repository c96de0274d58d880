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

Skeleton = Callable[[Store, Call], Page]
Hydrate = Callable[[Store, Page, Call], State]
Rules = Callable[[Page, State], Page]
View = Callable[[Page, State], dict[str, object]]
Given = dict[str, object] | Response
Answer = Callable[[Store, Call], Given | Awaitable[Given]]
"""Answers a call; what the index alone cannot answer is awaited."""


def endpoint(skeleton: Skeleton, hydrate: Hydrate, rules: Rules, view: View) -> Answer:
    """The four functions as one, over one snapshot of the index."""

    def answer(store: Store, call: Call) -> dict[str, object]:
        with store.snapshot():
            page = skeleton(store, call)
            state = hydrate(store, page, call)
        return view(rules(page, state), state)

    return answer
