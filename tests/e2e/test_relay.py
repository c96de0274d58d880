"""The same life through the reference relay, and an index filled from the relay's list of repos."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import aiohttp
import pytest

from ops.devnet.network import Devnet
from ops.devnet.relay.installed import RelayMissing, installed_relay
from ops.devnet.relay.process import Relay
from tests.e2e.life import Life, Person
from tests.e2e.plyr import answered
from tests.e2e.running import PATIENCE
from tests.e2e.test_life import BUSY, agrees, live, shown, sound

pytestmark = [pytest.mark.long, pytest.mark.timeout(2_400)]


@pytest.fixture(scope="module", autouse=True)
def _relay() -> None:
    """Skip where there is none."""
    try:
        installed_relay()
    except RelayMissing as exc:
        pytest.skip(str(exc))


@pytest.mark.parametrize("seed", range(3))
async def test_the_index_equals_the_pdses_through_a_relay(
    devnet: Devnet,
    tmp_path: Path,
    seed: int,
) -> None:
    """Told of everything by one relay alone, and again when only its list of repos is read."""
    folder, filled = tmp_path / "data", tmp_path / "filled"
    random = Random(seed)
    async with aiohttp.ClientSession() as http:
        relay = Relay(devnet)

        async def noticed(person: Person) -> None:
            async with asyncio.timeout(PATIENCE):
                while (
                    await asyncio.to_thread(relay.home, person.did) != devnet.pds_urls[person.pds]
                ):
                    await asyncio.sleep(0.05)

        life = Life(http, devnet, random, busy=BUSY, noticed=noticed)
        await life.begin()
        async with relay:
            flags = (
                f"--relays={relay.stream}",
                f"--plc-url={devnet.plc_url}",
                f"--handle-resolver-url={','.join(devnet.pds_urls)}",
            )
            await live(life, random, folder, flags)
            await agrees(http, life, folder, flags)
            there = (f"--data-dir={filled}", "--allow-private-hosts", *flags)
            _, progress = await answered("backfill", *there)  # some are named, and not to be had
            assert (progress["due"], progress["in_progress"]) == (0, 0)
            assert shown(filled) == await life.records()
            sound(await answered("audit", *there), progress["synchronized"])
