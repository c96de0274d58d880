"""The page at ``/``: what this is, for a person who opened it in a browser."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from appview.cursor import LAST
from appview.labels import to_anybody
from appview.store import Stats, Store
from atp.runtime.asgi import Response
from lexicons.names import Names

_SECURITY = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"referrer-policy", b"no-referrer"),
)

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>plyr AppView</title>
<style>
:root {{ color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }}
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 0 auto;
  padding: 2rem 1rem; }}
h1 {{ font-size: 1.6rem; margin: 0; }}
h2 {{ font-size: 1rem; margin: 2.2rem 0 .5rem; }}
p {{ margin: .5rem 0; }}
dl {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(6rem, 1fr)); gap: 1px;
  margin: 0; background: var(--line); border: 1px solid var(--line); border-radius: .5rem;
  overflow: hidden; }}
dl div {{ background: Canvas; padding: .6rem .8rem; }}
dt {{ font-size: .8rem; opacity: .75; }}
dd {{ margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }}
ul {{ list-style: none; margin: 0; padding: 0; }}
li {{ border-bottom: 1px solid var(--line); padding: .35rem 0; }}
code, li a {{ font: .9rem ui-monospace, monospace; overflow-wrap: anywhere; }}
footer {{ margin-top: 2.2rem; font-size: .85rem; opacity: .75; }}
</style>
<h1>plyr AppView</h1>
<p>An open AppView for <code>{namespace}</code> music on the AT Protocol. It reads the tracks,
likes, comments and lists that people keep in their own repositories, verifies every one, and
answers any client over XRPC. What is public needs no account.</p>
<h2>What it holds</h2>
<dl>{numbers}</dl>
<h2>Ask it</h2>
<ul>{examples}</ul>
<h2>About this service</h2>
<ul>
<li><a href="/docs">/docs</a> — every method, its parameters and its answers</li>
<li><a href="/xrpc/_health">/xrpc/_health</a> — is it current?</li>
<li><a href="/.well-known/did.json">/.well-known/did.json</a> — its DID document</li>
</ul>
<footer>Version {version}</footer>
</html>
"""


def front_page(store: Store, names: Names, version: str, now: int) -> Response:
    """The page, with today's numbers and queries that work on what the index holds; now in µs."""
    with store.snapshot():
        stats = store.stats()
        places = store.latest_tracks(LAST, 1, to_anybody(now))
        newest = store.tracks([place.id for place in places])
    examples = ["feed.getLatestTracks?limit=5", "server.getStats"]
    for track in newest.values():
        if track:
            uri, author = quote(track.uri, safe=":/"), quote(track.author, safe=":")
            examples.append(f"feed.getTrack?uri={uri}")
            examples.append(f"feed.getTrackLikes?uri={uri}")
            examples.append(f"feed.getTrackComments?uri={uri}")
            examples.append(f"actor.getProfile?actor={author}")
            examples.append(f"feed.getActorTracks?actor={author}")
    page = _PAGE.format(
        namespace=escape(names.namespace),
        numbers="".join(
            f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _numbers(stats)
        ),
        examples="".join(_link(names, example) for example in examples),
        version=escape(version),
    )
    return Response(page.encode(), content_type=b"text/html; charset=utf-8", headers=_SECURITY)


def _numbers(stats: Stats) -> list[tuple[str, str]]:
    return [
        ("tracks", f"{stats.tracks:,}"),
        ("artists", f"{stats.artists:,}"),
        ("hours", f"{stats.seconds / 3600:,.1f}"),
        ("likes", f"{stats.likes:,}"),
        ("comments", f"{stats.comments:,}"),
        ("lists", f"{stats.lists:,}"),
        ("accounts", f"{stats.accounts:,}"),
    ]


def _link(names: Names, query: str) -> str:
    name, _, parameters = query.partition("?")
    path = f"/xrpc/{names.query(name)}" + (f"?{parameters}" if parameters else "")
    return f'<li><a href="{escape(path)}">{escape(path)}</a></li>'
