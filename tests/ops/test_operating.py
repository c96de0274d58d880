"""docs/OPERATING.md: what it tells people to type is there."""

from __future__ import annotations

import re
import shlex

from lexicons.names import Names
from ops.backup import REBUILT, STORES
from ops.cli import _parser
from tests.conftest import ROOT

TEXT = (ROOT / "docs/OPERATING.md").read_text()


def test_every_command_is_one() -> None:
    """Each command line, also the one for cron, is understood with all its flags."""
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [re.search(r"plyr ([a-z]+ .*?|[a-z]+)(?= && |$)", line) for line in lines]
    assert len(commands) > 5
    for line, command in zip(lines, commands, strict=True):
        assert command is not None, line
        assert callable(_parser().parse_args(shlex.split(command[1])).command)


def test_every_file_is_named() -> None:
    """What is saved and what is not, by the names that the commands use."""
    listed = {name.rstrip("/") for name in re.findall(r"^\| `([\w./]+)` \|", TEXT, re.MULTILINE)}
    assert listed == {*REBUILT, *(store.file for store in STORES)}
    assert Names().namespace not in TEXT
