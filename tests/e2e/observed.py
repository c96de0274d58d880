"""`plyr`, but its indexer tells in a file when a transaction is open.

The file is one byte, mapped: 1 from just after BEGIN until just after COMMIT or ROLLBACK. Whoever
kills the process reads off it whether the kill fell inside a transaction.
"""

from __future__ import annotations

import argparse
import mmap
import os
import sys
from pathlib import Path

from atp.runtime.sqlite import Stage
from atp.runtime.supervise import run_until_signal
from indexer import service
from ops import cli, commands
from ops import serve as serving
from ops.settings import Settings

VARIABLE = "OBSERVED_TRANSACTION"


def mapped(path: Path) -> mmap.mmap:
    """The byte, shared between processes."""
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 1)


def index(settings: Settings, _arguments: argparse.Namespace) -> int:
    """`plyr index`, observed."""
    byte = mapped(Path(os.environ[VARIABLE]))

    def observe(stage: Stage) -> None:
        byte[0] = 1 if stage == "begin" else 0

    config = serving.indexer_config(settings)
    run_until_signal(lambda stop: service.run(config, stop, observe))
    return 0


if __name__ == "__main__":
    serving.PLYR = (sys.executable, "-m", "tests.e2e.observed")
    commands.index = index
    sys.exit(cli.main())
