"""The reference relay, built once for each version by the Go client.

Like the npm packages it lives in the user's cache, outside any checkout, and appears whole or not
at all. Modules and build results are in Go's own caches.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ops.devnet.install import LOG_LINES_SHOWN, InstallError, cache_home

RELAY = "github.com/bluesky-social/indigo/cmd/relay"
VERSION = "v0.0.0-20260605210604-af2fec94f34c"
BUILD_TIMEOUT_S = 1_800


class GoMissing(InstallError):
    """There is no Go on the path."""


def ensure_relay() -> Path:
    """The relay's binary; builds it when absent.

    Blocks for a few minutes the first time. Raises GoMissing or InstallError.
    """
    home = cache_home()
    folder = home / f"relay-{VERSION}"
    if not folder.is_dir():
        go = shutil.which("go")
        if go is None:
            raise GoMissing(
                "no Go: the reference relay is built by `go install`, and go is missing"
            )
        home.mkdir(parents=True, exist_ok=True)
        with (home / f"relay-{VERSION}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _build(go, folder)
    return folder / "relay"


def _build(go: str, folder: Path) -> None:
    """Fill the folder; the caller holds its lock, so a partial one is a dead process's."""
    print("building the reference relay (a few minutes, once)", file=sys.stderr)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        subprocess.run(
            [go, "install", f"{RELAY}@{VERSION}"],
            cwd=partial,
            # Its SQLite is in C, and without a compiler would fail only when it runs.
            env={**os.environ, "GOBIN": str(partial), "CGO_ENABLED": "1"},
            check=True,
            timeout=BUILD_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except subprocess.CalledProcessError as exc:
        said = "\n".join(exc.stdout.splitlines()[-LOG_LINES_SHOWN:])
        raise InstallError(f"go install failed with status {exc.returncode}:\n{said}") from exc
    except subprocess.TimeoutExpired as exc:
        raise InstallError(f"go install did not end within {BUILD_TIMEOUT_S} s") from exc
    partial.rename(folder)
