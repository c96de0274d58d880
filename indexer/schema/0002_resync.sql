-- Making repos complete: when each may next be fetched, and what happened on the way.

ALTER TABLE repos ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;   -- not to be fetched before
ALTER TABLE repos ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0; -- fetches since the last success
ALTER TABLE repos ADD COLUMN failure TEXT;    -- what the last fetch failed of; NULL = none did
ALTER TABLE repos ADD COLUMN detail TEXT;     -- the same, in words
ALTER TABLE repos ADD COLUMN resyncs INTEGER NOT NULL DEFAULT 0;  -- fetches that made it complete
ALTER TABLE repos ADD COLUMN resynced_at INTEGER;                 -- the last of them
CREATE INDEX repos_due ON repos (due_at) WHERE state = 'desynchronized';

-- What happened to a repo while it was being fetched: the links of its chain, in order of arrival.
-- Their operations are applied already; these say whether a fetched repo leads up to them.
CREATE TABLE waiting (
    id INTEGER PRIMARY KEY,
    actor INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    rev TEXT,                    -- NULL where it is not known: no fetch covers it
    since TEXT,
    before BLOB,                 -- MST root before it; NULL where nothing proves it
    data BLOB                    -- MST root after it
) STRICT;
CREATE INDEX waiting_by_actor ON waiting (actor, id);

-- Asking sources who has records of ours: how far each list has been read. The collection '' stands
-- for the list of all repos.
CREATE TABLE discoveries (
    source TEXT NOT NULL,        -- origin, http or https
    collection TEXT NOT NULL,
    cursor TEXT,
    found INTEGER NOT NULL DEFAULT 0,  -- accounts it named
    finished_at INTEGER,
    failure TEXT,                -- why it ended or does not go on, in words
    PRIMARY KEY (source, collection)
) STRICT, WITHOUT ROWID;
