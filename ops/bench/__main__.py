"""``python -m ops.bench [NAME…]``: run benchmarks, show their figures, keep them in a file.

Run it from the checkout: figures go to ``build/bench.json``, data sets are cached beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from ops.bench import backfill, catchup, fresh, ingest, labels, pages, search, verify
from ops.bench.figures import Figure, merge, table

BUILD = Path("build")
BENCHMARKS: Mapping[str, Callable[[Path], list[Figure]]] = {
    "ingest": ingest.run,
    "verify": verify.run,
    "backfill": backfill.run,
    "catchup": catchup.run,
    "labels": labels.run,
    "search": search.run,
    "pages": pages.run,
    "fresh": fresh.run,
}


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    names: list[str] = parser.parse_args().names
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; there are: {', '.join(BENCHMARKS)}")
    for name in names or BENCHMARKS:
        figures = BENCHMARKS[name](BUILD / "bench")
        merge(BUILD / "bench.json", figures)
        Console().print(table(figures))


if __name__ == "__main__":
    main()
