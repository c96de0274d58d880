"""Supervision, with real processes and signals."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from atp.runtime import supervise
from atp.runtime.supervise import ChildDied, Service, ServiceEnded, process

CHILD = """
import asyncio, os, signal, sys, time
from atp.runtime.supervise import run_until_signal

name, journal, manner = sys.argv[1:]

def note(what):
    with open(journal, "a") as file:
        file.write(f"{name} {what} {os.getpid()}\\n")

async def main(stop):
    print("chatter of", name, flush=True)
    note("began")
    if manner == "dies":
        sys.exit(7)
    if manner == "hangs":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        while True:
            time.sleep(1)
    await stop.wait()
    await asyncio.sleep(0.05)
    note("ended")

run_until_signal(main)
"""

SUPERVISOR = """
import sys
from atp.runtime import log, supervise

child, journal, *manners = sys.argv[1:]
log.configure(json=True)
supervise.SUPERVISED_STOP_SECONDS = 2.0
services = {
    f"child{n}": supervise.process([sys.executable, "-c", child, f"child{n}", journal, manner])
    for n, manner in enumerate(manners)
}
try:
    supervise.run_until_signal(lambda stop: supervise.supervise(services, stop))
except supervise.ServiceEnded as exc:
    print(exc, file=sys.stderr)
    sys.exit(3)
"""


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def entries(journal: Path, what: str) -> dict[str, int]:
    """Name → pid of the entries of one kind, in the order in which they were written."""
    words = [line.split() for line in journal.read_text().splitlines()]
    return {name: int(pid) for name, entry, pid in words if entry == what}


def gone(pid: int) -> bool:
    """No such process, or only its remains that nobody has collected."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    path.touch()
    return path


@contextmanager
def supervisor(journal: Path, *manners: str) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor in a process group of its own; ready when every child has begun."""
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, CHILD, str(journal), *manners],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as parent:
        try:
            until(lambda: len(entries(journal, "began")) == len(manners))
            yield parent
        finally:
            if parent.poll() is None:
                os.killpg(parent.pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_children_in_reverse_order(journal: Path, number: signal.Signals) -> None:
    """The last started ends first, all in order, and the status is 0."""
    with supervisor(journal, "stays", "stays", "stays") as parent:
        parent.send_signal(number)
        out, err = parent.communicate(timeout=10)
    assert parent.returncode == 0, err
    assert list(entries(journal, "ended")) == ["child2", "child1", "child0"]
    assert out == b""
    assert err.count(b"chatter of child") == 3
    assert b'"error"' not in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_ends_in_order(journal: Path, number: signal.Signals) -> None:
    """Children that hear of the end before their supervisor are no accident."""
    with supervisor(journal, "stays", "stays") as parent:
        os.killpg(parent.pid, number)
        _, err = parent.communicate(timeout=10)
    assert parent.returncode == 0, err
    assert set(entries(journal, "ended")) == {"child0", "child1"}


def test_a_child_that_hears_first_is_no_accident(journal: Path) -> None:
    """A child may have ended, and be known to, before the signal reaches its supervisor."""
    with supervisor(journal, "stays", "stays") as parent:
        pid = entries(journal, "began")["child1"]
        os.kill(pid, signal.SIGTERM)
        until(lambda: not Path(f"/proc/{pid}").exists())
        time.sleep(0.1)
        parent.send_signal(signal.SIGTERM)
        _, err = parent.communicate(timeout=10)
    assert parent.returncode == 0, err
    assert list(entries(journal, "ended")) == ["child1", "child0"]


def test_a_child_that_dies_ends_everything(journal: Path) -> None:
    """One child's death is said loudly, ends the others in order, and fails the command."""
    with supervisor(journal, "stays", "dies", "stays") as parent:
        _, err = parent.communicate(timeout=10)
    assert parent.returncode == 3
    assert b"child1 ended unexpectedly: ChildDied: exit status 7" in err
    assert list(entries(journal, "ended")) == ["child2", "child0"]


def test_a_child_that_is_killed_is_named_with_the_signal(journal: Path) -> None:
    """Death by a signal says which."""
    with supervisor(journal, "stays", "stays") as parent:
        os.kill(entries(journal, "began")["child0"], signal.SIGKILL)
        _, err = parent.communicate(timeout=10)
    assert parent.returncode == 3
    assert b"child0 ended unexpectedly: ChildDied: killed by SIGKILL" in err


