"""The control socket: commands, errors, bounds, who may serve it."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from atp.runtime import control
from atp.runtime.control import ControlError, NotRunning
from atp.runtime.lock import StoreLock


async def echo(args: dict[str, Any]) -> dict[str, Any]:
    return {"echo": args}


async def refuse(args: dict[str, Any]) -> dict[str, Any]:
    raise ControlError("NoSuchRepo", f"{args['did']} is not in the index")


async def fail(args: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("secret detail")


async def hang(args: dict[str, Any]) -> dict[str, Any]:
    await asyncio.Event().wait()
    return {}


async def talk(args: dict[str, Any]) -> dict[str, Any]:
    return {"much": "x" * control.MAX_LINE_BYTES}


HANDLERS = {"echo": echo, "refuse": refuse, "fail": fail, "hang": hang, "talk": talk}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "index.db"
    with StoreLock(path):
        yield path


@pytest.fixture
async def served(store: Path) -> AsyncIterator[Path]:
    async with control.serve(store, HANDLERS):
        yield store


async def raw(store: Path, *lines: bytes) -> list[dict[str, Any]]:
    """Send lines over one connection and read an answer to each."""
    address = store.with_name(store.name + ".sock")
    reader, writer = await asyncio.open_unix_connection(address)
    answers = []
    for line in lines:
        writer.write(line)
        answers.append(json.loads(await reader.readline()))
    writer.close()
    return answers


async def test_a_command_gets_its_result(served: Path) -> None:
    """The handler's answer is the caller's result, for many callers at a time."""
    results = await asyncio.gather(
        *(control.request(served, "echo", {"n": n, "text": "ü\n"}) for n in range(20))
    )
    assert results == [{"echo": {"n": n, "text": "ü\n"}} for n in range(20)]


async def test_one_connection_may_send_many_requests(served: Path) -> None:
    """Lines on one connection are answered in their order, errors included."""
    answers = await raw(
        served,
        b'{"command": "echo", "args": {"a": 1}}\n',
        b'{"command": "refuse", "args": {"did": "did:web:x"}}\n',
        b'{"command": "echo", "args": {}}\n',
    )
    assert answers == [
        {"result": {"echo": {"a": 1}}},
        {"error": "NoSuchRepo", "message": "did:web:x is not in the index"},
        {"result": {"echo": {}}},
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"no json\n",
        b"\xff\n",
        b"[]\n",
        b'{"command": "echo"}\n',
        b'{"command": 1, "args": {}}\n',
        b'{"command": "echo", "args": []}\n',
        b"[" * 100_000 + b"\n",
    ],
)
async def test_a_malformed_request_is_refused(served: Path, line: bytes) -> None:
    """What is no request is said to be none, and the connection goes on."""
    refused, answered = await raw(served, line, b'{"command": "echo", "args": {}}\n')
    assert refused["error"] == "InvalidRequest"
    assert answered == {"result": {"echo": {}}}


async def test_errors_keep_their_name(served: Path) -> None:
    """A handler's ControlError, an unknown command and a failure arrive as ControlError."""
    with pytest.raises(ControlError, match="not in the index") as caught:
        await control.request(served, "refuse", {"did": "did:web:x"})
    assert caught.value.error == "NoSuchRepo"
    with pytest.raises(ControlError, match="'ech' is none of: echo, refuse"):
        await control.request(served, "ech", {})


async def test_a_failure_is_logged_and_not_told(served: Path) -> None:
    """What a handler did not expect goes to the log; the caller learns that it happened."""
    with capture_logs() as logs, pytest.raises(ControlError) as caught:
        await control.request(served, "fail", {})
    assert caught.value.error == "InternalError"
    assert "secret detail" not in str(caught.value)
    assert [(entry["event"], entry["command"]) for entry in logs] == [("command failed", "fail")]


async def test_lines_are_bounded(served: Path) -> None:
    """A request or an answer that is too long is an error, not memory."""
    with pytest.raises(ControlError, match="TooLong"):
        await control.request(served, "echo", {"x": "x" * control.MAX_LINE_BYTES})
    with pytest.raises(ControlError, match="TooLong"):
        await control.request(served, "talk", {})
    assert await control.request(served, "echo", {}) == {"echo": {}}


async def test_a_caller_waits_no_longer_than_it_said(served: Path) -> None:
    """After the timeout the caller is told so."""
    with pytest.raises(ControlError, match=r"no answer to hang in 0\.05 s"):
        await control.request(served, "hang", {}, timeout=0.05)


async def test_the_end_of_the_server_ends_open_requests(store: Path) -> None:
    """A caller that still waits learns that the service went, and the socket is gone."""
    async with control.serve(store, HANDLERS):
        waiting = asyncio.create_task(control.request(store, "hang", {}))
        await asyncio.sleep(0.05)
    with pytest.raises(ControlError, match="Gone"):
        await waiting
    assert not [path for path in store.parent.iterdir() if path.suffix == ".sock"]
    with pytest.raises(NotRunning, match=r"nothing serves index\.db"):
        await control.request(store, "echo", {})


async def test_an_end_while_it_begins_leaves_no_socket(store: Path) -> None:
    """Whoever is cancelled at that moment leaves nothing open and no file."""

    async def begin() -> None:
        async with control.serve(store, {}):
            raise AssertionError("it was cancelled before")

    beginning = asyncio.create_task(begin())
    await asyncio.sleep(0)
    beginning.cancel()
    await asyncio.wait([beginning])
    assert beginning.cancelled()
    assert not list(store.parent.glob("*.sock"))
    gc.collect()  # an open socket would be a warning, and so an error


async def test_only_the_user_may_connect(served: Path) -> None:
    """The socket has mode 0600."""
    mode = served.with_name("index.db.sock").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


async def test_a_socket_left_by_the_dead_is_replaced(store: Path) -> None:
    """A stale socket refuses callers, and the holder of the lock makes a new one."""
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(store.with_name("index.db.sock")))
    with pytest.raises(NotRunning):
        await control.request(store, "echo", {})
    async with control.serve(store, HANDLERS):
        assert await control.request(store, "echo", {}) == {"echo": {}}


async def test_without_the_lock_nothing_is_touched(tmp_path: Path) -> None:
    """Who does not hold the store's lock must not take over its socket."""
    path = tmp_path / "index.db"
    path.with_name("index.db.sock").touch()
    with pytest.raises(RuntimeError, match="StoreLock"):
        await control.serve(path, HANDLERS).__aenter__()
    assert path.with_name("index.db.sock").exists()


async def test_a_path_that_is_too_long_is_explained(tmp_path: Path) -> None:
    """A socket address holds about a hundred bytes; the message says what to change."""
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with StoreLock(deep / "index.db"), pytest.raises(OSError, match="short path"):
        await control.serve(deep / "index.db", HANDLERS).__aenter__()
