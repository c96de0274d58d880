"""What runs together ends together: services, child processes, signals.

A service is a coroutine function that takes an event: it runs until the event is set, then ends in
order. A child process is wrapped as a service, so that `supervise` knows one kind of thing. The
rules are crash-only: a service that ends unasked takes all others with it, and whoever started the
command (systemd, a person) decides about another start.

On SIGINT or SIGTERM all end within `STOP_SECONDS`. The signal may have gone to the whole process
group, so a child may end a moment before its supervisor hears of the signal itself.

A child does not outlive its supervisor, however that dies: it inherits the read end of a pipe and
kills itself when the pipe ends. It dies at once and not in order, since a new start of the command
is to find the stores unlocked and every store survives a kill.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from atp.runtime import log

STOP_SECONDS = 10.0
"""From the signal to the end of the process, whatever hangs."""
SUPERVISED_STOP_SECONDS = 8.0
"""What `supervise` grants its services of that; the rest is for closing the process itself."""
KILL_SECONDS = 0.5
"""What a service that has been cancelled gets to tidy up."""
GROUP_SIGNAL_SECONDS = 1.0
"""How long after the end of a child our own signal may arrive."""
PIPE_VARIABLE = "SUPERVISOR_PIPE"
"""Environment variable with the number of the descriptor that a child watches."""

T = TypeVar("T")
Service = Callable[[asyncio.Event], Coroutine[Any, Any, None]]

logger = log.get("supervise")


class ServiceEnded(Exception):
    """A service ended though nobody had asked it to."""

    def __init__(self, name: str, how: str) -> None:
        self.name = name
        super().__init__(f"{name} ended unexpectedly: {how}")


class ChildDied(Exception):
    """A child process ended unasked, or badly; `status` is negative for the number of a signal."""

    def __init__(self, status: int) -> None:
        self.status = status
        how = (
            f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
        )
        super().__init__(how)


def run_until_signal(main: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Run `main` in a new event loop and return its result; SIGINT and SIGTERM set its event.

    `main` then has `STOP_SECONDS` to return, else the process exits with status 3. Uses uvloop
    where it is installed. Under a supervisor, the process dies with it.
    """
    _follow_supervisor()
    guard = threading.Timer(STOP_SECONDS, _give_up)
    guard.daemon = True

    async def with_signals() -> T:
        stop = asyncio.Event()

        def on_signal(number: signal.Signals) -> None:
            if not stop.is_set():
                logger.info("stopping", signal=number.name)
                stop.set()
                guard.start()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
        return await main(stop)

    try:
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
            return runner.run(with_signals())
    finally:
        guard.cancel()


async def supervise(services: Mapping[str, Service], stop: asyncio.Event) -> None:
    """Start `services` in their order; when `stop` is set end them in reverse.

    Raises `ServiceEnded` when one ends by itself, after the others have been ended too.
    """
    running = [_Running(name, service) for name, service in services.items()]
    asked = asyncio.create_task(stop.wait())
    try:
        tasks = {part.task for part in running}
        await asyncio.wait({asked, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({asked}, timeout=GROUP_SIGNAL_SECONDS)
        if not stop.is_set():
            ended = next(part for part in running if part.task.done())
            raise ServiceEnded(ended.name, ended.outcome()) from ended.exception()
    finally:
        asked.cancel()
        await _end_all(running)


def process(argv: Sequence[str], env: Mapping[str, str] | None = None) -> Service:
    """The service that is the child process `argv`, with `env` added to our environment.

    Its standard output goes to our standard error, as ours belongs to the command. Asked to end it
    gets SIGTERM; when the service is cancelled, SIGKILL. Raises `ChildDied` unless the child ends
    when asked and with status 0.
    """

    async def run(stop: asyncio.Event) -> None:
        watched, held = os.pipe()
        try:
            try:
                child = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=sys.stderr.fileno(),
                    env={**os.environ, **(env or {}), PIPE_VARIABLE: str(watched)},
                    pass_fds=(watched,),
                )
            finally:
                os.close(watched)
            status = await _until_ended(child, stop)
        finally:
            os.close(held)
        if status != 0 or not stop.is_set():
            raise ChildDied(status)

    return run


async def _until_ended(child: asyncio.subprocess.Process, stop: asyncio.Event) -> int:
    asked = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(child.wait())
    try:
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            with suppress(ProcessLookupError):
                child.terminate()
        return await ended
    finally:
        asked.cancel()
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


class _Running:
    """A service that has been started, with an event of its own so that order can be kept."""

    def __init__(self, name: str, service: Service) -> None:
        self.name = name
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(service(self.stop), name=name)

    def exception(self) -> BaseException | None:
        return None if self.task.cancelled() else self.task.exception()

    def outcome(self) -> str:
        exc = self.exception()
        return f"{type(exc).__name__}: {exc}" if exc else "it returned"

    async def end(self, patience: float) -> None:
        self.stop.set()
        await asyncio.wait({self.task}, timeout=patience)
        if not self.task.done():
            logger.error("did not end in time", service=self.name, seconds=round(patience, 1))
            self.task.cancel()
            await asyncio.wait({self.task}, timeout=KILL_SECONDS)
        if self.task.done() and self.exception() and not self._heard_first():
            logger.error("ended badly", service=self.name, how=self.outcome())

    def _heard_first(self) -> bool:
        """Whether it is a child that a signal to the whole group reached before we asked it."""
        exc = self.exception()
        return isinstance(exc, ChildDied) and exc.status == 0


async def _end_all(running: Sequence[_Running]) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + SUPERVISED_STOP_SECONDS
    for position, part in reversed(list(enumerate(running, start=1))):
        await part.end(max(0.0, deadline - clock()) / position)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - some platforms have none
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _give_up() -> None:
    logger.error("did not end in time", seconds=STOP_SECONDS)
    os._exit(3)


def _follow_supervisor() -> None:
    pipe = os.environ.pop(PIPE_VARIABLE, None)
    if pipe is not None:
        threading.Thread(target=_die_with, args=(int(pipe),), daemon=True).start()


def _die_with(pipe: int) -> None:
    os.set_inheritable(pipe, False)
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGKILL)
