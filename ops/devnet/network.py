"""A devnet as an asynchronous context: one Node process with a PLC directory and real PDSes.

What the network knows stands in the data folder, together with the ports: the accounts' DID
documents name their PDS by port, so a network that starts again must start on the same ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn, Self

import orjson

from ops.devnet import script
from ops.devnet.install import ensure_installed

START_TIMEOUT_S = 60.0
LOG_TAIL_BYTES = 2_000


class DevnetError(RuntimeError):
    """The network did not start; the text holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of one network."""

    plc: int
    ctrl: int
    pds: tuple[int, ...]


class Devnet:
    """``async with Devnet() as net``: a PLC directory and ``pds`` PDSes on loopback.

    With a ``data_dir`` the network, its ports and its log stay there and a later Devnet goes on
    with them; without one they go when the context ends. Raises DevnetError when the network does
    not come up and InstallError when it cannot be installed.
    """

    data_dir: Path
    plc_url: str
    pds_urls: tuple[str, ...]
    ctrl_url: str
    admin_password: str
    ready: bytes
    """The line of JSON in which the process said all of this."""

    def __init__(self, pds: int = 2, data_dir: Path | None = None) -> None:
        self._pds = pds
        self._given_dir = data_dir

    @property
    def log_path(self) -> Path:
        """Where the servers log, one JSON object a line."""
        return self.data_dir / "devnet.log"

    @property
    def pid(self) -> int:
        """The process that is the network."""
        return self._process.pid

    async def __aenter__(self) -> Self:
        folder = await asyncio.to_thread(ensure_installed)
        self.data_dir = self._given_dir or Path(tempfile.mkdtemp(prefix="devnet-"))
        self.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            await self._start(folder, _ports(self.data_dir / "ports.json", self._pds))
        except BaseException:
            self._clean_up()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def watch(self) -> NoReturn:
        """Raise DevnetError when the network ends by itself; never return."""
        status = await self._process.wait()
        raise DevnetError(f"the devnet ended with status {status}:\n{self._log_tail()}")

    async def stop(self) -> None:
        """End the network, in order when it can within seconds."""
        await script.end(self._process)
        self._clean_up()

    async def _start(self, folder: Path, ports: Ports) -> None:
        environment = {
            "PLC_PORT": str(ports.plc),
            "CTRL_PORT": str(ports.ctrl),
            "PDS_PORTS": ",".join(map(str, ports.pds)),
            "DATA_DIR": str(self.data_dir.resolve()),
            "LOG_ENABLED": "true",
            "LOG_DESTINATION": str(self.log_path.resolve()),
        }
        self._process = await script.start(folder, "devnet.mjs", self.log_path, environment)
        try:
            self._learn(await self._ready_line())
        except BaseException:
            await script.end(self._process)
            raise

    async def _ready_line(self) -> bytes:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), START_TIMEOUT_S)
        except TimeoutError as exc:
            raise DevnetError(
                f"the devnet was not ready within {START_TIMEOUT_S:.0f} s:\n{self._log_tail()}"
            ) from exc
        if not line:
            raise DevnetError(f"the devnet ended while starting:\n{self._log_tail()}")
        return line

    def _learn(self, line: bytes) -> None:
        said = orjson.loads(line)
        self.plc_url = said["plc"]
        self.pds_urls = tuple(pds["url"] for pds in said["pds"])
        self.ctrl_url = said["ctrl"]
        self.admin_password = said["adminPassword"]
        self.ready = line.strip()

    def _clean_up(self) -> None:
        if self._given_dir is None:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def _log_tail(self) -> str:
        return self.log_path.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")


def _ports(path: Path, pds: int) -> Ports:
    """The ports that the network has had, or free ones, written down for the next start."""
    if path.exists():
        saved = orjson.loads(path.read_bytes())
        ports = Ports(saved["plc"], saved["ctrl"], tuple(saved["pds"]))
        if len(ports.pds) != pds:
            raise DevnetError(
                f"{path} belongs to a network of {len(ports.pds)} PDSes, not {pds}: "
                "start it with that many, or give another data folder"
            )
        return ports
    plc, ctrl, *rest = free_ports(2 + pds)
    ports = Ports(plc, ctrl, tuple(rest))
    path.write_bytes(orjson.dumps(asdict(ports)))
    return ports


def free_ports(count: int) -> list[int]:
    """Distinct loopback ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
