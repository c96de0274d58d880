"""The usual way: the firehose client of the ``atproto`` SDK, used as its documentation shows.

Parse the message into its model, read the CAR of a commit, pick the records of the operations that
are ours. Nothing is verified and nothing is stored.
"""

from __future__ import annotations

from atproto import (
    CAR,
    AtUri,
    FirehoseSubscribeReposClient,
    firehose_models,
    models,
    parse_subscribe_repos_message,
)

from lexicons.names import Names
from ops.bench.consumer import Job
from ops.bench.meter import Consumed, Meter


def consume(job: Job, meter: Meter) -> Consumed:
    """Receive, and count the records of ours that are created or updated."""
    collections = set(Names().collections)
    client = FirehoseSubscribeReposClient(base_uri=f"{job.url}/xrpc")
    messages = ours = 0
    consumed: list[Consumed] = []

    def pick(commit: models.ComAtprotoSyncSubscribeRepos.Commit) -> int:
        found = 0
        car = CAR.from_bytes(commit.blocks)
        for op in commit.ops:
            if op.action not in {"create", "update"} or not op.cid:
                continue
            uri = AtUri.from_str(f"at://{commit.repo}/{op.path}")
            if uri.collection in collections and car.blocks.get(op.cid) is not None:
                found += 1
        return found

    def on_message(message: firehose_models.MessageFrame) -> None:
        nonlocal messages, ours
        commit = parse_subscribe_repos_message(message)
        if isinstance(commit, models.ComAtprotoSyncSubscribeRepos.Commit) and commit.blocks:
            ours += pick(commit)
        messages += 1
        if messages == job.count:
            consumed.append(meter.stop(messages, ours))
            client.stop()

    client.start(on_message)
    return consumed[0]
