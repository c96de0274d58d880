"""Cover pictures."""

from __future__ import annotations

from appview.state import Track
from appview.views.link import https_link


def image_view(track: Track) -> dict[str, object] | None:
    """The picture that a track claims."""
    url = https_link(track.value.get("imageUrl"))
    return None if url is None else {"url": url}
