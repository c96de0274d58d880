"""An account whose end nobody told."""

from __future__ import annotations

from atp.syntax import Datetime
from indexer.hosting import DAY, NOT_FOUND, Answer, Reply
from tests.indexer.authors import WHEN, Author, Index


def test_who_is_told_active_and_not_found_for_a_day_is_hidden() -> None:
    """Until then it is as it was, however often its PDS is asked; it comes back exactly."""
    index, ada = Index(), Author(1)
    index.apply(ada.commit(ada.track()))
    index.apply(ada.account(active=True))
    before, told = index.shown(), Datetime.parse(WHEN).micros()
    index.now = told

    def active() -> tuple[object, object]:
        query = "SELECT upstream_active, upstream_status FROM actors WHERE did = ?"
        [(shown, status)] = index.conn.execute(query, (ada.did,)).fetchall()
        return shown, status

    while index.now < told + DAY - DAY // 50:
        index.now += DAY // 50
        index.answer(ada.did, Reply(Answer.NOT_FOUND))
        assert active() == (1, None)
    index.now = told + DAY
    index.answer(ada.did, Reply(Answer.NOT_FOUND))
    assert active() == (0, NOT_FOUND)
    index.answer(ada.did, Reply(Answer.HOST_UNAVAILABLE))
    assert active() == (0, NOT_FOUND), "no answer changes nothing"
    index.answer(ada.did, Reply(Answer.ACTIVE))
    assert index.shown() == before
