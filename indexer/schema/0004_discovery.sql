-- Finding accounts by what others refer to, and asking patiently for those whose identity is dark.

-- Accounts that were asked for because a record referred to them: at whose cost, and when. Each is
-- asked for once; lists and the stream tell of what it writes later.
CREATE TABLE sought (
    actor INTEGER PRIMARY KEY REFERENCES actors,
    referrer INTEGER NOT NULL REFERENCES actors,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX sought_by_referrer ON sought (referrer, at);
CREATE INDEX sought_by_time ON sought (at);

-- Look-ups of the identity that told nothing, since the last that did.
ALTER TABLE actors ADD COLUMN handle_tries INTEGER NOT NULL DEFAULT 0;
