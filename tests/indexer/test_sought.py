"""Accounts that records refer to are asked for, within bounds."""

from __future__ import annotations

import pytest

from atp.syntax import AtUri, Did, Nsid, RecordKey
from indexer.event import Deferred
from indexer.failure import Failure
from indexer.store import resync, sought
from indexer.store.repos import Desync
from tests.indexer.authors import (
    NAMES,
    Author,
    Create,
    Delete,
    Index,
    Update,
    comment,
    like,
    playlist,
)

CID = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"


def stranger(number: int) -> Did:
    """An account that nobody has heard of."""
    return Did.parse(f"did:web:s{number}.example.com")


def of(did: Did, collection: Nsid = NAMES.track) -> dict[str, str]:
    """A reference to a record of an account."""
    return {"uri": AtUri.of(did, collection, RecordKey.parse("3kaaaaaaaaaa2")), "cid": CID}


def asked_for(index: Index) -> list[str]:
    """The accounts that are to be asked whether they have anything of ours."""
    return [
        did
        for (did,) in index.conn.execute(
            "SELECT a.did FROM repos r JOIN actors a ON a.id = r.actor"
            " WHERE r.reason = 'discovered' AND r.rev IS NULL ORDER BY a.id"
        )
    ]


def strangers(count: int, start: int = 0) -> list[dict[str, str]]:
    """References to so many accounts."""
    return [of(stranger(n)) for n in range(start, start + count)]


@pytest.mark.parametrize(
    "create",
    [
        Create(NAMES.like, like(of(stranger(0)))),
        Create(NAMES.comment, comment(of(stranger(0)))),
        Create(NAMES.list, playlist([of(stranger(0)), of(stranger(0), NAMES.comment)])),
    ],
    ids=["like", "comment", "list"],
)
def test_who_is_referred_to_is_asked_for(create: Create) -> None:
    """Once, as one that has shown nothing: its host says first whether it has anything."""
    index, fan = Index(), Author(0)
    index.apply(fan.commit(create))
    assert asked_for(index) == [stranger(0)]
    claims = {claim.did: claim for claim in resync.claim(index.conn, index.now, 10, [])}
    assert claims[stranger(0)].unproven
    resync.forget(index.conn, claims[stranger(0)])
    index.apply(fan.commit(Create(NAMES.like, like(of(stranger(0))))))
    assert asked_for(index) == []


def test_who_is_known_is_not() -> None:
    """Neither the author, nor an account whose records are here, nor what is not of ours."""
    index, fan, artist = Index(), Author(0), Author(1)
    index.apply(artist.commit(artist.track()))
    post = Nsid.parse("app.bsky.feed.post")
    index.apply(
        fan.commit(
            Create(NAMES.like, like(of(artist.did))),
            Create(NAMES.like, like(of(fan.did))),
            Create(NAMES.like, like(of(stranger(0), post))),
            Create(NAMES.like, {"subject": of(stranger(1))}),
        )
    )
    assert asked_for(index) == []
    assert index.one("SELECT count(*) FROM sought") == 0


def test_whoever_refers_to_many_spends_a_budget() -> None:
    """A list of 10,000 strangers asks a hundred a day; another account's word is still good."""
    index, spammer, fan = Index(), Author(0), Author(1)
    made = spammer.commit(Create(NAMES.list, playlist(strangers(400)), "3kaaaaaaaaaa2"))
    index.apply(made)
    assert len(asked_for(index)) == sought.A_DAY
    index.apply(spammer.commit(Create(NAMES.like, like(of(stranger(900))))))
    assert len(asked_for(index)) == sought.A_DAY
    index.apply(fan.commit(Create(NAMES.like, like(of(stranger(399))))))
    assert asked_for(index)[-1] == stranger(399)
    index.now += sought.DAY
    more = playlist(strangers(400), name="again")
    index.apply(spammer.commit(Update(NAMES.list, "3kaaaaaaaaaa2", more)))
    assert len(asked_for(index)) == 2 * sought.A_DAY + 1


def test_all_together_have_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many spammers are no more than one, in the end."""
    monkeypatch.setattr(sought, "ALL_A_DAY", 25)
    index = Index()
    for number in range(5):
        by = Author(number)
        index.apply(by.commit(Create(NAMES.list, playlist(strangers(10, 10 * number)))))
    assert len(asked_for(index)) == 25


def test_a_hidden_account_has_no_word() -> None:
    """What a repair finds of an account that is not shown asks nobody."""
    index, fan = Index(), Author(0)
    index.apply(fan.commit(fan.track()))
    index.conn.execute("UPDATE actors SET takedown = 'spam'")
    index.apply(fan.commit(Create(NAMES.like, like(of(stranger(0))))))
    assert asked_for(index) == []


def test_a_stranger_that_stays_dark_is_given_up() -> None:
    """So that few wait; one that a source listed is tried for ever."""
    index, fan = Index(), Author(0)
    resync.request(index.conn, [stranger(1)], Desync.DISCOVERED, index.now)
    index.apply(fan.commit(Create(NAMES.list, playlist(strangers(2)))))
    for attempt in range(sought.TRIES):
        assert asked_for(index) == ([stranger(1), stranger(0)] if attempt else asked_for(index))
        for claim in resync.claim(index.conn, index.now, 10, []):
            if claim.unproven:
                resync.fail(index.conn, claim, 0, Failure.HOST_UNAVAILABLE, "dark")
    assert asked_for(index) == [stranger(1)]
    index.apply(fan.commit(Create(NAMES.like, like(of(stranger(0))))))
    assert asked_for(index) == [stranger(1)]


def test_what_a_stranger_writes_elsewhere_proves_nothing() -> None:
    """Commits without a record of ours, or that could not be read, leave the question open."""
    index, artist = Index(), Author(0)
    resync.request(index.conn, [artist.did], Desync.DISCOVERED, index.now)
    index.apply(artist.commit(Create("app.bsky.feed.post", {"text": "noise"})))
    index.apply(Deferred(artist.did, Desync.IDENTITY_UNAVAILABLE))
    assert asked_for(index) == [artist.did]
    assert index.one("SELECT handle_due FROM actors") is None


def test_a_record_that_comes_while_its_host_is_asked_counts() -> None:
    """The host said that there was nothing; by now there is, and the repo is fetched."""
    index, artist = Index(), Author(0)
    resync.request(index.conn, [artist.did], Desync.DISCOVERED, index.now)
    [claim] = resync.claim(index.conn, index.now, 1, [])
    artist.commit(artist.track("3kaaaaaaaaab2"))
    index.apply(artist.commit(artist.track()))
    resync.forget(index.conn, claim)
    [again] = resync.claim(index.conn, index.now, 1, [])
    assert (again.did, again.unproven) == (artist.did, False)


def test_references_come_and_go_without_a_trace() -> None:
    """A deleted reference does not undo the question, and asks no new one."""
    index, fan = Index(), Author(0)
    index.apply(fan.commit(Create(NAMES.like, like(of(stranger(0))), "3kaaaaaaaaaa2")))
    index.apply(fan.commit(Delete(NAMES.like, "3kaaaaaaaaaa2")))
    assert asked_for(index) == [stranger(0)]
