"""What labels do here: the default policy, by where something would be shown (pure).

LIST  surfaces offer what nobody asked for by name: feeds, rankings, search, radio, timelines,
      activity, suggestions. They leave out what is labelled for copyright or hidden, for everybody,
      and adult content for all but its owner and proven accounts that ask for it.
VIEW  surfaces show what belongs to something that was asked for: an account's tracks, an album, a
      list, somebody's likes. They leave out the former and show the latter with its labels.

What is asked for by its URI is shown with its labels, and no label keeps bytes back. This is the
operator's policy, so it goes by the labelers that the operator has configured, whichever a caller
accepts; those decide which labels an answer shows, and whose takedowns remove content altogether.
Our own labeler needs nobody's leave: what it removes is removed for everybody, and with a takedown
that has no end the bytes go too (docs/decisions/0012-operators-takedown.md).

A query hands one of the texts below to the condition of `appview.store_listed`.
"""

from __future__ import annotations

import json

from appview.call import Call
from atp.syntax import Did

ADULT = ("gore", "graphic-media", "nudity", "porn", "sexual")
"""Values that a listener has to ask for."""

COPYRIGHT = ("copyright-violation",)
REMOVED = ("!suspend", "!takedown")
"""Values with which a labeler that may redact removes content altogether."""

UNLISTED = ("!hide", *REMOVED, *COPYRIGHT)
"""Values of which a labeler's keep a track out of LIST and VIEW surfaces."""


def listing(call: Call) -> str:
    """What the condition is given on a LIST surface."""
    asked = call.viewer is not None and call.params.values.get("includeAdult") is True
    return _given(call.now, call.viewer, adult=asked)


def viewing(call: Call) -> str:
    """What the condition is given on a VIEW surface."""
    return _given(call.now, call.viewer, adult=True)


def to_anybody(now: int) -> str:
    """What the condition is given on a LIST surface that is the same for all; now in µs."""
    return _given(now, None, adult=False)


def _given(now: int, viewer: Did | None, *, adult: bool) -> str:
    return json.dumps({"now": now, "viewer": viewer, "adult": adult})
