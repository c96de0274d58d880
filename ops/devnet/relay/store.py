"""What a devnet writes and reads in the relay's database.

The relay reads a host from the event after `FIRST_CURSOR` on; it cannot be given a smaller one, and
without any it would begin at the live tail.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw

from atp.syntax import Did

FIRST_CURSOR = 1
ACCOUNT_LIMIT = 1_000
BUSY_TIMEOUT_MS = 5_000


def add_hosts(database: Path, hosts: Sequence[str]) -> None:
    """Have the relay, which is not running, subscribe to hosts (with ports) when it starts."""
    with closing(apsw.Connection(str(database))) as conn:
        conn.executemany(
            "INSERT INTO host (hostname, no_ssl, account_limit, trusted, status, last_seq,"
            " account_count) VALUES (?, 1, ?, 0, 'active', ?, 0)",
            [(host, ACCOUNT_LIMIT, FIRST_CURSOR) for host in hosts],
        )


def home(database: Path, did: Did) -> str | None:
    """The host where the relay takes an account to be; None if it knows neither."""
    with closing(apsw.Connection(str(database), apsw.SQLITE_OPEN_READONLY)) as conn:
        conn.set_busy_timeout(BUSY_TIMEOUT_MS)
        found: str | None = conn.execute(
            "SELECT hostname FROM host JOIN account ON account.host_id = host.id WHERE did = ?",
            (did,),
        ).get
        return found
