-- The index: everything derived from the network. Times are microseconds since the epoch (UTC),
-- CIDs their 36 bytes, revs TIDs. Keys are integers; URIs and DIDs are mapped at the edge.

CREATE TABLE actors (
    id INTEGER PRIMARY KEY,
    did TEXT NOT NULL UNIQUE,
    handle TEXT,                 -- verified both ways, or 'handle.invalid'; NULL until looked up
    handle_due INTEGER,          -- when to look it up again; NULL = we hold nothing of this account
    pds TEXT,                    -- origin of its PDS in its DID document, when last looked up
    upstream_active INTEGER NOT NULL DEFAULT 1,
    upstream_status TEXT,        -- the hosting status last told, verbatim
    takedown TEXT,               -- this operator's own takedown and its reason; NULL = none
    active INTEGER GENERATED ALWAYS AS (upstream_active AND takedown IS NULL) VIRTUAL,
    -- What the account holds, whether it is active or not. Totals add up the active ones.
    records INTEGER NOT NULL DEFAULT 0,   -- live records of ours, valid or not
    tracks INTEGER NOT NULL DEFAULT 0,    -- live valid tracks
    likes INTEGER NOT NULL DEFAULT 0,     -- distinct subjects of live valid likes
    comments INTEGER NOT NULL DEFAULT 0,
    lists INTEGER NOT NULL DEFAULT 0,
    seconds INTEGER NOT NULL DEFAULT 0    -- total duration of its tracks
) STRICT;
CREATE INDEX actors_by_handle ON actors (handle) WHERE handle IS NOT NULL;
CREATE INDEX actors_handle_due ON actors (handle_due) WHERE handle_due IS NOT NULL;

-- A repo that has ever held a record of ours.
CREATE TABLE repos (
    actor INTEGER PRIMARY KEY REFERENCES actors,
    rev TEXT,                    -- newest rev applied; NULL before the first
    data BLOB,                   -- MST root at that rev
    state TEXT NOT NULL CHECK (state IN ('desynchronized', 'in_progress', 'synchronized')),
    reason TEXT,                 -- why it is not synchronized; NULL when it is
    changed_at INTEGER NOT NULL, -- when state or reason last changed
    CHECK ((state = 'synchronized') = (reason IS NULL))
) STRICT;
CREATE INDEX repos_by_state ON repos (state) WHERE state <> 'synchronized';

CREATE TABLE collections (
    id INTEGER PRIMARY KEY,
    nsid TEXT NOT NULL UNIQUE
) STRICT;

-- One row per AT-URI that we know of. 'unseen' is a URI that others refer to and that has not
-- arrived; 'deleted' is a tombstone: it keeps the rev of the delete and nothing of the value.
CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    actor INTEGER NOT NULL REFERENCES actors,
    collection INTEGER NOT NULL REFERENCES collections,
    rkey TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unseen', 'valid', 'invalid', 'deleted')),
    rev TEXT,                    -- rev of the commit that last wrote or deleted it
    cid BLOB,
    value BLOB,                  -- its own DAG-CBOR bytes; NULL where they could not be had
    first_seen INTEGER,
    problems TEXT,               -- JSON array of lexicon problems and tolerated shapes
    UNIQUE (actor, collection, rkey),
    CHECK ((state IN ('valid', 'invalid')) = (cid IS NOT NULL)),
    CHECK (value IS NOT NULL OR state <> 'valid')
) STRICT;

-- How often a URI is referred to by live valid records of active accounts, known to us or not.
CREATE TABLE counters (
    record INTEGER PRIMARY KEY REFERENCES records,
    likes INTEGER NOT NULL DEFAULT 0,     -- distinct accounts
    comments INTEGER NOT NULL DEFAULT 0,  -- comment records
    lists INTEGER NOT NULL DEFAULT 0      -- list records that hold it at least once
) STRICT;

-- Typed rows of valid records. sort_at = min(claimed createdAt, first seen). Without rowid, so that
-- the record is an ordinary column, and a page deep among equal sort keys starts with one search.
CREATE TABLE tracks (
    record INTEGER PRIMARY KEY REFERENCES records,
    actor INTEGER NOT NULL REFERENCES actors,
    sort_at INTEGER NOT NULL,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    album TEXT,
    seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tracks_latest ON tracks (sort_at DESC, record DESC);
CREATE INDEX tracks_by_actor ON tracks (actor, sort_at DESC, record DESC);

CREATE TABLE likes (
    record INTEGER PRIMARY KEY REFERENCES records,
    actor INTEGER NOT NULL REFERENCES actors,
    subject INTEGER NOT NULL REFERENCES records,
    subject_cid BLOB NOT NULL,
    sort_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX likes_by_subject ON likes (subject, sort_at DESC, record DESC);
CREATE INDEX likes_by_actor ON likes (actor, subject);

CREATE TABLE comments (
    record INTEGER PRIMARY KEY REFERENCES records,
    actor INTEGER NOT NULL REFERENCES actors,
    subject INTEGER NOT NULL REFERENCES records,
    subject_cid BLOB NOT NULL,
    position_ms INTEGER NOT NULL,
    sort_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX comments_by_position ON comments (subject, position_ms, record);
CREATE INDEX comments_by_time ON comments (subject, sort_at DESC, record DESC);
CREATE INDEX comments_by_actor ON comments (actor);

CREATE TABLE lists (
    record INTEGER PRIMARY KEY REFERENCES records,
    actor INTEGER NOT NULL REFERENCES actors,
    list_type TEXT,
    name TEXT,
    items INTEGER NOT NULL,      -- how many items it names, known to us or not
    sort_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lists_by_actor ON lists (actor, sort_at DESC, record DESC);

CREATE TABLE list_items (
    list INTEGER NOT NULL REFERENCES lists,
    position INTEGER NOT NULL,   -- from 0, in the record's order
    subject INTEGER NOT NULL REFERENCES records,
    subject_cid BLOB NOT NULL,
    PRIMARY KEY (list, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_items_by_subject ON list_items (subject, list);

CREATE TABLE profiles (
    record INTEGER PRIMARY KEY REFERENCES records,
    actor INTEGER NOT NULL UNIQUE REFERENCES actors,
    bio TEXT,
    avatar TEXT                  -- a URI the account claims
) STRICT;

-- app.bsky.actor.profile of known accounts: display name and avatar.
CREATE TABLE bsky_profiles (
    record INTEGER PRIMARY KEY REFERENCES records,
    actor INTEGER NOT NULL UNIQUE REFERENCES actors,
    display_name TEXT,
    avatar_cid TEXT,
    avatar_type TEXT
) STRICT;

-- One row per upstream stream. Its cursor moves in the transaction that wrote what it covers.
CREATE TABLE sources (
    url TEXT PRIMARY KEY,
    cursor INTEGER,              -- end of the finished prefix; NULL = start at the live tail
    configured INTEGER NOT NULL DEFAULT 1,  -- 0 = once used; only its cursor is kept
    connected INTEGER NOT NULL DEFAULT 0,
    lag INTEGER NOT NULL DEFAULT 0,   -- age of the newest event when it came, 0 once caught up
    heartbeat_at INTEGER,        -- when the source last showed life: a frame, a pong
    error TEXT                   -- why it is not connected, in words
) STRICT;

-- One row: when the writing process last showed life.
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    at INTEGER NOT NULL
) STRICT;
INSERT INTO heartbeat (id, at) VALUES (0, 0);
