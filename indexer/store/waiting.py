"""What happens to a repo while it is being fetched: the links of its chain, kept durably.

The operations of a live commit are proven and applied at once, so what is left to decide when the
fetched repo arrives is only whether it leads up to them. See docs/decisions/0006.
"""

from __future__ import annotations

import apsw

from atp.cid import Cid
from atp.sync import RepoState
from atp.tid import Tid

MAX_WAITING = 1_000
"""Links kept for one repo; whoever writes more during one fetch is fetched again."""

_Link = tuple[Tid | None, Tid | None, Cid | None, Cid | None]
"""Rev, since, the tree before, the tree after."""
_UNKNOWN: _Link = (None, None, None, None)


def commit(
    conn: apsw.Connection, actor_id: int, since: Tid | None, before: Cid | None, after: RepoState
) -> None:
    """Note a commit that was applied; ``before`` is None where nothing proves the tree before."""
    _add(conn, actor_id, (after.rev, since, before, after.data))


def announcement(conn: apsw.Connection, actor_id: int, state: RepoState) -> None:
    """Note a state that the account has announced and that was not applied."""
    _add(conn, actor_id, (state.rev, None, None, state.data))


def unknown(conn: apsw.Connection, actor_id: int) -> None:
    """Note that something came that could not be used, of no known revision."""
    _add(conn, actor_id, _UNKNOWN)


def clear(conn: apsw.Connection, actor_id: int) -> None:
    """Forget all of it."""
    conn.execute("DELETE FROM waiting WHERE actor = ?", (actor_id,))


def follow(conn: apsw.Connection, actor_id: int, start: RepoState) -> RepoState | None:
    """Where the links lead that are newer than ``start``; None when they do not follow on it."""
    at = start
    for rev, since, before, data in conn.execute(
        "SELECT rev, since, before, data FROM waiting WHERE actor = ? ORDER BY id", (actor_id,)
    ):
        if rev is None:
            return None
        if rev <= at.rev:
            continue
        # A state that was announced changes nothing where the tree is the one at hand.
        if (since, before) != (at.rev, at.data) and (before is not None or data != at.data):
            return None
        at = RepoState(Tid(rev), Cid.from_bytes(data))
    return at


def _add(conn: apsw.Connection, actor_id: int, link: _Link) -> None:
    count = int(conn.execute("SELECT count(*) FROM waiting WHERE actor = ?", (actor_id,)).get)
    if count <= MAX_WAITING:
        conn.execute(
            "INSERT INTO waiting (actor, rev, since, before, data) VALUES (?, ?, ?, ?, ?)",
            (actor_id, *(_UNKNOWN if count == MAX_WAITING else link)),
        )
