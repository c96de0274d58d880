"""Log lines, as a process of its own writes them to stderr."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import Any

HEAD = """
import logging
from atp.runtime import log
logger = log.get("indexer")
log.configure({how})
"""


def written(body: str, how: str = "") -> str:
    """What a process that logs as `body` says writes; nothing goes to stdout."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD.format(how=how) + body], capture_output=True, check=True
    )
    assert done.stdout == b""
    return done.stderr.decode()


def lines(body: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(body).splitlines()]


def test_lines_are_json_off_a_terminal() -> None:
    """One object a line, with time in UTC, level, component and the values; no debug lines."""
    (line,) = lines("logger.info('connected', host='relay', seq=5); logger.debug('no')")
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "connected",
        "level": "info",
        "component": "indexer",
        "host": "relay",
        "seq": 5,
    }


def test_libraries_log_the_same_way() -> None:
    """What goes through the logging module has the same shape, its logger as component."""
    first, second = lines(
        "logging.getLogger('aiohttp.client').warning('slow %s', 'x', extra={'did': 'did:web:x'})\n"
        "logging.getLogger('uvicorn.error').debug('no')\n"
        "logging.getLogger('uvicorn.error').error('boo')"
    )
    assert (first["event"], first["level"], first["component"], first["did"]) == (
        "slow x",
        "warning",
        "aiohttp.client",
        "did:web:x",
    )
    assert (second["event"], second["component"]) == ("boo", "uvicorn.error")


def test_secrets_are_left_out() -> None:
    """A value whose name says that it is a secret is not written, ours or a library's."""
    text = written(
        "logger.info('a', token='hunter2', authorization='Bearer hunter2')\n"
        "logging.getLogger('x').info('b', extra={'password': 'hunter2'})"
    )
    assert "hunter2" not in text
    assert text.count("[left out]") == 3


def test_a_traceback_shows_no_local_variables() -> None:
    """Neither form of a traceback holds the values of variables."""
    body = (
        "def fail():\n    secret_value = 'hun' + 'ter2'\n    raise ValueError('why')\n"
        "try: fail()\nexcept ValueError: logger.exception('failed')"
    )
    for how in ("json=True", "json=False"):
        text = written(body, how)
        assert "ValueError: why" in text
        assert "hunter2" not in text


def test_hostile_text_cannot_forge_a_line() -> None:
    """Whatever a value, an event or an exception holds, lines and terminal stay ours."""
    body = (
        "bad = 'x\\n12:00:00 forged \\x1b[2J \\ud800'\n"
        "logger.info('a', value=bad, short='\x1b[2J')\nlogging.getLogger('lib').info(bad)\n"
        "try: raise ValueError(bad)\nexcept ValueError: logger.exception('failed')"
    )
    assert len(written(body, "json=True").splitlines()) == 3
    text = written(body, "json=False")
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if "info" in line]) == 2


def test_lines_are_for_people_on_a_terminal() -> None:
    """With a terminal for stderr the form is not JSON unless asked for."""
    ours, theirs = pty.openpty()
    body = HEAD.format(how="") + "logger.info('connected', seq=5)"
    with subprocess.Popen([sys.executable, "-c", body], stderr=theirs) as child:
        child.wait()
    os.close(theirs)
    text = os.read(ours, 4096).decode()
    os.close(ours)
    assert "connected" in text
    assert "seq" in text
    assert not text.startswith("{")
