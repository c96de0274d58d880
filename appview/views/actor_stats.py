"""An artist's figures."""

from __future__ import annotations

from collections.abc import Sequence

from appview.figures import DAY, Figures
from appview.state import Page, State
from appview.views.moment import moment
from appview.views.track import track_view


def actor_stats_view(stats: Figures, days: range, page: Page, state: State) -> dict[str, object]:
    """Totals, the best tracks that are shown, and each of the days since the epoch."""

    def top(keys: Sequence[int]) -> list[dict[str, object]]:
        return [track_view(key, state) for key in keys if key in page.tracks]

    return {
        "tracks": stats.totals.tracks,
        "durationSeconds": stats.totals.seconds,
        "likes": stats.totals.likes,
        "comments": stats.totals.comments,
        "listAdds": stats.totals.lists,
        "topLiked": top(stats.liked),
        "topCommented": top(stats.commented),
        "topListed": top(stats.listed),
        "days": [
            {
                "date": moment(day * DAY)[:10],
                "likes": stats.likes.get(day, 0),
                "comments": stats.comments.get(day, 0),
                "listAdds": stats.list_adds.get(day, 0),
            }
            for day in days
        ],
    }
