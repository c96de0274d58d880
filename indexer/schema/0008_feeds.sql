-- What feeds, rankings and notifications walk: acts of everybody and of one account by time, tracks
-- by likes, and what happened to an account's tracks.

CREATE INDEX likes_latest ON likes (sort_at DESC, record DESC);
CREATE INDEX likes_by_actor_time ON likes (actor, sort_at DESC, record DESC);
CREATE INDEX comments_latest ON comments (sort_at DESC, record DESC);
DROP INDEX comments_by_actor;
CREATE INDEX comments_by_actor ON comments (actor, sort_at DESC, record DESC);
CREATE INDEX lists_latest ON lists (sort_at DESC, record DESC);
CREATE INDEX counters_by_likes ON counters (likes DESC, record DESC) WHERE likes > 0;

-- When a list came to hold what it holds now. A record says that of no item, so this is kept beside
-- the raw record, as its first-seen time is, and goes when the list is deleted.
CREATE TABLE list_adds (
    list INTEGER NOT NULL REFERENCES records,
    subject INTEGER NOT NULL REFERENCES records,
    at INTEGER NOT NULL,
    PRIMARY KEY (list, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_adds_latest ON list_adds (at DESC, list, subject);
CREATE TRIGGER adds_of_a_list_that_is_gone AFTER UPDATE OF state ON records
WHEN NEW.state = 'deleted'
BEGIN
    DELETE FROM list_adds WHERE list = NEW.id;
END;
INSERT INTO list_adds (list, subject, at)
    SELECT DISTINCT i.list, i.subject, l.sort_at FROM list_items i JOIN lists l ON l.record = i.list;

-- What others did with an account's tracks, known to us or not, and tracks that feature it. A list
-- tells an account once of what it took up at one time.
CREATE TABLE notifications (
    owner INTEGER NOT NULL REFERENCES actors,    -- who is told
    sort_at INTEGER NOT NULL,
    record INTEGER NOT NULL REFERENCES records,  -- the like, comment or list; the track that features
    kind TEXT NOT NULL CHECK (kind IN ('like', 'comment', 'list', 'feature')),
    subject INTEGER NOT NULL REFERENCES records, -- the track that it is about
    PRIMARY KEY (owner, sort_at DESC, record DESC)
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_by_record ON notifications (record);
