"""`plyr doctor` of a running service, and of one that is not set up as it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labeler import keys
from tests.e2e.plyr import Running, answered, running
from tests.e2e.test_label import ALICE
from tests.ports import free_port


async def examined(demo: Running, folder: Path, **more: str) -> tuple[int, dict[str, Any]]:
    """Exit status, and the findings by what was looked at."""
    settings = {
        "data-dir": str(folder),
        "public-url": demo.said["appview"],
        "labeler-key-file": str(folder / "labeler.key"),
        "plc-url": demo.said["plc"],
        **more,
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    status, told = await answered("doctor", *flags, "--allow-private-hosts")
    return status, {one["check"]: one for one in told["checks"]}


async def test_a_demo_is_well(tmp_path: Path) -> None:
    """Before the first label and after; what is amiss is found, and comes with what to do."""
    folder = tmp_path / "demo"
    with running("demo", "--listen=127.0.0.1:0", f"--data-dir={folder}") as demo:
        status, found = await examined(demo, folder)
        assert status == 0, found
        assert "no label yet" in found["subscribeLabels"]["said"]
        for val in ("spam", "rude"):
            await answered("label", "apply", ALICE, val, f"--data-dir={folder}")
        status, found = await examined(demo, folder)
        assert status == 0, found
        grades = {name: one["grade"] for name, one in found.items()}
        warned = {name for name, grade in grades.items() if grade == "warn"}
        assert {"public URL"} <= warned <= {"public URL", "disk"}
        assert "no PDS" in found["declaration"]["said"]
        assert "2 of 2 labels verify" in found["queryLabels"]["said"]
        assert "1 of 1 labels verify" in found["subscribeLabels"]["said"]

        other = tmp_path / "other"
        keys.write_new(other, b"\x09" * 32)
        status, found = await examined(demo, folder, **{"labeler-key-file": str(other)})
        failed = {name for name, one in found.items() if one["grade"] == "fail"}
        assert (status, failed) == (1, {"labeler", "labeler key"})
        other.chmod(0o640)
        status, found = await examined(demo, folder, **{"labeler-key-file": str(other)})
        assert (status, "chmod 600" in found["key file"]["said"]) == (1, True)
        where = f"http://localhost:{free_port()}"
        status, found = await examined(demo, folder, **{"public-url": where})
        failed = {name for name, one in found.items() if one["grade"] == "fail"}
        assert status == 1
        assert failed >= {"health", "service DID", "labeler DID", "queryLabels", "subscribeLabels"}
        assert all(found[name]["todo"] for name in failed)
        status, found = await examined(demo, tmp_path / "none", **{"labeler-key-file": ""})
        assert (status, found["disk"]["grade"]) == (1, "fail")
