"""XRPC's parameters, pages and refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.world.xrpc import Json, Params, XrpcError, numbered, page


def test_parameters_are_parsed() -> None:
    """A parameter comes as its parser gives it, an absent optional one as None."""
    params = Params({"n": "5"})
    assert params.required("n", int) == 5
    assert params.optional("m", int) is None
    assert params.limit(50, 100) == 50
    assert Params({"limit": "100"}).limit(50, 100) == 100


@pytest.mark.parametrize("values", [{"n": "x"}, {}])
def test_bad_and_missing_parameters(values: dict[str, str]) -> None:
    """Both are an InvalidRequest with status 400."""
    with pytest.raises(XrpcError) as refusal:
        Params(values).required("n", int)
    assert (refusal.value.error, refusal.value.status) == ("InvalidRequest", 400)


@pytest.mark.parametrize("limit", ["0", "-1", "101", "x"])
def test_limit_has_bounds(limit: str) -> None:
    """A limit outside 1 to its maximum is an InvalidRequest."""
    with pytest.raises(XrpcError, match="limit"):
        Params({"limit": limit}).limit(50, 100)


@given(st.lists(st.none() | st.integers()), st.integers(1, 5))
def test_pages_make_up_the_list(rows: list[int | None], limit: int) -> None:
    """Following the cursors gives every row once, in order, and comes to an end."""
    listed: list[Json | None] = [None if row is None else {"n": row} for row in rows]
    seen: list[Json] = []
    values: dict[str, str] = {}
    while True:
        answer = page("rows", numbered(listed, Params(values)), limit)
        assert len(answer["rows"]) <= limit
        seen += answer["rows"]
        if "cursor" not in answer:
            break
        values = {"cursor": answer["cursor"]}
    assert seen == [row for row in listed if row is not None]
