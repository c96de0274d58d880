"""The reference relay that whoever owns this machine has installed with the Go client.

It is looked for where that client puts programs, then on the path. Nothing here installs it: it is
another project's, and needs a compiler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

RELAY = "github.com/bluesky-social/indigo/cmd/relay"
GO_TIMEOUT_S = 30


class RelayMissing(Exception):
    """The relay is not installed on this machine."""


def installed_relay() -> Path:
    """The relay's binary. Raises RelayMissing."""
    folders = [*_go_folders(), *os.get_exec_path()]
    found = shutil.which("relay", path=os.pathsep.join(folders))
    if found is None:
        raise RelayMissing(f"no relay: the Go client has not installed {RELAY} here")
    return Path(found)


def _go_folders() -> list[str]:
    """Where the Go client puts programs; empty without Go."""
    go = shutil.which("go")
    if go is None:
        return []
    asked = [go, "env", "GOBIN", "GOPATH"]
    done = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=GO_TIMEOUT_S)
    gobin, gopath = [*done.stdout.splitlines(), "", ""][:2]
    if gobin:
        return [gobin]
    return [str(Path(folder) / "bin") for folder in gopath.split(os.pathsep) if folder]
