"""An endpoint is four functions, each of which can be read and tested alone.

skeleton  parameters → page: which ids, in which order, and where the next page starts  (reads)
hydrate   page → state: the rows of all those ids, batched                              (reads)
rules     page, state → page: what may be shown                                          (pure)
view      page, state → the answer in the shape of the lexicon                           (pure)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from appview.params import Params
from appview.proofs import Proofs
from appview.state import Page, State
from appview.store import Store
from atp.runtime.asgi import Response

Skeleton = Callable[[Store, Params], Page]
Hydrate = Callable[[Store, Page], State]
Rules = Callable[[Page, State], Page]
View = Callable[[Page, State], dict[str, object]]
Answer = Callable[[Store, Params], dict[str, object] | Response]
ProvenAnswer = Callable[[Store, Proofs, Params], Awaitable[Response]]


def endpoint(skeleton: Skeleton, hydrate: Hydrate, rules: Rules, view: View) -> Answer:
    """The four functions as one, over one snapshot of the index."""

    def answer(store: Store, params: Params) -> dict[str, object]:
        with store.snapshot():
            page = skeleton(store, params)
            state = hydrate(store, page)
        return view(rules(page, state), state)

    return answer
