"""The checklist of what labelers got wrong, a line a test: queries, signatures, state.

That of streams is in `test_checklist_stream`. Signatures are checked by the `atproto` SDK's code
over what `libipld` encodes: none of it is our own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import libipld
import pytest
from atproto_crypto.verify import verify_signature  # type: ignore[import-untyped]

from atp.datetime import Datetime
from atp.errors import LabelError
from atp.keys import Curve, PrivateKey
from atp.label import Label
from atp.syntax import Did
from labeler.decide import Statement, standing
from labeler.keys import Signer
from labeler.service import LabelerConfig, OtherLabeler, opened
from tests.labeler.making import KEY, NOW, SRC, Clock
from tests.labeler.served import CATALOG, Served, reading, served, tracks

ACCOUNT = "did:plc:44ybard66vv44zksje25o7dz"
TRACK = f"at://{ACCOUNT}/fm.plyr.track/3lgwdn7vd722r"
CID = "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq"
HOUR = 3_600_000_000
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1."""


async def uris(it: Served, *patterns: str) -> list[str]:
    """The subjects of what fits patterns."""
    return [label.uri for label in await it.found(*patterns)]


# queryLabels


async def test_query_repeated_uri_patterns(it: Served) -> None:
    """Each is a parameter of its own, and a label that fits two comes once."""
    for uri in ("did:plc:a", "did:plc:b", "did:plc:c"):
        await it.say(uri)
    assert await uris(it, "did:plc:c", "did:plc:a", "did:plc:c*") == ["did:plc:a", "did:plc:c"]


async def test_query_asterisk_alone(it: Served) -> None:
    """It is everything."""
    given = await it.give(*tracks(3), Statement(ACCOUNT, "spam"))
    assert await it.found("*") == [one.label for one in given]


async def test_query_trailing_asterisk_takes_the_bare_prefix_too(it: Served) -> None:
    """A subject that is the prefix and nothing more fits."""
    for uri in (ACCOUNT, f"{ACCOUNT}x", "did:plc:other"):
        await it.say(uri)
    assert await uris(it, f"{ACCOUNT}*") == [ACCOUNT, f"{ACCOUNT}x"]


async def test_query_inner_asterisk(it: Served) -> None:
    """400, not a wildcard."""
    for pattern in ("did:*:a", "*a", "**"):
        status, body = await it.query(("uriPatterns", pattern))
        assert (status, body["error"]) == (400, "InvalidRequest")


async def test_query_percent_underscore_and_backslash_are_letters(it: Served) -> None:
    """What is special in LIKE and GLOB is not special here."""
    names = ("a_b", "aXb", "a%b", "a%25b", "a\\b", "a[b]", "a?b")
    for name in names:
        await it.say(f"https://a.test/{name}")
    for name in names:
        assert await uris(it, f"https://a.test/{name}") == [f"https://a.test/{name}"]
    assert await uris(it, "https://a.test/a_*") == ["https://a.test/a_b"]
    assert await uris(it, "https://a.test/a%*") == ["https://a.test/a%b", "https://a.test/a%25b"]


async def test_query_case(it: Served) -> None:
    """Record keys that differ in case are different records."""
    await it.say(f"{TRACK}a")
    await it.say(f"{TRACK}A")
    assert await uris(it, f"{TRACK}A") == await uris(it, f"{TRACK}A*") == [f"{TRACK}A"]


async def test_query_pages_stand_while_labels_are_given(it: Served) -> None:
    """Every label from before the first page comes once, in order, whatever is given meanwhile."""
    before = [one.seq for one in await it.give(*tracks(7))]
    found: list[Any] = []
    cursor: tuple[tuple[str, str], ...] = ()
    while True:
        _, page = await it.query(("uriPatterns", "at://*"), ("limit", "3"), *cursor)
        found += page["labels"]
        if "cursor" not in page or len(found) > 30:
            break
        if len(found) < 10:
            await it.give(*tracks(2, "sexual"))
        cursor = (("cursor", page["cursor"]),)
    _, all_of_them = await it.query(("uriPatterns", "*"), ("limit", "250"))
    assert found == all_of_them["labels"]
    assert len(found) > len(before)


async def test_query_cursor_is_the_last_seq_and_absent_at_the_end(it: Served) -> None:
    """As a string; a last page says that it is the last."""
    given = await it.give(*tracks(4))
    _, first = await it.query(("uriPatterns", "*"), ("limit", "2"))
    assert first["cursor"] == str(given[1].seq)
    _, last = await it.query(("uriPatterns", "*"), ("limit", "2"), ("cursor", first["cursor"]))
    assert "cursor" not in last
    assert len(last["labels"]) == 2


