-- What is told of accounts by events, and what their PDSes say: the reasons for the confirmed status
-- in `actors` (`indexer/hosting.py` is the table). An account of which nothing was ever told, and
-- which nothing put in doubt, has no row.
CREATE TABLE statuses (
    actor INTEGER PRIMARY KEY REFERENCES actors,
    told_active INTEGER,         -- what the newest `#account` event told; NULL = none came
    told_status TEXT,
    told_at INTEGER,             -- the event's own time, or when it came if that was earlier
    told_by TEXT,                -- URL of the source that it came from
    settled INTEGER NOT NULL DEFAULT 0,  -- whether a PDS or the directory made a statement since
    answer TEXT,                 -- what came of asking last: `indexer.hosting.Answer`; NULL = never
    answer_status TEXT,          -- the status that the PDS gave with it
    answered_at INTEGER,
    answered_by TEXT,            -- origin of the PDS; NULL = it did not come to that
    purged INTEGER NOT NULL DEFAULT 0,   -- what it held was purged and it was not shown since
    due_at INTEGER,              -- when to ask (again); NULL = not before something is told
    attempts INTEGER NOT NULL DEFAULT 0, -- questions without a statement since the last one
    CHECK ((told_active IS NULL) = (told_at IS NULL)),
    CHECK ((answer IS NULL) = (answered_at IS NULL))
) STRICT;
CREATE INDEX statuses_due ON statuses (due_at) WHERE due_at IS NOT NULL;

-- Accounts that were hidden on an event's word alone are asked about.
INSERT INTO statuses (actor, purged, due_at)
    SELECT id, upstream_status IS 'deleted', 0 FROM actors WHERE NOT upstream_active;
