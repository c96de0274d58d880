"""`plyr doctor`: whether strangers find, reach and believe this service.

1 when a check fails; each finding that is not good says what to do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from atp.runtime.http import Client
from ops.checks import Examination, Finding, Grade
from ops.settings import Settings
from pds_client.identity import Directory

_COLOURS = {Grade.OK: "green", Grade.WARN: "yellow", Grade.FAIL: "red"}


def doctor(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr doctor`: 1 when a check fails."""
    findings = asyncio.run(_findings(settings))
    if arguments.json:
        print(json.dumps({"checks": [asdict(finding) for finding in findings]}))
    else:
        _show(findings)
    return 1 if any(finding.grade is Grade.FAIL for finding in findings) else 0


async def _findings(settings: Settings) -> list[Finding]:
    named = (settings.url, settings.plc_url, *settings.handle_resolver_url)
    async with Client(allow_private=settings.allow_private_hosts, trusted_origins=named) as http:
        directory = Directory(http, settings.plc_url, settings.handle_resolver_url)
        return await Examination(settings, http, directory).findings()


def _show(findings: list[Finding]) -> None:
    table = Table(box=None, show_header=False)
    for finding in findings:
        colour = _COLOURS[finding.grade]
        todo = f"\n→ {finding.todo}" if finding.todo else ""
        table.add_row(
            f"[{colour}]{finding.grade}[/]", finding.check, escape(f"{finding.said}{todo}")
        )
    Console().print(table)
