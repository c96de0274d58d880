-- What a repo's PDS says of it, what was missed, and from where each record came.

ALTER TABLE repos ADD COLUMN commit_cid BLOB;    -- the commit at `rev`; NULL where it is not known
ALTER TABLE repos ADD COLUMN pds_rev TEXT;       -- newest rev at its PDS, when that last told it
ALTER TABLE repos ADD COLUMN pds_cid BLOB;       -- the commit at that rev
ALTER TABLE repos ADD COLUMN pds_data BLOB;      -- MST root of that commit, where it was fetched
ALTER TABLE repos ADD COLUMN checked_at INTEGER; -- when its PDS last told, or was last asked in vain
ALTER TABLE repos ADD COLUMN check_failure TEXT; -- why in vain; NULL = it told

-- When commits were last missed, why, and how far the repo was applied then; kept once it is healed.
ALTER TABLE repos ADD COLUMN gap_at INTEGER;
ALTER TABLE repos ADD COLUMN gap_reason TEXT;
ALTER TABLE repos ADD COLUMN gap_rev TEXT;

CREATE INDEX repos_to_check ON repos (checked_at) WHERE state = 'synchronized';

-- Counted every few seconds: how many repos are not complete, and why; how many accounts are hidden.
DROP INDEX repos_by_state;
CREATE INDEX repos_by_reason ON repos (state, reason) WHERE state <> 'synchronized';
CREATE INDEX actors_hidden ON actors (id) WHERE NOT upstream_active OR takedown IS NOT NULL;

-- Where records came from: a source's URL, or the PDS whose repo was fetched as a repair.
CREATE TABLE origins (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    repair INTEGER NOT NULL CHECK (repair IN (0, 1)),
    UNIQUE (name, repair)
) STRICT;
ALTER TABLE records ADD COLUMN origin INTEGER REFERENCES origins;  -- of a live record's value
