"""The tree of a repo, against vectors, public repos and a twin that builds trees by definition."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import car, cbor
from atp.cid import Cid
from atp.errors import MissingBlock, MstError
from atp.mst import EMPTY, Node, depth
from atp.mst_tree import Tree, covering_proof, new_blocks, verify_whole
from tests.atp.test_car import public_cars

VALUE = Cid.for_cbor(b"\xa0")
BY_DEPTH: dict[int, list[bytes]] = {}
for number in range(3000):
    name = b"com.example.note/%04d" % number
    BY_DEPTH.setdefault(depth(name), []).append(name)
KEYS = sorted(key for at, keys in BY_DEPTH.items() for key in keys[: 8 if at else 16])
CONTENTS = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), st.binary(max_size=1).map(Cid.for_cbor)),
    st.integers(0, 2 ** len(KEYS) - 1).map(
        lambda mask: {key: VALUE for bit, key in enumerate(KEYS) if mask >> bit & 1}
    ),
)
"""Repos of few records and repos of about every other one of `KEYS`."""


def tree_of(items: Mapping[bytes, Cid] | Iterable[bytes]) -> Tree:
    """A tree built key by key."""
    tree = Tree.empty()
    pairs = items.items() if isinstance(items, Mapping) else ((key, VALUE) for key in items)
    for key, value in pairs:
        tree = tree.put(key, value)
    return tree


def by_definition(items: Mapping[bytes, Cid], at: int | None = None) -> Node | None:
    """The subtree of ``items`` at depth ``at``, or the whole tree where no depth is given.

    Keys of the greatest depth, and between them the subtrees of what lies there, one level down.
    """
    top = max(map(depth, items), default=-1)
    level = top if at is None else at
    if not items:
        return EMPTY if at is None else None
    keys = sorted(key for key in items if depth(key) == level)
    bounds = [b"", *keys, b"\xff" * 99]
    gaps = [
        {key: items[key] for key in items if low < key < high} for low, high in pairwise(bounds)
    ]
    links = tuple(by_definition(gap, level - 1) for gap in gaps)
    return Node(tuple(keys), tuple(items[key] for key in keys), links)


def blocks_of(*nodes: Node) -> dict[Cid, bytes]:
    """Blocks by CID."""
    return {node.cid: node.to_bytes() for node in nodes}


@given(CONTENTS)
def test_by_definition(items: dict[bytes, Cid]) -> None:
    """The root is that of the tree that the definition gives, and look-ups answer from it."""
    tree = tree_of(items)
    whole = by_definition(items)
    assert whole is not None
    assert tree.root == whole.cid
    assert list(tree.items()) == sorted(items.items())
    assert [tree.get(key) for key in KEYS] == [items.get(key) for key in KEYS]


@given(CONTENTS, CONTENTS)
def test_history_does_not_matter(first: dict[bytes, Cid], second: dict[bytes, Cid]) -> None:
    """Trees with the same content are the same, whatever was put and deleted; old ones stay."""
    old = tree_of(first)
    tree = old
    for key in first.keys() - second.keys():
        tree = tree.delete(key)
    for key, value in second.items():
        tree = tree.put(key, value)
    assert tree.root == tree_of(second).root
    assert dict(tree.blocks()) == dict(tree_of(second).blocks())
    assert list(old.items()) == sorted(first.items())


@given(CONTENTS, CONTENTS)
def test_new_blocks(first: dict[bytes, Cid], second: dict[bytes, Cid]) -> None:
    """New blocks are those that only the new tree has, also between trees that are loaded."""
    old, new = tree_of(first), tree_of(second)
    old_blocks, blocks = dict(old.blocks()), dict(new.blocks())
    expected = {cid: block for cid, block in blocks.items() if cid not in old_blocks}
    assert dict(new_blocks(old, new)) == expected
    loaded = new_blocks(Tree.load(old.root, old_blocks), Tree.load(new.root, blocks))
    assert dict(loaded) == expected


@given(CONTENTS)
def test_load(items: dict[bytes, Cid]) -> None:
    """A tree that is loaded answers and changes as the one that was built, and passes whole."""
    built = tree_of(items)
    blocks = dict(built.blocks())
    assert list(verify_whole(built.root, blocks)) == sorted(items.items())
    for key in KEYS[::7]:
        loaded = Tree.load(built.root, blocks)
        assert loaded.get(key) == items.get(key)
        assert loaded.put(key, VALUE).root == built.put(key, VALUE).root
        if key in items:
            assert loaded.delete(key).root == built.delete(key).root
    assert set(loaded.blocks()) <= set(built.blocks())
    assert list(loaded.items()) == sorted(items.items())
    assert set(loaded.blocks()) == set(built.blocks())


def test_every_edit() -> None:
    """From a loaded tree of many levels each key can be taken out, and put back again."""
    full = tree_of(KEYS)
    blocks = dict(full.blocks())
    for key in KEYS:
        rest = Tree.load(full.root, blocks).delete(key)
        assert rest.root == tree_of([other for other in KEYS if other != key]).root
        assert Tree.load(rest.root, dict(rest.blocks()) | blocks).put(key, VALUE).root == full.root


@given(CONTENTS.filter(bool), st.data())
def test_missing_block(items: dict[bytes, Cid], data: st.DataObject) -> None:
    """Whoever walks all of a tree of which any block is missing is told so."""
    tree = tree_of(items)
    blocks = dict(tree.blocks())
    del blocks[data.draw(st.sampled_from(sorted(blocks)))]
    with pytest.raises(MissingBlock):
        list(verify_whole(tree.root, blocks))
    with pytest.raises(MissingBlock):
        list(Tree.load(tree.root, blocks).items())


@given(CONTENTS, st.sampled_from(KEYS))
def test_path(items: dict[bytes, Cid], key: bytes) -> None:
    """The path alone proves the value of a key or its absence, and starts at the root."""
    tree = tree_of(items)
    path = tree.path(key)
    assert path[0][0] == tree.root
    assert Tree.load(tree.root, dict(path)).get(key) == items.get(key)
    assert all(cid.matches(block) for cid, block in path)


@given(CONTENTS, st.sampled_from(KEYS), st.booleans())
def test_covering_proof(items: dict[bytes, Cid], key: bytes, present: bool) -> None:
    """From the proof of an operation alone the operation can be undone."""
    with_key, without_key = tree_of(items).put(key, VALUE), tree_of(items.keys() - {key})
    without_key = tree_of({name: items[name] for name in items if name != key})
    after, before = (with_key, without_key) if present else (without_key, with_key)
    partial = Tree.load(after.root, covering_proof(after, [key]))
    undone = partial.delete(key) if present else partial.put(key, VALUE)
    assert undone.root == before.root


def test_delete_absent() -> None:
    """What is not there cannot be deleted, on whatever level it would stand."""
    keys = [min(keys) for keys in BY_DEPTH.values()]
    for key in keys:
        with pytest.raises(MstError, match="no key"):
            tree_of(set(keys) - {key}).delete(key)
    with pytest.raises(MstError, match="no key"):
        Tree.empty().delete(keys[0])
    with pytest.raises(MstError, match="0 bytes"):
        Tree.empty().put(b"", VALUE)


def test_exhaustive_vectors(vectors: Path) -> None:
    """Every tree of the exhaustive suite is rebuilt and taken down key by key."""
    paths = sorted(vectors.glob("mst-test-suite/cars/**/*.car"))
    assert paths
    shuffle = random.Random(7).shuffle
    for path in paths:
        file = car.read(path.read_bytes())
        items = list(verify_whole(file.roots[0], file.blocks))
        shuffle(items)
        tree = tree_of(dict(items))
        assert tree.root == file.roots[0]
        assert dict(tree.blocks()) == file.blocks
        shuffle(items)
        for key, _ in items:
            tree = tree.delete(key)
        assert tree.root == EMPTY.cid


def test_diff_vectors(vectors: Path) -> None:
    """Between any two trees of the suite the nodes that come and go are those it names."""
    suite = vectors / "mst-test-suite"
    trees = {}
    for path in suite.glob("cars/**/*.car"):
        file = car.read(path.read_bytes())
        trees[path.relative_to(suite)] = Tree.load(file.roots[0], file.blocks)
    count = 0
    for cases in suite.glob("*.jsonl.gz"):
        for line in gzip.decompress(cases.read_bytes()).splitlines():
            case = json.loads(line)
            old, new = (trees[Path(case["inputs"][name])] for name in ("mst_a", "mst_b"))
            created, deleted = new_blocks(old, new), new_blocks(new, old)
            assert {str(cid) for cid, _ in created} == set(case["results"]["created_nodes"])
            assert {str(cid) for cid, _ in deleted} == set(case["results"]["deleted_nodes"])
            count += 1
    assert count > 0


def test_proof_vectors(vectors: Path) -> None:
    """Roots and covering proofs are those of the interop vectors."""
    paths = sorted(vectors.rglob("commit-proof-fixtures.json"))
    assert paths
    for path in paths:
        cases = json.loads(path.read_text())
        assert cases
        for case in cases:
            value = Cid.parse(case["leafValue"])
            tree = tree_of(dict.fromkeys((key.encode() for key in case["keys"]), value))
            assert str(tree.root) == case["rootBeforeCommit"]
            for key in case["adds"]:
                tree = tree.put(key.encode(), value)
            for key in case["dels"]:
                tree = tree.delete(key.encode())
            assert str(tree.root) == case["rootAfterCommit"]
            proof = covering_proof(tree, [key.encode() for key in case["adds"] + case["dels"]])
            assert {str(cid) for cid in proof} == set(case["blocksInProof"])


def test_public_repos(shared: Path) -> None:
    """Every public repo whose tree is whole is rebuilt from its keys in any order."""
    whole = 0
    for path in public_cars(shared):
        file = car.read(path.read_bytes())
        commit = cbor.decode_map(file.blocks[file.roots[0]])
        if not isinstance(commit.get("data"), Cid):
            continue
        root = Cid.from_bytes(commit["data"])  # type: ignore[arg-type]
        try:
            items = list(verify_whole(root, file.blocks))
        except MissingBlock:
            continue
        random.Random(7).shuffle(items)
        assert tree_of(dict(items)).root == root
        whole += 1
    assert whole > 0


def test_expected_records(vectors: Path) -> None:
    """The records of a real repo are those that another implementation lists."""
    tables = list(vectors.rglob("car_expected_records.tsv"))
    assert tables
    for table in tables:
        file = car.read(table.with_name("repo.car").read_bytes())
        commit = cbor.decode_map(file.blocks[file.roots[0]])
        items = verify_whole(Cid.from_bytes(commit["data"]), file.blocks)  # type: ignore[arg-type]
        lines = [f"{key.decode()}\t{value}" for key, value in items]
        assert lines == table.read_text().splitlines()


LEAF = Node((BY_DEPTH[0][4],), (VALUE,), (None, None))
NEXT_LEAF = Node((BY_DEPTH[0][5],), (VALUE,), (None, None))
LOW, HIGH = BY_DEPTH[1][0], BY_DEPTH[1][-1]


def above(key: bytes, *links: Node | Cid | None) -> Node:
    """A node of one key between two subtrees."""
    return Node((key,), (VALUE,), links)


HOSTILE = {
    "subtree but no key": [Node((), (), (LEAF,)), LEAF],
    "has keys of depth 0": [above(BY_DEPTH[2][-1], LEAF, None), LEAF],
    "has keys of depth 1": [
        above(BY_DEPTH[1][-1], above(LOW, None, None), None),
        above(LOW, None, None),
    ],
    "is empty": [above(HIGH, EMPTY, None), EMPTY],
    "comes after": [above(LOW, NEXT_LEAF, LEAF), LEAF, NEXT_LEAF],
    "depth 0 has a subtree": [above(BY_DEPTH[0][-1], LEAF, None), LEAF],
    "not a tree node": [above(HIGH, Cid.for_cbor(b"x"), None)],
}


@pytest.mark.parametrize("message", HOSTILE)
def test_hostile(message: str) -> None:
    """A tree that breaks a rule is found out by whoever walks all of it."""
    root, *others = HOSTILE[message]
    blocks = blocks_of(root, *others) | {Cid.for_cbor(b"x"): b"x"}
    with pytest.raises(MstError, match=message):
        list(verify_whole(root.cid, blocks))
    with pytest.raises(MstError, match=message):
        list(Tree.load(root.cid, blocks).items())


def test_hostile_bridges() -> None:
    """Bridges may not go on below depth 0."""
    bridge = Node((), (), (LEAF,))
    root = above(HIGH, bridge, None)
    with pytest.raises(MstError, match="depth 0 has a subtree"):
        list(verify_whole(root.cid, blocks_of(root, bridge, LEAF)))


def test_cycle() -> None:
    """A tree that contains itself, were there such hashes, ends where its depth does."""
    top = max(BY_DEPTH)
    forged = Cid.for_cbor(b"forged")
    for node in (above(BY_DEPTH[top][0], forged, None), Node((), (), (forged,))):
        root = above(BY_DEPTH[top][0], forged, None)
        blocks = {root.cid: root.to_bytes(), forged: node.to_bytes()}
        with pytest.raises(MstError):
            list(verify_whole(root.cid, blocks))
        with pytest.raises(MstError):
            Tree.load(root.cid, blocks).put(min(BY_DEPTH[0]), VALUE)


def test_repeated_subtrees() -> None:
    """Links to one subtree many times over do not multiply the work."""
    nodes = [Node((BY_DEPTH[0][0],), (VALUE,), (None, None))]
    for at in range(1, 5):
        keys = tuple(BY_DEPTH[at][:50])
        links = (nodes[-1].cid,) * (len(keys) + 1)
        nodes.append(Node(keys, (VALUE,) * len(keys), links))
    root = nodes[-1].cid
    blocks = blocks_of(*nodes)
    with pytest.raises(MstError, match="comes after"):
        list(verify_whole(root, blocks))
    tree = Tree.load(root, blocks)
    assert dict(new_blocks(Tree.empty(), tree)) == blocks
    assert len(list(tree.blocks())) == len(nodes)


def test_partial_tree() -> None:
    """Edits need no more than they touch, and a root that is left over unread keeps its CID."""
    top = Node((HIGH,), (VALUE,), (LEAF.cid, None))
    tree = Tree.load(top.cid, blocks_of(top))
    assert tree.put(HIGH, Cid.for_cbor(b"")).get(HIGH) == Cid.for_cbor(b"")
    with pytest.raises(MissingBlock):
        tree.get(LEAF.keys[0])
    rest = tree.delete(HIGH)
    assert rest.root == LEAF.cid
    with pytest.raises(MissingBlock):
        rest.get(HIGH)
    assert list(rest.blocks()) == []
    whole = Tree.load(top.cid, blocks_of(top, LEAF))
    assert list(whole.delete(HIGH).items()) == [(LEAF.keys[0], VALUE)]
