-- Labels: what labelers say of accounts, records and anything else that has a URI, and what authors
-- say of their own records.

-- Whose labels we take. One that is no longer configured keeps its rows and its cursor, and nothing
-- uses them until it is configured again.
CREATE TABLE labelers (
    id INTEGER PRIMARY KEY,
    did TEXT NOT NULL UNIQUE,
    configured INTEGER NOT NULL DEFAULT 1,
    cursor INTEGER NOT NULL DEFAULT 0   -- seq of the last message whose labels are stored
) STRICT;

-- The newest label for each source, subject and name; one that takes another back is a row too. The
-- columns up to `sig` are the label as it was signed. What its subject is known as here is linked
-- when either of the two arrives.
CREATE TABLE labels (
    labeler INTEGER NOT NULL REFERENCES labelers,
    uri TEXT NOT NULL,
    val TEXT NOT NULL,
    cid TEXT,
    neg INTEGER,                 -- NULL = the field was not there
    cts TEXT NOT NULL,
    exp TEXT,
    sig BLOB NOT NULL,
    counts_at INTEGER NOT NULL,  -- cts in microseconds; 0 where that claims the future
    expires_at INTEGER,          -- exp in microseconds
    version BLOB,                -- 36 bytes of `cid`; empty where no record can have that one
    actor INTEGER REFERENCES actors,
    record INTEGER REFERENCES records,
    PRIMARY KEY (labeler, uri, val)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_uri ON labels (uri);
CREATE INDEX labels_by_actor ON labels (actor) WHERE actor IS NOT NULL;
CREATE INDEX labels_by_record ON labels (record) WHERE record IS NOT NULL;

CREATE TRIGGER labels_of_a_new_account AFTER INSERT ON actors
WHEN EXISTS (SELECT 1 FROM labels)
BEGIN
    UPDATE labels SET actor = NEW.id WHERE uri = NEW.did;
END;

CREATE TRIGGER labels_of_a_new_record AFTER INSERT ON records
WHEN EXISTS (SELECT 1 FROM labels)
BEGIN
    UPDATE labels SET record = NEW.id
        WHERE uri = 'at://' || (SELECT did FROM actors WHERE id = NEW.actor) || '/'
            || (SELECT nsid FROM collections WHERE id = NEW.collection) || '/' || NEW.rkey;
END;

-- What authors say of their own tracks inside them.
CREATE TABLE self_labels (
    record INTEGER NOT NULL REFERENCES records,
    val TEXT NOT NULL,
    PRIMARY KEY (record, val)
) STRICT, WITHOUT ROWID;
