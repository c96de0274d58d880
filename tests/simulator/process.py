"""`python -m tests.simulator.process JSON`: the service with its patience shortened.

The argument is whether it sweeps often, and then what `indexers.settings` is given.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from atp.runtime.supervise import run_until_signal
from indexer.service import run
from tests.simulator.haste import OFTEN, RARE, shorten
from tests.simulator.indexers import settings

if __name__ == "__main__":
    sweeps, folder, *network = json.loads(sys.argv[1])
    shorten()
    told = settings(Path(folder), *network)
    run_until_signal(lambda stop: run(told, stop, pace=OFTEN if sweeps else RARE))
