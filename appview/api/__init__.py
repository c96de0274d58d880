"""The queries, one module each; a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from appview.api import (
    actor_get_profile,
    feed_get_actor_tracks,
    feed_get_latest_tracks,
    feed_get_track,
    feed_get_track_comments,
    feed_get_track_likes,
    feed_get_tracks,
    graph_get_list,
    server_get_stats,
    sync_explain_record,
    sync_get_repo_status,
)
from appview.pipeline import Answer

QUERIES: Mapping[str, Answer] = {
    "actor.getProfile": actor_get_profile.answer,
    "feed.getActorTracks": feed_get_actor_tracks.answer,
    "feed.getLatestTracks": feed_get_latest_tracks.answer,
    "feed.getTrack": feed_get_track.answer,
    "feed.getTrackComments": feed_get_track_comments.answer,
    "feed.getTrackLikes": feed_get_track_likes.answer,
    "feed.getTracks": feed_get_tracks.answer,
    "graph.getList": graph_get_list.answer,
    "server.getStats": server_get_stats.answer,
    "sync.explainRecord": sync_explain_record.answer,
    "sync.getRepoStatus": sync_get_repo_status.answer,
}
"""By name within the namespace."""