@pytest.mark.parametrize(
    "wrong", [("cursor", "x"), ("cursor", "-1"), ("limit", "0"), ("limit", "251"), ("limit", "x")]
)
async def test_query_bad_cursor_or_limit(it: Served, wrong: tuple[str, str]) -> None:
    """400 with an error in JSON, as XRPC has it."""
    status, body = await it.query(("uriPatterns", "*"), wrong)
    assert (status, body["error"]) == (400, "InvalidRequest")
    assert wrong[0] in body["message"]


async def test_query_sig_is_bytes_in_json(it: Served) -> None:
    """``{"$bytes": …}``, and no list of numbers."""
    one = await it.say(ACCOUNT)
    _, body = await it.query(("uriPatterns", ACCOUNT))
    (label,) = body["labels"]
    assert set(label["sig"]) == {"$bytes"}
    assert Label.from_json(label).sig == one.label.sig


async def test_query_sources_of_others_are_empty(it: Served) -> None:
    """Labels of somebody else are not here; our own source finds ours."""
    await it.say(ACCOUNT)
    assert await it.query(("uriPatterns", "*"), ("sources", "did:plc:other")) == (
        200,
        {"labels": []},
    )
    both = (("sources", "did:plc:other"), ("sources", SRC))
    _, body = await it.query(("uriPatterns", "*"), *both)
    assert [label["uri"] for label in body["labels"]] == [ACCOUNT]


async def test_query_subjects_that_are_accounts(it: Served) -> None:
    """A bare DID is a subject like any other."""
    await it.say(ACCOUNT)
    await it.say(TRACK)
    assert await uris(it, ACCOUNT) == [ACCOUNT]


# Signing


