"""What a station plays."""

from __future__ import annotations

from collections.abc import Sequence

from appview.radio import SECOND, Slot, Station, playing, up_next
from appview.state import Page, State
from appview.views.moment import moment
from appview.views.track import track_view


def radio_view(
    station: Station, slots: Sequence[Slot], page: Page, state: State, now: int
) -> dict[str, object]:
    """The track that is played, what comes next, and all that is; ``page`` says what is shown."""
    since = station.since(now)
    seconds = sum(slot.seconds for slot in slots)
    tracks = [track for key in page.tracks if (track := state.tracks[key])]
    view: dict[str, object] = {
        "station": station.name,
        "upNext": [],
        "rotation": {
            "since": moment(since),
            "until": moment(since + station.window),
            "durationMs": seconds * 1_000,
            "tracks": [track.uri for track in tracks],
        },
    }
    if not slots:
        return view
    played = playing(slots, now)
    slot = slots[played.place]
    following = [one.track for one in up_next(slots, played.place)]
    view["upNext"] = [track_view(key, state) for key in following if key in page.tracks]
    if slot.track in page.tracks:
        view["current"] = track_view(slot.track, state)
        view["progress"] = {
            "positionMs": played.position // 1_000,
            "durationMs": slot.seconds * SECOND // 1_000,
            "startedAt": moment(now - played.position),
        }
    return view
