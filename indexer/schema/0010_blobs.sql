-- Files in the repos of others that a valid record refers to and that we serve: sounds and pictures.
CREATE TABLE blobs (
    cid BLOB NOT NULL,
    actor INTEGER NOT NULL REFERENCES actors,
    record INTEGER NOT NULL REFERENCES records,
    mime_type TEXT NOT NULL,     -- as the record claims it
    size INTEGER NOT NULL,       -- bytes, as the record claims them
    PRIMARY KEY (cid, actor, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_record ON blobs (record);
