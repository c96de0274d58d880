"""What is known of an account's hosting: who hides it, and what was told and answered."""

from __future__ import annotations

from appview.standing import Account, Answered, Told
from appview.views.moment import moment


def hosting(account: Account) -> dict[str, object]:
    """The fields that all answers about an account's repo and records share."""
    view: dict[str, object] = {}
    if not account.active:
        view["hiddenBy"] = "operator" if account.taken_down else "host"
    if account.told is not None:
        view["told"] = _told(account.told)
    if account.answered is not None:
        view["answered"] = _answered(account.answered)
    return view


def _told(told: Told) -> dict[str, object]:
    view: dict[str, object] = {"active": told.active, "at": moment(told.at)}
    said = {"status": told.status, "source": told.source}
    return view | {name: value for name, value in said.items() if value is not None}


def _answered(answered: Answered) -> dict[str, object]:
    view: dict[str, object] = {"answer": answered.answer, "at": moment(answered.at)}
    said = {"status": answered.status, "pds": answered.pds}
    return view | {name: value for name, value in said.items() if value is not None}
