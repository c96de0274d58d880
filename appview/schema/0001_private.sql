-- What the network does not know and cannot give back.

-- Up to when accounts have seen their notifications, microseconds since the epoch.
CREATE TABLE seen (
    did TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
