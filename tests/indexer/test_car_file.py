"""The reader on disk against the reader in memory."""

from __future__ import annotations

import pytest

from atp import car
from atp.cid import Cid
from atp.errors import CarError
from indexer.car_file import CarFile
from tests.indexer.authors import Author
from tests.indexer.files import in_file


def test_it_has_what_the_reader_in_memory_has() -> None:
    """Same root, same blocks, same CIDs."""
    author = Author(0)
    for n in range(20):
        author.message(author.track(f"k{n}"))
    content = author.repo.to_car()
    expected = car.read(content)
    with in_file(content) as file:
        found = CarFile(file)
        assert found.root == expected.roots[0]
        assert dict(found.items()) == expected.blocks
        assert len(found) == len(expected.blocks)
        found.close()


def test_a_block_that_is_not_what_its_cid_names_is_refused_when_read() -> None:
    """Hashes are compared before a block is given out; an unknown CID is a KeyError."""
    right, wrong = Cid.for_cbor(b"\xa0"), Cid.for_cbor(b"\xa1")
    with in_file(car.write([right], [(right, b"\xa0"), (wrong, b"\xa0")])) as file:
        found = CarFile(file)
        assert found[right] == b"\xa0"
        with pytest.raises(CarError, match="is not what its CID"):
            found[wrong]
        with pytest.raises(KeyError):
            found[Cid.for_cbor(b"\xf6")]
        found.close()
