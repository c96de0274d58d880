"""How long a search takes among a million tracks: ``python -m ops.bench.search INDEX``.

The queries are a written mix of what people type, drawn from the words of the catalogue: the
commonest words of all, any words, beginnings, two words, parts and misspelt words. Each is answered
whole, from the text to the JSON of the first fifty tracks, one after the other, by one process on a
core of its own. The index is read through once before, as it is in a service that runs.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import quantiles
from time import perf_counter

import orjson

from appview.api import feed_search_tracks
from appview.app import open_store
from appview.call import Call
from appview.params import Params
from appview.ranking import Rankings
from appview.searches import AtOnce
from appview.store import Store
from indexer.schema import Kind
from lexicons.names import Names
from ops.bench import catalogue
from ops.bench.child import child, cores
from ops.bench.figures import Figure
from ops.devnet.install import cache_home

TRACKS = 1_000_000
LIKES = 1_000_000
ROUNDS = 5
QUERIES = 1_000
LIMIT = 50
COMMONEST = 10
COMMON = 300
KNOWN = 20_000
"""Words by how many tracks have them: the first so many are called so."""

Words = Sequence[str]
MIX: dict[str, tuple[int, Callable[[Random, Words], str]]] = {
    "commonest word": (15, lambda random, words: random.choice(words[:COMMONEST])),
    "any word": (20, lambda random, words: random.choice(words)),
    "beginning": (20, lambda random, words: _cut(random, random.choice(words[:COMMON]))),
    "two words": (
        15,
        lambda random, words: f"{random.choice(words[:COMMON])} {random.choice(words)}",
    ),
    "two common words": (
        10,
        lambda random, words: " ".join(random.sample(words[:COMMONEST], 2)),
    ),
    "typo": (15, lambda random, words: _misspelt(random, random.choice(words[:COMMON]))),
    "part": (5, lambda random, words: random.choice(words)[1:]),
}
"""Of 100 queries, how many are of each sort, and how one is made."""


def run(build: Path) -> list[Figure]:
    """All figures; making the catalogue, the first time, takes three minutes."""
    build.mkdir(parents=True, exist_ok=True)
    index = catalogue.kept(cache_home() / "bench", TRACKS, LIKES)
    _, ours = cores()
    with (
        (build / "search.log").open("wb") as log,
        child(log, ours, "ops.bench.search", index) as searching,
    ):
        rounds = [orjson.loads(searching.line()) for _ in range(ROUNDS)]
    return [
        Figure("search.p50_ms_1m", "ms", tuple(one["p50"] for one in rounds)),
        Figure("search.p99_ms_1m", "ms", tuple(one["p99"] for one in rounds)),
        *[
            Figure(f"search.worst_ms_1m.{sort.replace(' ', '_')}", "ms", worst)
            for sort in MIX
            for worst in [tuple(one["worst"][sort] for one in rounds)]
        ],
    ]


def mixed(words: Words, seed: int, queries: int = QUERIES) -> list[tuple[str, str]]:
    """Queries, each with its sort, in the same order each time."""
    random = Random(seed)  # noqa: S311 - the same queries each time are the point
    sorts = random.choices([*MIX], [share for share, _ in MIX.values()], k=queries)
    return [(sort, MIX[sort][1](random, words)) for sort in sorts]


def vocabulary(store: Store) -> list[str]:
    """The words of all tracks that have letters enough to be cut, most used first."""
    rows = store.read(
        "SELECT word FROM search_words WHERE kind = ? AND length(word) > 2"
        " ORDER BY uses DESC LIMIT ?",
        (Kind.TRACK, KNOWN),
    )
    return [str(word) for (word,) in rows]


async def times(store: Store, queries: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Milliseconds that the answers to these queries take."""
    rankings = Rankings(AtOnce(store))
    took: dict[str, list[float]] = {sort: [] for sort in MIX}
    for now, (sort, query) in enumerate(queries):
        params = Params({"q": query, "limit": LIMIT, "includeAdult": False})
        start = perf_counter()
        orjson.dumps(await feed_search_tracks.answer(store, Call(params, None, now), rankings))
        took[sort].append(1_000 * (perf_counter() - start))
    parts = quantiles([one for sort in took.values() for one in sort], n=100)
    worst = {sort: max(ones, default=0.0) for sort, ones in took.items()}
    return {"p50": parts[49], "p99": parts[98], "worst": worst}


def main() -> None:
    """Print each round's times as a line of JSON."""
    index = Path(sys.argv[1])
    with index.open("rb") as file:
        while file.read(1 << 20):
            pass
    store = open_store(index, Names())
    words = vocabulary(store)
    gc.freeze()  # as `ops.web` does
    for seed in range(ROUNDS):
        print(orjson.dumps(asyncio.run(times(store, mixed(words, seed)))).decode(), flush=True)


def _cut(random: Random, word: str) -> str:
    return word[: random.randint(2, len(word) - 1)] if len(word) > 2 else word


def _misspelt(random: Random, word: str) -> str:
    at = random.randrange(1, len(word) - 1)
    return random.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + random.choice("aeiou") + word[at + 1 :],
        )
    )


if __name__ == "__main__":
    main()
