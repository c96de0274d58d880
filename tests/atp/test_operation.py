"""Operations and their inverse, against vectors and against every order of undoing them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import car
from atp.cid import Cid
from atp.errors import MissingBlock, MstError
from atp.frames import Action, RepoOp
from atp.mst import depth
from atp.mst_tree import Tree, covering_proof, new_blocks
from atp.operation import invert, is_borne_out, problem
from tests.atp.signed_repo import op

OLD, NEW = Cid.for_cbor(b"old"), Cid.for_cbor(b"new")
PATH = "com.example.note/a"
NAMES = [f"com.example.note/{number:04}" for number in range(3000)]
POOL = sorted(
    name
    for at, count in ((0, 4), (1, 3), (2, 2), (3, 1))
    for name in [name for name in NAMES if depth(name.encode()) == at][:count]
)


def tree_of(items: Mapping[str, Cid]) -> Tree:
    """A tree built key by key."""
    tree = Tree.empty()
    for path, cid in items.items():
        tree = tree.put(path.encode(), cid)
    return tree


def changes(old: Mapping[str, Cid], new: Mapping[str, Cid]) -> list[RepoOp]:
    """The operations that lead from one content to another."""
    ops = []
    for path in sorted(old.keys() | new.keys()):
        prev, cid = old.get(path), new.get(path)
        if prev != cid:
            action: Action = "create" if prev is None else "delete" if cid is None else "update"
            ops.append(op(action, path, cid, prev))
    return ops


def subset(blocks: Mapping[Cid, bytes], cids: Iterable[str]) -> dict[Cid, bytes]:
    """Those of the blocks that are named."""
    return {cid: blocks[cid] for cid in map(Cid.parse, cids) if cid in blocks}


def suite_ops(case: dict[str, Any]) -> list[RepoOp]:
    """The operations of a case of the exhaustive suite."""
    old = {item["rpath"]: item["old_value"] for item in case["results"]["record_ops"]}
    new = {item["rpath"]: item["new_value"] for item in case["results"]["record_ops"]}
    return changes(
        {path: Cid.parse(text) for path, text in old.items() if text},
        {path: Cid.parse(text) for path, text in new.items() if text},
    )


@pytest.mark.parametrize(
    ("operation", "required", "expected"),
    [
        (op("create", PATH, NEW, None), True, None),
        (op("update", PATH, NEW, OLD), True, None),
        (op("delete", PATH, None, OLD), True, None),
        (op("update", PATH, NEW, None), False, None),
        (op("delete", PATH, None, None), False, None),
        (op("create", PATH, None, None), False, "create of com.example.note/a without a cid"),
        (op("update", PATH, None, OLD), False, "update of com.example.note/a without a cid"),
        (op("delete", PATH, NEW, OLD), False, "delete of com.example.note/a with a cid"),
        (op("create", PATH, NEW, OLD), False, "create of com.example.note/a with a prev"),
        (op("update", PATH, NEW, None), True, "update of com.example.note/a without a prev"),
        (op("delete", PATH, None, None), True, "delete of com.example.note/a without a prev"),
    ],
)
def test_problem(operation: RepoOp, required: bool, expected: str | None) -> None:
    """Each action demands its fields; ``prev`` only where it can be checked."""
    assert problem(operation, prev_required=required) == expected


def test_is_borne_out() -> None:
    """The tree has to have what was written and not what was deleted."""
    tree = tree_of({PATH: NEW})
    assert is_borne_out(op("create", PATH, NEW, None), tree)
    assert is_borne_out(op("update", PATH, NEW, OLD), tree)
    assert not is_borne_out(op("create", PATH, OLD, None), tree)
    assert not is_borne_out(op("delete", PATH, None, NEW), tree)
    assert is_borne_out(op("delete", PATH + "b", None, NEW), tree)
    assert not is_borne_out(op("create", PATH + "b", NEW, None), tree)
    with pytest.raises(MissingBlock):
        is_borne_out(op("create", PATH, NEW, None), Tree.load(tree.root, {}))


CONTENTS = st.dictionaries(st.sampled_from(POOL), st.sampled_from([OLD, NEW]))


@given(CONTENTS, CONTENTS)
def test_invert(old: dict[str, Cid], new: dict[str, Cid]) -> None:
    """With new nodes and covering proofs at hand, undoing all operations gives the old root."""
    before, after = tree_of(old), tree_of(new)
    ops = changes(old, new)
    paths = [operation.path.encode() for operation in ops]
    blocks = dict(new_blocks(before, after)) | covering_proof(after, paths)
    assert invert(Tree.load(after.root, blocks), ops).root == before.root
    assert invert(Tree.load(after.root, {}), []).root == after.root


@given(CONTENTS, CONTENTS, st.data())
def test_nothing_can_be_left_out(
    old: dict[str, Cid], new: dict[str, Cid], data: st.DataObject
) -> None:
    """Without one of the operations the old root does not come out."""
    ops = changes(old, new)
    if ops:
        ops.remove(data.draw(st.sampled_from(ops)))
        assert invert(tree_of(new), ops).root != tree_of(old).root


def undone_in_order(tree: Tree, ops: Sequence[RepoOp]) -> Cid | None:
    """The root after undoing operations one by one, None where one gets stuck."""
    try:
        for operation in ops:
            tree = invert(tree, [operation])
    except MissingBlock:
        return None
    return tree.root


@given(st.sets(st.sampled_from(POOL)), st.sets(st.sampled_from(POOL), max_size=3), st.data())
def test_any_proof_that_can_do(paths: set[str], changed: set[str], data: st.DataObject) -> None:
    """From any part of the tree that lets some order of undoing succeed, inversion succeeds."""
    old = dict.fromkeys(paths, OLD)
    new = dict.fromkeys(paths ^ changed, OLD)
    after, ops = tree_of(new), changes(old, new)
    blocks = dict(after.blocks())
    hidden = data.draw(st.sets(st.sampled_from(sorted(blocks)), max_size=3))
    partial = Tree.load(after.root, {cid: blocks[cid] for cid in blocks if cid not in hidden})
    expected = tree_of(old).root
    if expected in {undone_in_order(partial, order) for order in permutations(ops)}:
        assert invert(partial, ops).root == expected


def test_suite(vectors: Path) -> None:
    """Each case of the exhaustive suite is undone from the fewest nodes that can do."""
    suite = vectors / "mst-test-suite"
    count = 0
    for cases in suite.glob("*.jsonl.gz"):
        for line in gzip.decompress(cases.read_bytes()).splitlines():
            case = json.loads(line)
            old, new = (
                car.read((suite / case["inputs"][name]).read_bytes()) for name in ("mst_a", "mst_b")
            )
            blocks = subset(new.blocks, case["results"]["inductive_proof_nodes"])
            tree = Tree.load(new.roots[0], blocks)
            assert invert(tree, suite_ops(case)).root == old.roots[0]
            count += 1
    assert count > 0


def test_proof_vectors(vectors: Path) -> None:
    """The proofs of the interop vectors are enough to undo their commits."""
    paths = sorted(vectors.rglob("commit-proof-fixtures.json"))
    assert paths
    for path in paths:
        for case in json.loads(path.read_text()):
            value = Cid.parse(case["leafValue"])
            old = dict.fromkeys(case["keys"], value)
            new = dict.fromkeys((old.keys() | set(case["adds"])) - set(case["dels"]), value)
            after = tree_of(new)
            assert str(after.root) == case["rootAfterCommit"]
            tree = Tree.load(after.root, subset(dict(after.blocks()), case["blocksInProof"]))
            assert str(invert(tree, changes(old, new)).root) == case["rootBeforeCommit"]


def test_stuck() -> None:
    """What cannot be undone says so: no node to go on from, or no previous version to go to."""
    tree = tree_of({PATH: NEW})
    with pytest.raises(MissingBlock):
        invert(Tree.load(tree.root, {}), [op("create", PATH, NEW, None)])
    for stuck in (op("update", PATH, NEW, None), op("delete", PATH, None, None)):
        with pytest.raises(MstError, match="without its prev"):
            invert(tree, [stuck])
