-- Whom the accounts that ask for their timelines follow on Bluesky. None of it counts for anything
-- else, and it can be read again from their PDSes: see docs/decisions/0010-follows.md.

-- An account that has asked for its timeline; forgotten when it does not ask for long.
CREATE TABLE viewers (
    id INTEGER PRIMARY KEY,
    did TEXT NOT NULL UNIQUE,
    asked_at INTEGER NOT NULL,   -- when it asked last, as far as the indexer was told
    rev TEXT,                    -- where its repo stood before the reading that `read_at` tells of
    read_at INTEGER,             -- when its follows were last read to the end; NULL = never
    due_at INTEGER,              -- when to read them (again); NULL = nothing puts them in doubt
    attempts INTEGER NOT NULL DEFAULT 0, -- readings that failed since the last that did not
    failure TEXT                 -- why the last one failed, in words; NULL = it did not
) STRICT;
CREATE INDEX viewers_due ON viewers (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX viewers_by_asking ON viewers (asked_at);

-- Their follow records by key.
CREATE TABLE follows (
    viewer INTEGER NOT NULL REFERENCES viewers ON DELETE CASCADE,
    rkey TEXT NOT NULL,
    subject TEXT,                -- DID of the account followed; NULL = deleted, to outlast replays
    rev TEXT NOT NULL,           -- of the commit that wrote it, or where the repo stood when read
    PRIMARY KEY (viewer, rkey)
) STRICT, WITHOUT ROWID;
