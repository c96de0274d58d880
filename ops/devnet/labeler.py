"""A labeler of a devnet, from an npm package: one Node process that labels what it is told to."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import orjson

from atp.syntax import Did
from ops.devnet import script
from ops.devnet.install import ensure_installed
from ops.devnet.network import Devnet, DevnetError, free_ports

ANSWER_TIMEOUT_S = 30.0


class Labeler:
    """``async with Labeler(net)``: a labeler whose identity is in the network's directory.

    Calls raise DevnetError when it does not answer.
    """

    did: Did
    url: str

    def __init__(self, net: Devnet) -> None:
        self._net = net

    async def __aenter__(self) -> Self:
        folder = await asyncio.to_thread(ensure_installed)
        environment = {"PLC_URL": self._net.plc_url, "LABELER_PORT": str(free_ports(1)[0])}
        self._process = await script.start(folder, "labeler.mjs", self._net.log_path, environment)
        try:
            said = await self._line()
        except BaseException:
            await script.end(self._process)
            raise
        self.did, self.url = Did.parse(said["did"]), said["url"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await script.end(self._process)

    async def label(self, uri: str, val: str, **fields: Any) -> int:
        """Label a subject; ``neg``, ``cid``, ``exp`` as in a label; the number in its stream.

        One that is ``forged`` is sent with a signature that nobody made.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps({"uri": uri, "val": val, **fields}) + b"\n")
        await self._process.stdin.drain()
        return int((await self._line())["id"])

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_TIMEOUT_S)
        except TimeoutError as exc:
            raise DevnetError("the labeler did not answer; see the network's log") from exc
        if not line:
            raise DevnetError("the labeler has ended; see the network's log")
        said: dict[str, Any] = orjson.loads(line)
        return said
