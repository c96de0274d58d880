"""An account whose end nobody told."""

from __future__ import annotations

from indexer.hosting import NOT_FOUND, PATIENT_FOR, Answer, Reply
from tests.indexer.authors import Author, Index


def test_who_is_told_active_and_not_found_for_a_day_is_hidden() -> None:
    """Until then it is as it was; it comes back exactly when its PDS speaks for it again."""
    index, ada = Index(), Author(1)
    index.apply(ada.commit(ada.track()))
    index.apply(ada.account(active=True))
    before = index.shown()

    def active() -> tuple[object, object]:
        query = "SELECT upstream_active, upstream_status FROM actors WHERE did = ?"
        [(shown, status)] = index.conn.execute(query, (ada.did,)).fetchall()
        return shown, status

    for _ in range(PATIENT_FOR):
        index.answer(ada.did, Reply(Answer.NOT_FOUND))
        assert active() == (1, None)
    index.answer(ada.did, Reply(Answer.NOT_FOUND))
    assert active() == (0, NOT_FOUND)
    index.answer(ada.did, Reply(Answer.ACTIVE))
    assert index.shown() == before
