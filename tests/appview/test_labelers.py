"""Whose labels an answer shows."""

from __future__ import annotations

import pytest

from appview.labelers import MAX_LABELERS, AcceptLabelersError, Labelers, parse
from atp.syntax import Did

A, B, C = (Did(f"did:web:{name}.test") for name in "abc")
PORT = Did("did:web:localhost%3A8080")


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", {}),
        ("   ", {}),
        (A, {A: False}),
        (f"{A};redact", {A: True}),
        (f"{A}; redact", {A: True}),
        (f"{A};redact=?1", {A: True}),
        (f"{A};redact=?0", {A: False}),
        (f"{A};redact;redact=?0", {A: False}),
        (f"  {A};redact \t,\t{B}  ", {A: True, B: False}),
        (f"{A},{B};redact,{A};redact", {A: True, B: True}),
        (f"{A};redact,{A}", {A: True}),
        (f'{A};q=0.5;note="x, y\\"";t=token;b=:aGk=:;n=-12;redact', {A: True}),
        (PORT, {PORT: False}),
    ],
)
def test_reads_a_structured_list(text: str, chosen: dict[Did, bool]) -> None:
    """Members are tokens with parameters; repeated ones are merged, unknown parameters ignored."""
    assert parse(text) == chosen


@pytest.mark.parametrize(
    "text",
    [
        ",",
        f"{A},",
        f",{A}",
        f"{A},,{B}",
        f"{A} {B}",
        f"{A} ;redact",
        f"{A};",
        f"{A};;redact",
        f"{A};Redact",
        f"{A};redact=",
        f"{A};redact=1",
        f"{A};redact=true",
        f'{A};redact="?1"',
        f"{A};redact=?2",
        f"{A};redact =?1",
        f'{A};q="',
        f"{A};q=1234567890123456",
        f'"{A}"',
        f"({A})",
        f"{A};q=(a b)",
        "labeler.test",
        "*",
        "did:web",
        "1",
        f"{A}\u00e9",
        f"\t{A}",
        f"{A}\n,{B}",
    ],
)
def test_refuses_what_breaks_the_syntax(text: str) -> None:
    """Nothing is guessed: what is no list of DIDs is an error."""
    with pytest.raises(AcceptLabelersError):
        parse(text)


def test_the_number_is_bounded() -> None:
    """So many labelers may be named, however often each."""
    dids = [f"did:web:l{number}.test" for number in range(MAX_LABELERS)]
    assert len(parse(", ".join(dids * 3))) == MAX_LABELERS
    with pytest.raises(AcceptLabelersError):
        parse(", ".join([*dids, A]))


def test_absent_empty_and_repeated() -> None:
    """Without the header it is all that are followed, with an empty one nobody; lines are joined."""
    followed = [A, B]
    assert Labelers.asked([], followed) == Labelers({A: True, B: True})
    assert Labelers.asked([b""], followed) == Labelers({})
    assert Labelers.asked([b"", b" "], followed) == Labelers({})
    lines = [A.encode(), b"", f"{B};redact, {A};redact".encode()]
    assert Labelers.asked(lines, followed) == Labelers({A: True, B: True})


def test_those_that_are_not_followed_are_left_out() -> None:
    """What cannot be shown is not promised, and the answer's header says so."""
    chosen = Labelers.asked([f"{C};redact, {B};redact, {A}".encode()], [A, B])
    assert chosen == Labelers({B: True, A: False})
    assert chosen.headers() == ((b"atproto-content-labelers", f"{B};redact, {A}".encode()),)
    assert Labelers.asked([C.encode()], [A, B]).headers() == ()


def test_its_own_header_is_one_that_it_reads() -> None:
    """What an answer says can be asked for."""
    chosen = Labelers({A: True, PORT: False})
    ((_, value),) = chosen.headers()
    assert Labelers.asked([value], [A, PORT]) == chosen
