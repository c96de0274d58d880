-- Moderation events: who decided what, of what, and why. Nothing is published without one.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,       -- microseconds since the epoch
    actor TEXT NOT NULL CHECK (actor <> ''),
    action TEXT NOT NULL,      -- label, negate, report …
    subject TEXT NOT NULL,     -- the URI
    cid TEXT,
    reason TEXT,
    notes TEXT
) STRICT;

CREATE INDEX events_by_subject ON events (subject);

CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT raise(ABORT, 'moderation events are never changed'); END;

CREATE TRIGGER events_remain BEFORE DELETE ON events
BEGIN SELECT raise(ABORT, 'moderation events are never deleted'); END;

-- The public keys that labels were signed with, the current one last.
CREATE TABLE keys (
    id INTEGER PRIMARY KEY,
    did_key TEXT NOT NULL UNIQUE,
    since INTEGER NOT NULL     -- microseconds since the epoch
) STRICT;

CREATE TABLE labels (
    seq INTEGER PRIMARY KEY,
    event INTEGER NOT NULL REFERENCES events (id),
    src TEXT NOT NULL,
    uri TEXT NOT NULL,
    cid TEXT,
    val TEXT NOT NULL,
    neg INTEGER NOT NULL CHECK (neg IN (0, 1)),
    cts TEXT NOT NULL,
    exp TEXT,
    sig BLOB NOT NULL,
    key INTEGER NOT NULL REFERENCES keys (id)
) STRICT;

CREATE INDEX labels_by_uri ON labels (uri);
CREATE INDEX labels_by_name ON labels (src, uri, val);

CREATE TRIGGER labels_stay
BEFORE UPDATE OF seq, event, src, uri, cid, val, neg, cts, exp ON labels
BEGIN SELECT raise(ABORT, 'of a label only the signature is ever renewed'); END;

CREATE TABLE head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last INTEGER NOT NULL,     -- the highest seq ever given
    trimmed INTEGER NOT NULL   -- the highest seq ever taken out of the stream
) STRICT;

INSERT INTO head VALUES (1, 0, 0);

CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL UNIQUE REFERENCES events (id),
    at INTEGER NOT NULL,       -- microseconds since the epoch
    reporter TEXT NOT NULL,    -- DID
    reason_type TEXT NOT NULL,
    subject TEXT NOT NULL,     -- DID or AT-URI
    cid TEXT,
    reason TEXT                -- what the reporter wrote
) STRICT;

CREATE INDEX reports_by_reporter ON reports (reporter, at);
