"""The socket on which the writer of a store takes commands from other processes of its user.

`<file>.sock`, mode 0600, speaks JSON lines: a request `{"command": name, "args": {…}}` is answered
by `{"result": {…}}` or by `{"error": name, "message": text}`. A connection may send any number of
requests, one after the other. The server holds the `StoreLock` of the store, so a socket file that
it finds was left by a process that is gone.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from atp.runtime import lock, log

MAX_LINE_BYTES = 1024 * 1024
"""The longest request or answer."""

logger = log.get("control")

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ControlError(Exception):
    """A command that was not carried out; a handler raises it to answer with its two parts."""

    def __init__(self, error: str, message: str) -> None:
        self.error = error
        self.message = message
        super().__init__(f"{error}: {message}")


class NotRunning(Exception):
    """No process takes commands for the store."""


@asynccontextmanager
async def serve(path: Path, handlers: Mapping[str, Handler]) -> AsyncIterator[None]:
    """Answer commands for the store at `path` inside the block; open requests are cut at its end.

    Raises RuntimeError when this process does not hold the store's lock.
    """
    if lock.holder(path) != os.getpid():
        raise RuntimeError(f"take the StoreLock of {path} before serving its control socket")
    clients: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        try:
            await _answer_all(reader, writer, handlers)
        except asyncio.CancelledError:
            # The end of this task, and of nobody who waits for it but the end of `serve`.
            return
        finally:
            clients.discard(task)
            writer.close()

    address = _socket_path(path)
    server = await asyncio.start_unix_server(
        converse, sock=_bind(address), limit=MAX_LINE_BYTES, start_serving=False
    )
    try:
        await server.start_serving()
        yield
    finally:
        server.close()
        address.unlink(missing_ok=True)
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def request(
    path: Path,
    command: str,
    args: dict[str, Any],
    timeout: float = 30.0,  # noqa: ASYNC109 - one number from the command line, not a scope
) -> dict[str, Any]:
    """Have the writer of the store at `path` carry out `command`; wait `timeout` seconds.

    Raises `NotRunning`, or `ControlError` with the name that the server gave, `Timeout` or `Gone`.
    """
    try:
        async with asyncio.timeout(timeout):
            line = await _exchange(_socket_path(path), {"command": command, "args": args})
    except TimeoutError as exc:
        raise ControlError("Timeout", f"no answer to {command} in {timeout:g} s") from exc
    except (FileNotFoundError, ConnectionRefusedError) as exc:
        raise NotRunning(f"nothing serves {path.name}: start the service, or run alone") from exc
    if not line.endswith(b"\n"):
        raise ControlError("Gone", f"the service ended before it had answered {command}")
    answer = orjson.loads(line)
    if "error" in answer:
        raise ControlError(answer["error"], answer["message"])
    result: dict[str, Any] = answer["result"]
    return result


async def _exchange(address: Path, message: dict[str, Any]) -> bytes:
    reader, writer = await asyncio.open_unix_connection(address, limit=MAX_LINE_BYTES)
    try:
        writer.write(orjson.dumps(message) + b"\n")
        await writer.drain()
        return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def _bind(address: Path) -> socket.socket:
    address.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(str(address))
    except OSError as exc:
        listener.close()
        raise OSError(f"cannot make {address} ({exc}): the data folder needs a short path") from exc
    finally:
        os.umask(mask)
    return listener


async def _answer_all(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Mapping[str, Handler]
) -> None:
    with suppress(ConnectionError):
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                writer.write(_error("TooLong", f"a request has at most {MAX_LINE_BYTES} bytes"))
                return await writer.drain()
            if not line.endswith(b"\n"):
                return None
            writer.write(await _answer(line, handlers))
            await writer.drain()


async def _answer(line: bytes, handlers: Mapping[str, Handler]) -> bytes:
    try:
        message = orjson.loads(line)
    except ValueError:
        message = None
    match message:
        case {"command": str(command), "args": dict(args)}:
            pass
        case _:
            return _error("InvalidRequest", 'a request is {"command": text, "args": object}')
    if command not in handlers:
        return _error("UnknownCommand", f"{command!r} is none of: {', '.join(handlers)}")
    try:
        answer = orjson.dumps({"result": await handlers[command](args)}) + b"\n"
    except ControlError as exc:
        return _error(exc.error, exc.message)
    except Exception:
        logger.exception("command failed", command=command)
        return _error("InternalError", f"{command} failed; the log of the service says why")
    if len(answer) > MAX_LINE_BYTES:
        return _error("TooLong", f"{command} has more to say than {MAX_LINE_BYTES} bytes")
    return answer


def _error(error: str, message: str) -> bytes:
    return orjson.dumps({"error": error, "message": message}) + b"\n"


def _socket_path(path: Path) -> Path:
    return path.with_name(path.name + ".sock")
