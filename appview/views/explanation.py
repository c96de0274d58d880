"""What is known of a URI.

Of a deleted record only that it is, and since which rev; of one that has not come whether it may
exist; of a hidden account's, or one that was taken down, nothing that its content could be told
from.
"""

from __future__ import annotations

from collections.abc import Sequence

from appview.standing import Existence, Repo, Standing, Unshown
from appview.views.hosting import hosting
from appview.views.moment import moment
from atp.syntax import AtUri
from lexicons.records import HistoricShape

_SHAPES = frozenset(HistoricShape)


def explanation(
    uri: AtUri,
    repo: Repo | None,
    standing: Standing | None,
    unshown: Unshown | None,
    existence: Existence | None,
) -> dict[str, object]:
    """The record's standing, whether it is shown, and whether all of its repo is here."""
    view: dict[str, object] = {"uri": uri, "known": standing is not None, "shown": unshown is None}
    if unshown:
        view["reason"] = unshown
    if repo:
        view["repoState"] = repo.state
    if existence:
        view["existence"] = existence
    if existence and repo and repo.rev:
        view["repoRev"] = repo.rev
    if standing is None:
        return view | _account(repo)
    view["state"] = standing.state
    if standing.rev:
        view["rev"] = standing.rev
    view |= _account(standing)
    if standing.state == "deleted":
        return view
    if standing.first_seen is not None:
        view["firstSeen"] = moment(standing.first_seen)
    if standing.origin is not None:
        view |= {"source": standing.origin.url, "repair": standing.origin.repair}
    hidden = not standing.account.active or unshown is Unshown.TAKEN_DOWN
    return view if hidden else view | _content(standing)


def _account(of: Repo | Standing | None) -> dict[str, object]:
    if of is None:
        return {}
    account = of.account
    status = {"accountStatus": account.status} if account.status and not account.active else {}
    return hosting(account) | status


def _content(standing: Standing) -> dict[str, object]:
    problems, tolerated = _sorted(standing.problems)
    view: dict[str, object] = {
        "problems": problems,
        "tolerated": tolerated,
        "likeCount": standing.likes,
        "commentCount": standing.comments,
        "listCount": standing.lists,
    }
    return view | {"cid": str(standing.cid)} if standing.cid else view


def _sorted(lines: Sequence[str]) -> tuple[list[str], list[dict[str, str]]]:
    """What makes a record invalid, and what is let pass, which the indexer marks with its shape."""
    problems, tolerated = [], []
    for line in lines:
        shape, _, problem = line.partition(": ")
        if shape in _SHAPES:
            tolerated.append({"shape": shape, "problem": problem})
        else:
            problems.append(line)
    return problems, tolerated
