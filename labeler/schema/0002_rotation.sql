-- Whether somebody else may have the key: nothing that it signed is shown any more.
ALTER TABLE keys ADD COLUMN compromised INTEGER NOT NULL DEFAULT 0 CHECK (compromised IN (0, 1));

-- What is to be signed anew.
CREATE INDEX labels_by_key ON labels (key);

-- The key that is to follow the present one. While there is a row nothing is signed.
CREATE TABLE rotation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    did_key TEXT NOT NULL
) STRICT;