async def sent(it: Served, uri: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    """The fields of a new label as they travel in the stream; they are signed as they stand."""
    async with reading(it.port) as reader:
        await it.say(uri, **more)
        _, body = await reader.raw()
    (fields,) = body["labels"]
    assert signed_with(KEY, fields)
    return dict(fields)


def signed_with(key: PrivateKey, fields: dict[str, Any]) -> bool:
    """What the SDK's code says."""
    unsigned = {name: value for name, value in fields.items() if name != "sig"}
    encoded = libipld.encode_dag_cbor(unsigned)
    return bool(verify_signature(key.public_key.did_key(), encoded, fields["sig"]))


async def test_sign_neg_is_left_out_when_false(it: Served) -> None:
    """There or not there, never false; and what is received with false is verified with false."""
    assert "neg" not in await sent(it)
    assert (await sent(it, neg=True))["neg"] is True
    label = Label.parse(
        {
            "ver": 1,
            "src": SRC,
            "uri": ACCOUNT,
            "val": "a",
            "cts": Datetime.from_micros(NOW),
            "neg": False,
        }
    )
    signed = label.sign(KEY)
    assert signed.verify(KEY.public_key)
    assert signed.fields()["neg"] is False


async def test_sign_exp(it: Served) -> None:
    """An expiry is part of what is signed."""
    exp = Datetime.from_micros(NOW + HOUR)
    assert (await sent(it, exp=exp))["exp"] == exp


async def test_sign_cid(it: Served) -> None:
    """As text, not as a link."""
    assert (await sent(it, TRACK, cid=CID))["cid"] == CID


async def test_sign_uri_beyond_ascii(it: Served) -> None:
    """A URI is ASCII: escaped it is signed as it stands, and what is no URI is not signed."""
    uri = f"https://m.test/{quote('träck/🎵')}"
    assert (await sent(it, uri))["uri"] == uri
    with pytest.raises(LabelError, match="ASCII"):
        await it.say("https://m.test/träck")


async def test_sign_key_order(it: Served) -> None:
    """Fields are in DRISL's order, in what is signed and in the frame."""
    fields = await sent(it, TRACK, cid=CID, exp=Datetime.from_micros(NOW + HOUR))
    assert list(fields) == ["cid", "cts", "exp", "sig", "src", "uri", "val", "ver"]


async def test_sign_ver_is_always_there(it: Served) -> None:
    """In the stream and in the query."""
    assert (await sent(it))["ver"] == 1
    _, body = await it.query(("uriPatterns", "*"))
    assert body["labels"][0]["ver"] == 1


async def test_sign_low_s(it: Served) -> None:
    """Of the two signatures that would fit, the one that is allowed: 64 bytes, low S."""
    for number in range(20):
        sig = (await sent(it, f"{TRACK}{number}"))["sig"]
        assert len(sig) == 64
        assert int.from_bytes(sig[32:], "big") <= ORDER // 2


async def test_sign_another_key_fails(it: Served) -> None:
    """The signature is that of the labeler's key alone."""
    other = PrivateKey.from_bytes(Curve.K256, b"\x06" * 32)
    assert not signed_with(other, await sent(it))


async def test_sign_type_is_never_signed(it: Served) -> None:
    """Nothing but the schema's fields is there."""
    fields = await sent(it)
    assert set(fields) == {"ver", "src", "uri", "val", "cts", "sig"}
    parsed = Label.parse({**fields, "$type": "com.atproto.label.defs#label", "more": 1})
    assert parsed.verify(KEY.public_key)


async def test_sign_rotation_mid_page(it: Served) -> None:
    """On both sides of a change of keys each label verifies with the key that signed it."""
    other = PrivateKey.from_bytes(Curve.K256, b"\x06" * 32)
    await it.give(*tracks(3))
    it.labeler.labels.signer = Signer(SRC, other)
    await it.give(*tracks(3, "sexual"))
    found = await it.found("*")
    assert [label.verify(KEY.public_key) for label in found] == [True] * 3 + [False] * 3
    assert [label.verify(other.public_key) for label in found] == [False] * 3 + [True] * 3
    async with reading(it.port, 0) as reader:
        assert [label for _, label in await reader.labels(6)] == found


# State


async def stands(it: Served, at: int = NOW) -> list[tuple[str, str]]:
    """What holds at a time, by what the labeler says to everybody."""
    return [(label.uri, label.val) for label in standing(await it.found("*"), at)]


async def test_state_apply_negate_apply(it: Served) -> None:
    """A label can come back after it was taken back."""
    await it.say(TRACK)
    assert await stands(it) == [(TRACK, "spam")]
    await it.say(TRACK, neg=True)
    assert await stands(it) == []
    await it.say(TRACK)
    assert await stands(it) == [(TRACK, "spam")]


async def test_state_same_millisecond(it: Served) -> None:
    """``cts`` grows though the clock stands still, so who sorts by it finds the same end."""
    given = [await it.say(TRACK, neg=bool(number % 2)) for number in range(6)]
    times = [one.label.cts.micros() for one in given]
    assert times == sorted(set(times))
    other = await it.say(TRACK, "sexual")
    assert other.label.cts.micros() == times[0], "each name has a clock of its own"


async def test_state_negation_without_cid_takes_back_one_with_it(it: Served) -> None:
    """A label of one version is taken back with all of them."""
    await it.say(TRACK, cid=CID)
    await it.say(TRACK, neg=True)
    assert await stands(it) == []


async def test_state_expiry_passes_without_an_event(it: Served, clock: Clock) -> None:
    """Nothing is sent when a label expires; it is still told as it was signed."""
    async with reading(it.port, 0) as reader:
        one = await it.say(TRACK, exp=Datetime.from_micros(NOW + HOUR))
        assert await reader.label() == (one.seq, one.label)
        clock.now += 2 * HOUR
        assert await stands(it, clock.now) == []
        assert await it.found(TRACK) == [one.label]
        two = await it.say(ACCOUNT)
        assert (await reader.label())[0] == two.seq


async def test_state_record_deleted(it: Served) -> None:
    """The labeler knows of no record: what it said stays until it takes it back."""
    await it.say(TRACK)
    assert await uris(it, TRACK) == [TRACK]
    await it.say(TRACK, neg=True)
    assert await stands(it) == []


async def test_state_record_edited(it: Served) -> None:
    """The newest statement says which version it is about, or that it is about all."""
    other = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
    for cid in (CID, other, None):
        await it.say(TRACK, cid=cid)
        (label,) = standing(await it.found(TRACK), NOW)
        assert label.cid == cid


async def test_state_account(it: Served) -> None:
    """A label of an account is no label of its records, and survives whatever becomes of it."""
    await it.say(ACCOUNT, "!takedown")
    await it.say(TRACK)
    await it.say(TRACK, neg=True)
    assert await stands(it) == [(ACCOUNT, "!takedown")]


async def test_state_labeler_migrates(folder: Path) -> None:
    """Wherever it moves, a labeler's DID stays: no other is let into its store."""
    async with served(folder) as first:
        one = await first.say(TRACK)
    with pytest.raises(OtherLabeler, match=SRC):
        async with opened(LabelerConfig(folder, Did("did:plc:new"), KEY), CATALOG, Clock()):
            pass
    async with served(folder) as elsewhere, reading(elsewhere.port, 0) as reader:
        assert await reader.label() == (one.seq, one.label)
