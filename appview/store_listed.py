"""The condition under which a query may list something (`appview.labels` is the policy).

It stands in the WHERE of the query itself, so that pages are full.
"""

from __future__ import annotations

from collections.abc import Sequence

from appview.labels import ADULT, COPYRIGHT, UNLISTED


def listed(record: str, actor: str, given: str) -> str:
    """SQL that is true of what may be listed.

    ``record`` and ``actor`` are the columns with the keys of the record and its author, such as
    ``t.record``. ``given`` is the placeholder, such as ``?4``, to which the query binds the text of
    `appview.labels.listing` or `viewing`.
    """
    adult = (
        f"NOT {given} ->> 'adult'"  # noqa: S608 - columns, placeholders and constants
        f" AND {actor} IS NOT (SELECT id FROM actors WHERE did = {given} ->> 'viewer')"
    )
    told = (
        "SELECT 1 FROM labels label_ CROSS JOIN labelers labeler_ ON labeler_.id = label_.labeler"  # noqa: S608
        " AND labeler_.configured WHERE {}"
        " AND label_.neg IS NOT 1"
        f" AND (label_.expires_at IS NULL OR label_.expires_at > {given} ->> 'now')"
        f" AND (label_.val IN {_texts(UNLISTED)} OR label_.val IN {_texts(ADULT)} AND {adult})"
    )
    of_record = (
        f"label_.record = {record} AND (label_.version IS NULL"  # noqa: S608
        " OR label_.version = (SELECT cid FROM records WHERE id = label_.record))"
    )
    own = (
        f"SELECT 1 FROM self_labels label_ WHERE label_.record = {record}"  # noqa: S608
        f" AND (label_.val IN {_texts(COPYRIGHT)} OR label_.val IN {_texts(ADULT)} AND {adult})"
    )
    return (
        f"NOT EXISTS ({told.format(of_record)})"
        f" AND NOT EXISTS ({told.format(f'label_.actor = {actor} AND label_.version IS NULL')})"
        f" AND NOT EXISTS ({own})"
    )


def _texts(values: Sequence[str]) -> str:
    """A list of these constants of ours."""
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"
