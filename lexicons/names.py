"""Every NSID of ours, computed from the namespace setting.

Production, staging and development differ in the namespace alone (``fm.plyr``, ``fm.plyr.stg``,
``fm.plyr.dev``), so code asks `Names` and spells no NSID out. The namespaces share a prefix, so an
NSID belongs to one of them only if it equals one of its names, never because of how it starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from atp.syntax import Nsid

DEFAULT_NAMESPACE = "fm.plyr"
"""The namespace that the packaged schemas are written in."""

FOREIGN_PROFILE = Nsid.parse("app.bsky.actor.profile")
"""The collection of another application that gives known accounts a name and a picture."""

FOREIGN_FOLLOW = Nsid.parse("app.bsky.graph.follow")
"""The collection of another application that says whom an account follows."""

REPO_GET_RECORD = Nsid.parse("com.atproto.repo.getRecord")
LIST_RECORDS = Nsid.parse("com.atproto.repo.listRecords")
DESCRIBE_REPO = Nsid.parse("com.atproto.repo.describeRepo")
RESOLVE_HANDLE = Nsid.parse("com.atproto.identity.resolveHandle")
"""The protocol's own queries for records without proof, repositories and handles."""

GET_RECORD = Nsid.parse("com.atproto.sync.getRecord")
"""The protocol's own query for a record and its proof, which any host may answer."""

MENTION_SEARCH = Nsid.parse("parts.page.mention.search")
"""The query of another application for what can be mentioned in its documents."""


@dataclass(frozen=True)
class Names:
    """The NSIDs under ``namespace``. Raises `InvalidIdentifier` if it cannot begin an NSID."""

    namespace: str = DEFAULT_NAMESPACE

    def __post_init__(self) -> None:
        _ = self.collections  # all of them are well formed, or there is no Names

    def query(self, name: str) -> Nsid:
        """The NSID of what the namespace calls ``name``: ``query("feed.getTrack")``."""
        return Nsid.parse(f"{self.namespace}.{name}")

    @cached_property
    def track(self) -> Nsid:
        """The collection of tracks."""
        return self.query("track")

    @cached_property
    def like(self) -> Nsid:
        """The collection of likes."""
        return self.query("like")

    @cached_property
    def comment(self) -> Nsid:
        """The collection of comments."""
        return self.query("comment")

    @cached_property
    def list(self) -> Nsid:
        """The collection of lists: albums, playlists, favourites."""
        return self.query("list")

    @cached_property
    def profile(self) -> Nsid:
        """The collection of profiles, one record each."""
        return self.query("actor.profile")

    @cached_property
    def collections(self) -> tuple[Nsid, ...]:
        """Our five collections."""
        return (self.track, self.like, self.comment, self.list, self.profile)
