"""``moderation.queryLabels``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atp.keys import Curve, PrivateKey
from atp.label import Label
from atp.syntax import Datetime, Did
from tests.appview.client import Client
from tests.appview.index import LABELER, Index

OTHER = Did("did:plc:anotherlabeler")
URIS = ("at://a/b_/c", "at://a/bx/c", "at://A/b_/c", "at://a/b%/c", "did:plc:E", "did:plc:e", "x:y")


def ask(client: Client, *patterns: str, **params: Any) -> list[tuple[str, str, str]]:
    """Source, subject and name of all labels, from pages of two."""
    pages = client.pages(
        "moderation.queryLabels", "labels", 2, uriPatterns=list(patterns), **params
    )
    assert all(len(page) == 2 for page in pages[:-1])
    return [(label["src"], label["uri"], label["val"]) for page in pages for label in page]


def test_labels_as_they_were_signed(index: Index, client: Client) -> None:
    """Whoever has the labeler's key can verify what is answered, whatever fields it has."""
    key = PrivateKey.from_bytes(Curve.K256, b"\x07" * 32)
    made = []
    given: dict[str, dict[str, Any]] = {
        "plain": {},
        "negated": {"neg": True},
        "not-negated": {"neg": False},
        "passed": {"exp": Datetime("2020-01-01T00:00:00Z")},
        "version": {"cid": "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"},
    }
    for val, more in given.items():
        label = Label(LABELER, URIS[0], val, Datetime("2019-01-01T00:00:00Z"), **more).sign(key)
        fields = {name: getattr(label, name) for name in ("cts", "cid", "neg", "exp", "sig")}
        index.label(label.uri, val, **fields)
        made.append(label)
    answer = client.get("moderation.queryLabels", uriPatterns=["*"])
    found = [Label.from_json(label) for label in answer["labels"]]
    assert found == sorted(made, key=lambda label: label.val)
    assert all(label.verify(key.public_key) for label in found)
    assert all(label["sig"].keys() == {"$bytes"} for label in answer["labels"])


def test_the_newest_label_of_a_name(index: Index, client: Client) -> None:
    """There is one for each source, subject and name."""
    index.label("x:y", "a")
    index.label("x:y", "a", src=OTHER)
    index.label("x:y", "a", neg=True)
    answer = client.get("moderation.queryLabels", uriPatterns=["x:y"])
    assert [(label["src"], label.get("neg")) for label in answer["labels"]] == [
        (OTHER, None),
        (LABELER, True),
    ]


def test_patterns_are_literal(index: Index, client: Client) -> None:
    """Whole or a beginning; case counts, and no character but the last asterisk has a meaning."""
    for uri in URIS:
        index.label(uri, "v")

    def matching(*patterns: str) -> list[str]:
        return [uri for _, uri, _ in ask(client, *patterns)]

    assert matching("at://a/b_/c") == ["at://a/b_/c"]
    assert matching("at://a/b_*") == ["at://a/b_/c"]
    assert matching("at://a/b%/*") == ["at://a/b%/c"]
    assert matching("did:plc:E*") == ["did:plc:E"]
    assert matching("at://a") == []
    assert matching("x:y*") == ["x:y"]
    assert matching("x:y", "x:*", "x:y") == ["x:y"]
    assert matching("*", "x:y") == sorted(URIS)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    patterns=st.lists(
        st.builds(
            lambda uri, length, star: uri[:length] + star or "*",
            st.sampled_from(URIS),
            st.integers(0, 12),
            st.sampled_from(["", "*"]),
        ),
        min_size=1,
        max_size=5,
    ),
    sources=st.sampled_from([None, [LABELER], [OTHER], [OTHER, LABELER], ["did:web:nobody.test"]]),
)
def test_equals_a_slow_twin(
    index: Index, client: Client, patterns: list[str], sources: list[str] | None
) -> None:
    """Every label whose subject matches any pattern, once, in order."""
    for uri in URIS:
        for src in (LABELER, OTHER):
            for val in ("a", "b"):
                index.label(uri, val, src=src)
    expected = sorted(
        (src, uri, val)
        for src in (LABELER, OTHER)
        for uri in URIS
        for val in ("a", "b")
        if any(fnmatchcase(uri, pattern) for pattern in patterns)
        and (sources is None or src in sources)
    )
    params = {} if sources is None else {"sources": sources}
    assert ask(client, *patterns, **params) == expected


def test_pages_hold_while_labels_come_and_change(index: Index, client: Client) -> None:
    """What was there all along comes once, however much is renewed and added between pages."""
    for number in range(8):
        index.label(f"x:{number}", "v")
    met: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("moderation.queryLabels", uriPatterns=["x:*"], limit=2, **cursor)
        met += [label["uri"] for label in page["labels"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
        index.label("x:1", "v", neg=True)
        index.label("x:7", "v")
        index.label(f"x:0{len(met)}", "v")
    assert met == [f"x:{number}" for number in range(8)]


def test_labelers_that_are_not_followed_are_left_out(index: Index, client: Client) -> None:
    """What they say may have changed since."""
    index.label("x:y", "v")
    index.conn.execute("UPDATE labelers SET configured = 0")
    assert client.get("moderation.queryLabels", uriPatterns=["*"]) == {"labels": []}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"uriPatterns": ["a*b"]},
        {"uriPatterns": ["**"]},
        {"uriPatterns": ["x", "*x"]},
        {"uriPatterns": [""]},
        {"uriPatterns": ["*"], "limit": 0},
        {"uriPatterns": ["*"], "limit": 251},
        {"uriPatterns": ["*"], "sources": ["labeler.test"]},
        {"uriPatterns": ["*"], "cursor": ""},
        {"uriPatterns": ["*"], "cursor": "é"},
        {"uriPatterns": ["*"], "cursor": "17"},
        {"uriPatterns": ["*"], "cursor": "W1tbW1tbW1tbW1tb" * 500},
        {"uriPatterns": ["*"], "cursor": "WzEsMiwzXQ"},
    ],
)
def test_bad_parameters(client: Client, params: dict[str, Any]) -> None:
    """An asterisk elsewhere, a limit out of range, a foreign cursor."""
    assert client.refused("moderation.queryLabels", **params) == "InvalidRequest"


def test_statements_do_not_grow(index: Index, client: Client) -> None:
    """A page takes the same few statements, however many patterns and labels."""
    for number in range(60):
        index.label(f"x:{number}", "v", src=(LABELER, OTHER)[number % 2])
    many = client.statements(
        "moderation.queryLabels", uriPatterns=[f"x:{n}" for n in range(60)], limit=60
    )
    assert len(many) == len(client.statements("moderation.queryLabels", uriPatterns=["x:1"])) == 4
