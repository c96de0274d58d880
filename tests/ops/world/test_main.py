"""`python -m ops.world` serves a world until it is interrupted."""

from __future__ import annotations

import json
import signal
import sys
from asyncio import create_subprocess_exec, subprocess, wait_for

from atp import car, cbor
from atp.frames import CommitMsg
from atp.syntax import Nsid
from lexicons.catalog import Catalog
from lexicons.names import Names
from lexicons.validate import problems
from tests.ops.world.subscriber import subscribe


async def test_serves_until_interrupted() -> None:
    """One JSON line of URLs, valid records on the firehose, and an end on SIGINT."""
    catalog = Catalog.load()
    process = await create_subprocess_exec(
        sys.executable, "-m", "ops.world", "--seed", "3", stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        urls = json.loads(await wait_for(process.stdout.readline(), 20))
        assert urls.keys() == {"plc", "relays", "pds"}
        seen: set[Nsid] = set()
        async with subscribe(urls["relays"][0], 0) as subscription:
            while len(seen) < 2:
                message = await subscription.message()
                if not isinstance(message, CommitMsg):
                    continue
                blocks = car.read(message.blocks).blocks
                for op in message.ops:
                    assert op.cid is not None
                    record = cbor.decode_map(blocks[op.cid])
                    assert problems(catalog, op.collection, record, op.rkey) == []
                    seen.add(op.collection)
        assert seen == {Names().track, Names().like}
        process.send_signal(signal.SIGINT)
        assert await wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