def test_a_child_that_hangs_is_killed_in_time(journal: Path) -> None:
    """Who does not end is killed after its share of the time; the others still end in order."""
    with supervisor(journal, "stays", "hangs") as parent:
        begun = time.monotonic()
        parent.send_signal(signal.SIGTERM)
        _, err = parent.communicate(timeout=10)
    assert parent.returncode == 0
    assert 0.9 < time.monotonic() - begun < 4
    assert b"did not end in time" in err
    assert list(entries(journal, "ended")) == ["child0"]
    assert gone(entries(journal, "began")["child1"])


@pytest.mark.parametrize("manner", ["stays", "hangs"])
def test_children_do_not_outlive_a_killed_supervisor(journal: Path, manner: str) -> None:
    """SIGKILL of the supervisor alone kills its children at once, even one that is stuck."""
    with supervisor(journal, manner, manner) as parent:
        parent.kill()
        parent.wait()
        until(lambda: all(gone(pid) for pid in entries(journal, "began").values()), seconds=2)
    assert entries(journal, "ended") == {}


MAIN = """
import asyncio, sys
from atp.runtime import log, supervise

log.configure()
supervise.STOP_SECONDS = 0.3

async def main(stop):
    print(type(asyncio.get_running_loop()).__module__, flush=True)
    await stop.wait()
    if sys.argv[1] == "hangs":
        await asyncio.Event().wait()
    if sys.argv[1] == "fails":
        raise LookupError("while closing")
    return "done"

print(supervise.run_until_signal(main))
"""


@pytest.mark.parametrize(
    ("manner", "status", "said"), [("ends", 0, b"done\n"), ("hangs", 3, b""), ("fails", 1, b"")]
)
def test_one_service_runs_until_a_signal(manner: str, status: int, said: bytes) -> None:
    """Its result or error is returned; one that does not end is ended, with status 3."""
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, manner], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"uvloop\n"
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=10)
    assert (child.returncode, out) == (status, said)


def service(name: str, heard: list[str], ends: Exception | float | None = None) -> Service:
    """A service that notes its end; after some seconds or with an error, if so told."""

    async def run(stop: asyncio.Event) -> None:
        if isinstance(ends, Exception):
            raise ends
        try:
            await asyncio.wait_for(stop.wait(), ends)
        except TimeoutError:
            return
        heard.append(name)

    return run


async def test_services_in_process_end_in_reverse_order() -> None:
    """Tasks follow the same rules as processes."""
    heard: list[str] = []
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, stop.set)
    await supervise.supervise({name: service(name, heard) for name in "abc"}, stop)
    assert heard == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("ends", "how"), [(LookupError("gone"), "LookupError: gone"), (0.01, "it returned")]
)
async def test_a_service_that_ends_unasked_ends_the_others(
    monkeypatch: pytest.MonkeyPatch, ends: Exception | float, how: str
) -> None:
    """ServiceEnded names it, and its error is the cause."""
    monkeypatch.setattr(supervise, "GROUP_SIGNAL_SECONDS", 0.05)
    heard: list[str] = []
    services = {"a": service("a", heard), "b": service("b", heard, ends), "c": service("c", heard)}
    with pytest.raises(ServiceEnded, match=f"b ended unexpectedly: {how}") as caught:
        await supervise.supervise(services, asyncio.Event())
    assert caught.value.name == "b"
    assert caught.value.__cause__ is (ends if isinstance(ends, Exception) else None)
    assert heard == ["c", "a"]


async def test_a_service_that_ignores_its_end_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each service gets its share of the time that is left, then it is cancelled."""
    monkeypatch.setattr(supervise, "SUPERVISED_STOP_SECONDS", 0.2)
    heard: list[str] = []

    async def deaf(_: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            heard.append("cancelled")

    stop = asyncio.Event()
    stop.set()
    await supervise.supervise({"a": service("a", heard), "b": deaf}, stop)
    assert heard == ["cancelled", "a"]


async def test_a_program_that_does_not_exist_is_an_error() -> None:
    """What cannot be started ends the start."""
    with pytest.raises(FileNotFoundError):
        await process(["/nowhere/at/all"])(asyncio.Event())


async def test_a_process_gets_its_environment() -> None:
    """Names that are given are added to our own."""
    code = "import os; assert os.environ['EXTRA'] == 'x'; assert os.environ['PATH']"
    with pytest.raises(ChildDied, match="exit status 0"):
        await process([sys.executable, "-c", code], {"EXTRA": "x"})(asyncio.Event())
