"""`plyr label rotate`: another signing key, and all labels signed anew with it.

The running labeler does it, else this process; either way it can be broken off at any point, by a
kill too, and goes on when the labeler runs or the command is given again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from functools import partial
from typing import Any, Protocol

from rich.console import Console
from rich.progress import Progress

from appview.network import network
from atp.runtime import control
from labeler import schema
from lexicons.catalog import Catalog
from ops.errors import CannotRun
from ops.label import operator
from ops.labeler import labeler
from ops.settings import Settings

LOOK_AGAIN = 0.2  # seconds between two looks at how far it has come


class Command(Protocol):
    """Carries out a control command of the labeler."""

    async def __call__(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """The answer. Raises `control.ControlError` and `control.NotRunning`."""
        ...


def rotate(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr label rotate`; with ``--compromised`` nothing of the old key's is shown any more."""
    args = {
        "actor": operator(),
        "reason": arguments.reason,
        "compromised": arguments.compromised,
    }
    told = asyncio.run(_rotate(settings, args))
    if arguments.json:
        print(json.dumps(told))
    else:
        print(f"{told['key']} signs; {told['signed']} labels were signed anew. Keep a copy of it.")
    return 0


async def _rotate(settings: Settings, args: dict[str, Any]) -> dict[str, Any]:
    try:
        return await _followed(partial(control.request, settings.data_dir / schema.FILE), args)
    except control.NotRunning:
        pass
    outside = network(
        settings.plc_url,
        settings.handle_resolver_url,
        allow_private_hosts=settings.allow_private_hosts,
    )
    catalog = Catalog.load(settings.namespace)
    async with outside as way, labeler(settings, way.directory, catalog) as it:

        async def here(name: str, args: dict[str, Any]) -> dict[str, Any]:
            return await it.commands[name](args)

        return await _followed(here, args)


async def _followed(command: Command, args: dict[str, Any]) -> dict[str, Any]:
    """Begin, and wait for the end; progress goes to the error stream."""
    state = await command("rotate", args)
    key, total, waits = state["next"] or state["key"], state["left"], False
    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("signing anew", total=total)
        while state["next"] is not None or state["left"]:
            if state["problem"] is not None and not state["waits"]:
                raise CannotRun(state["problem"])
            if state["waits"] and not waits:
                waits = True
                print(_to_publish(state), file=sys.stderr)
            bars.update(bar, completed=total - state["left"])
            await asyncio.sleep(LOOK_AGAIN)
            state = await command("rotation", {})
    return {"key": key, "signed": total, "compromised": args["compromised"]}


def _to_publish(state: dict[str, Any]) -> str:
    """What the holder of the labeler's account has to do."""
    return (
        f"labels are paused until the DID document of {state['did']} shows the next key."
        f" In its next PLC operation, or document, put\n"
        f'  "verificationMethods": {json.dumps({"atproto_label": state["next"]})}\n'
        "This command and the labeler go on by themselves then; both may be stopped meanwhile."
    )
