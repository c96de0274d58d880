"""Proofs: why anybody may believe that a record stood in its repo at the rev that we name.

A proof is kept as the blocks that make it, for the version of the record that is live; the schema
lets it go with that version, and a block with the last proof that needs it. The record's own block
is its row's ``value``.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from atp.cid import Cid
from atp.sync import VerifiedCommit, VerifiedOp


def keep(
    conn: apsw.Connection, actor_id: int, commit: VerifiedCommit, ops: Iterable[VerifiedOp]
) -> None:
    """Keep what ``commit`` proves of those ``ops`` of it whose records are live as it wrote them.

    A record that came without a usable block cannot be proven and gets nothing.
    """
    for op in ops:
        record = None if op.block is None else _live(conn, actor_id, op)
        if record is None:
            continue
        conn.execute("DELETE FROM proof_blocks WHERE record = ?", (record,))
        path = commit.tree.path(f"{op.collection}/{op.rkey}".encode())
        blocks = [(commit.commit_cid, commit.commit_block), *path]
        conn.executemany(
            "INSERT INTO proof_blocks (record, position, block) VALUES (?, ?, ?)",
            [(record, at, _block(conn, *block)) for at, block in enumerate(blocks)],
        )


def _live(conn: apsw.Connection, actor_id: int, op: VerifiedOp) -> int | None:
    """The record that ``op`` wrote, unless another version stands in its place."""
    key: int | None = conn.execute(
        "SELECT r.id FROM collections c JOIN records r ON r.collection = c.id"
        " WHERE c.nsid = ? AND r.actor = ? AND r.rkey = ? AND r.cid = ?",
        (op.collection, actor_id, op.rkey, op.cid),
    ).get
    return key


def _block(conn: apsw.Connection, cid: Cid, block: bytes) -> int:
    """The key of a block, stored if it was not."""
    key: int = conn.execute(
        "INSERT INTO blocks (cid, block) VALUES (?, ?)"
        " ON CONFLICT (cid) DO UPDATE SET cid = excluded.cid RETURNING id",
        (cid, block),
    ).get
    return key
