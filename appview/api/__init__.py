"""The queries, one module each; a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from appview.api import (
    actor_get_profile,
    actor_get_profiles,
    actor_get_suggestions,
    actor_search_actors,
    feed_get_activity,
    feed_get_actor_likes,
    feed_get_actor_tracks,
    feed_get_for_you,
    feed_get_latest_tracks,
    feed_get_radio,
    feed_get_top_tracks,
    feed_get_track,
    feed_get_track_comments,
    feed_get_track_likes,
    feed_get_tracks,
    feed_search_tracks,
    graph_get_actor_albums,
    graph_get_actor_lists,
    graph_get_album,
    graph_get_list,
    graph_get_track_lists,
    graph_search_lists,
    moderation_query_labels,
    notification_get_unread_count,
    notification_list_notifications,
    notification_update_seen,
    repo_get_record,
    repo_list_records,
    server_get_actor_stats,
    server_get_stats,
    sync_explain_record,
    sync_get_repo_status,
)
from appview.aside import Aside
from appview.call import Call
from appview.fragments import Fragments
from appview.pipeline import Answer, Given
from appview.private import Private
from appview.ranking import Rankings
from appview.store import Store
from atp.syntax import Nsid
from lexicons.names import LIST_RECORDS, REPO_GET_RECORD

QUERIES: Mapping[str, Answer] = {
    "actor.getProfile": actor_get_profile.answer,
    "actor.getProfiles": actor_get_profiles.answer,
    "feed.getActivity": feed_get_activity.answer,
    "feed.getActorLikes": feed_get_actor_likes.answer,
    "feed.getTrack": feed_get_track.answer,
    "feed.getTrackComments": feed_get_track_comments.answer,
    "feed.getTrackLikes": feed_get_track_likes.answer,
    "feed.getTracks": feed_get_tracks.answer,
    "graph.getActorAlbums": graph_get_actor_albums.answer,
    "graph.getActorLists": graph_get_actor_lists.answer,
    "graph.getAlbum": graph_get_album.answer,
    "graph.getList": graph_get_list.answer,
    "graph.getTrackLists": graph_get_track_lists.answer,
    "moderation.queryLabels": moderation_query_labels.answer,
    "server.getStats": server_get_stats.answer,
    "sync.explainRecord": sync_explain_record.answer,
    "sync.getRepoStatus": sync_get_repo_status.answer,
}
"""By name within the namespace."""

ENCODED: Mapping[str, Callable[[Store, Call, Fragments], Given]] = {
    "feed.getActorTracks": feed_get_actor_tracks.answer,
    "feed.getLatestTracks": feed_get_latest_tracks.answer,
}
"""Those that are put together from tracks that are encoded already."""

RANKED: Mapping[str, Callable[[Store, Call, Rankings], Awaitable[dict[str, object]]]] = {
    "actor.getSuggestions": actor_get_suggestions.answer,
    "feed.getForYou": feed_get_for_you.answer,
    "feed.getTopTracks": feed_get_top_tracks.answer,
}
"""Those that page over a ranking."""

SEARCHES: Mapping[str, Callable[[Store, Call, Rankings], Awaitable[Given]]] = {
    "actor.searchActors": actor_search_actors.answer,
    "feed.searchTracks": feed_search_tracks.answer,
    "graph.searchLists": graph_search_lists.answer,
}
"""Those that page over a ranking that is made anew for each first page."""

ASIDE: Mapping[str, Callable[[Store, Call, Aside], Awaitable[dict[str, object]]]] = {
    "feed.getRadio": feed_get_radio.answer,
    "server.getActorStats": server_get_actor_stats.answer,
}
"""Those that take a long read."""

PRIVATE: Mapping[str, Callable[[Store, Call, Private], Given | Awaitable[Given]]] = {
    "notification.getUnreadCount": notification_get_unread_count.answer,
    "notification.listNotifications": notification_list_notifications.answer,
    "notification.updateSeen": notification_update_seen.answer,
}
"""Those for an account alone, of what it has told us."""

PROTOCOL: Mapping[Nsid, Answer] = {
    LIST_RECORDS: repo_list_records.answer,
    REPO_GET_RECORD: repo_get_record.answer,
}
"""The protocol's own, by NSID."""

DESCRIBE_SERVER = "server.describeServer"
"""The query about the server itself, of which `appview.app` knows."""

TIMELINE = "feed.getTimeline"
"""The query that needs the indexer too, so that `appview.app` puts it together."""
