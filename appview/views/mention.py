"""What may be mentioned in a document, in the shape of ``parts.page.mention.search``.

A result refers to a page of the music site. The site's own numbers of tracks and playlists are not
in their records, so those go by AT-URI, which it leads on to the page.
"""

from __future__ import annotations

from appview.pasted import SITE, page_of
from appview.state import State
from appview.views.actor import actor_view
from appview.views.image import image_view
from atp.syntax import Did, Handle
from lexicons.slug import slug

TRACK_SIZE = {"width": 600, "height": 160}
SIZE = {"width": 600, "height": 400}
"""Pixels of a frame."""


def track_mention(key: int, state: State) -> dict[str, object]:
    """A track."""
    track = state.tracks[key]
    assert track, "rules leave absent rows out"
    page = page_of(track.uri)
    image = image_view(key, state)
    return {
        **_result(page, str(track.value["title"]), "track"),
        "description": f"by {_name(track.author, state)}",
        **({"icon": image["url"]} if image else {}),
        "embed": {"src": page, **TRACK_SIZE},
    }


def artist_mention(did: Did, state: State) -> dict[str, object]:
    """An account."""
    actor = actor_view(did, state)
    who = _who(did, state)
    return {
        **_result(f"{SITE}/u/{who}", _name(did, state), "artist"),
        "description": who if who == did else f"@{who}",
        **({"icon": actor["avatar"]} if "avatar" in actor else {}),
        "embed": {"src": f"{SITE}/embed/u/{who}", **SIZE},
    }


def album_mention(key: int, state: State) -> dict[str, object]:
    """A list that is an album."""
    album = state.lists[key]
    assert album, "rules leave absent rows out"
    name = str(album.value.get("name") or "")
    path = f"{_who(album.author, state)}/{{}}{slug(name) or album.uri.rkey}"
    return {
        **_result(f"{SITE}/u/{path.format('album/')}", name, "album"),
        "description": f"by {_name(album.author, state)}",
        "embed": {"src": f"{SITE}/embed/album/{path.format('')}", **SIZE},
    }


def playlist_mention(key: int, state: State) -> dict[str, object]:
    """A list that is a playlist."""
    playlist = state.lists[key]
    assert playlist, "rules leave absent rows out"
    items = playlist.value["items"]
    assert isinstance(items, list), "the lexicon makes it an array"
    page = page_of(playlist.uri)
    return {
        **_result(page, str(playlist.value.get("name") or ""), "playlist"),
        "description": f"by {_name(playlist.author, state)} · {len(items)} tracks",
        "embed": {"src": page, **SIZE},
    }


def _result(page: str, name: str, what: str) -> dict[str, object]:
    return {
        "uri": page,
        "name": name,
        "href": page,
        "labels": [{"text": what}],
        "subscope": {"scope": f"{what}s", "label": f"{what}s".capitalize()},
    }


def _name(did: Did, state: State) -> str:
    actor = state.actors[did]
    return (actor.display_name if actor else None) or _who(did, state)


def _who(did: Did, state: State) -> str:
    """How an account is named in an address: by handle, where that is verified."""
    actor = state.actors[did]
    return did if actor is None or actor.handle == Handle.INVALID else actor.handle
