"""The operations of a commit against its tree: well formed, borne out, undone (spec §1.6).

An operation says what a record is now and what it was. `problem` asks whether it says both in the
way its action demands, `is_borne_out` whether the tree after the commit agrees with the first, and
`invert` undoes all operations on that tree: what comes out has the root that the repo had before,
provided that the operations are all there were. That is how a partial tree shows that nothing was
left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from atp.errors import MissingBlock, MstError
from atp.frames import RepoOp
from atp.mst_tree import Tree


def problem(op: RepoOp, *, prev_required: bool) -> str | None:
    """What is wrong with the fields of ``op``, None where nothing is.

    Hosts from before sync 1.1 left out ``prev``; it is only required where it can be checked.
    """
    if (op.cid is None) != (op.action == "delete"):
        return f"{op.action} of {op.path} {'without' if op.cid is None else 'with'} a cid"
    if op.action == "create":
        return None if op.prev is None else f"create of {op.path} with a prev"
    if op.prev is None and prev_required:
        return f"{op.action} of {op.path} without a prev"
    return None


def is_borne_out(op: RepoOp, tree: Tree) -> bool:
    """Whether ``tree`` has the record as ``op`` left it.

    Raises `MissingBlock` where the tree does not reach that far, `MstError` where it is broken.
    """
    return tree.get(op.path.encode()) == op.cid


def invert(tree: Tree, ops: Sequence[RepoOp]) -> Tree:
    """The tree from before ``ops``, which ``tree`` bears out and which have distinct paths.

    Each operation needs nodes beside its key, and whether they are at hand can depend on what was
    undone before. Proofs that hold no node too many allow for undoing deletions first, each kind
    from the last path to the first; an operation that gets stuck all the same is tried again after
    the others. Raises `MissingBlock` where nothing helps, `MstError` where the tree is broken.
    """
    waiting = sorted(ops, key=lambda op: (op.action == "delete", op.path), reverse=True)
    while waiting:
        stuck: list[RepoOp] = []
        for op in waiting:
            try:
                tree = _undo(op, tree)
            except MissingBlock as exc:
                stuck.append(op)
                missing = exc
        if len(stuck) == len(waiting):
            raise missing
        waiting = stuck
    return tree


def _undo(op: RepoOp, tree: Tree) -> Tree:
    key = op.path.encode()
    if op.action == "create":
        return tree.delete(key)
    if op.prev is None:
        raise MstError(f"{op.action} of {op.path} cannot be undone without its prev")
    return tree.put(key, op.prev)
