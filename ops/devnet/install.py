"""The npm packages of the devnet, installed once for each content of ``npm/``.

They live in the user's cache, outside any checkout, in a folder named by a digest of the lock file
and the scripts. The folder appears whole or not at all: npm works beside it and the result is
renamed, under a file lock, so that any number of processes may ask at once. The Node binary that
runs the network is one of the packages; the system only lends its npm.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent / "npm"
INSTALL_TIMEOUT_S = 900
LOG_LINES_SHOWN = 15


class InstallError(RuntimeError):
    """The devnet's npm packages could not be installed; the text says why and what to do."""


class NpmMissing(InstallError):
    """There is no npm on the path."""


def ensure_installed() -> Path:
    """The folder that holds the scripts beside their ``node_modules``; installs it when absent.

    Blocks for about a minute the first time. Raises NpmMissing or InstallError.
    """
    home = cache_home()
    folder = home / f"devnet-{_digest()}"
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise NpmMissing(
            "the devnet needs npm and none is on the PATH: install Node.js (any version that "
            "brings npm 7 or newer; the network itself runs on a Node from the npm packages)"
        )
    home.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _install(npm, folder)
    return folder


def node(folder: Path) -> Path:
    """The Node binary of an installed folder."""
    return folder / "node_modules" / ".bin" / "node"


def cache_home() -> Path:
    """The folder in the user's cache that holds what is installed for this project."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "plyr-appview"


def _digest() -> str:
    """Of every source's name and content, 16 hex digits."""
    digest = hashlib.sha256()
    for source in _sources():
        digest.update(source.name.encode() + b"\0" + hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _sources() -> list[Path]:
    return sorted(path for path in SOURCES.iterdir() if path.suffix in {".json", ".mjs"})


def _install(npm: str, folder: Path) -> None:
    """Fill the folder; the caller holds its lock, so a partial one is a dead process's."""
    print("installing the devnet's npm packages (about a minute, once)", file=sys.stderr)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for source in _sources():
        shutil.copyfile(source, partial / source.name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(
            command,
            cwd=partial,
            check=True,
            timeout=INSTALL_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except subprocess.CalledProcessError as exc:
        said = "\n".join(exc.stdout.splitlines()[-LOG_LINES_SHOWN:])
        raise InstallError(f"npm ci failed with status {exc.returncode}:\n{said}") from exc
    except subprocess.TimeoutExpired as exc:
        raise InstallError(
            f"npm ci did not end within {INSTALL_TIMEOUT_S} s: is the npm registry reachable?"
        ) from exc
    partial.rename(folder)
