-- What can be searched for, as folded text (`lexicons/fold.py`): tracks, accounts and lists.

-- How well known a record is: a logarithm of its likes.
ALTER TABLE counters ADD COLUMN standing INTEGER GENERATED ALWAYS AS
    ((likes >= 8) + (likes >= 64) + (likes >= 512) + (likes >= 4096) + (likes >= 32768)) VIRTUAL;

-- `doc` is kind, standing and key in one number (`indexer.schema.Kind`), so that the documents of a
-- kind, read downwards, come best known first and then newest first.
CREATE TABLE search_entries (
    doc INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    key INTEGER NOT NULL,        -- the record of a track or list, or the account
    actor INTEGER NOT NULL,      -- whose it is
    sort_at INTEGER NOT NULL,
    name TEXT NOT NULL,          -- title, display name, name of a list
    also TEXT NOT NULL,          -- what else is searched: artist and album, handle and bio
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX search_by_name ON search_entries (kind, name);

CREATE TRIGGER search_entry_rises_or_falls AFTER UPDATE OF likes ON counters
WHEN NEW.standing <> OLD.standing
BEGIN
    UPDATE search_entries SET doc = (kind << 60) | (NEW.standing << 52) | key
    WHERE kind IN (1, 3) AND key = NEW.record;
END;

-- The words of these texts, and in how many documents of a kind each is.
CREATE TABLE search_words (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    word TEXT NOT NULL,
    uses INTEGER NOT NULL,
    UNIQUE (kind, word)
) STRICT;

-- Documents by word. Text is folded already, so that words end at spaces and nowhere else.
CREATE VIRTUAL TABLE search_text USING fts5 (
    name, also, content = 'search_entries', content_rowid = 'doc', detail = 'none', columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 0 categories ''L* M* N* P* S* C*'''
);
CREATE TRIGGER search_text_new AFTER INSERT ON search_entries
BEGIN
    INSERT INTO search_text (rowid, name, also) VALUES (NEW.doc, NEW.name, NEW.also);
END;
CREATE TRIGGER search_text_gone AFTER DELETE ON search_entries
BEGIN
    INSERT INTO search_text (search_text, rowid, name, also)
        VALUES ('delete', OLD.doc, OLD.name, OLD.also);
END;
CREATE TRIGGER search_text_moved AFTER UPDATE ON search_entries
BEGIN
    INSERT INTO search_text (search_text, rowid, name, also)
        VALUES ('delete', OLD.doc, OLD.name, OLD.also);
    INSERT INTO search_text (rowid, name, also) VALUES (NEW.doc, NEW.name, NEW.also);
END;

-- Words by what is inside of them; of shorter ones, that is the word itself.
CREATE VIRTUAL TABLE search_infixes USING fts5 (
    word, content = 'search_words', content_rowid = 'id', detail = 'none', columnsize = 0,
    tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER search_infixes_new AFTER INSERT ON search_words WHEN length(NEW.word) > 3
BEGIN
    INSERT INTO search_infixes (rowid, word) VALUES (NEW.id, NEW.word);
END;
CREATE TRIGGER search_infixes_gone AFTER DELETE ON search_words WHEN length(OLD.word) > 3
BEGIN
    INSERT INTO search_infixes (search_infixes, rowid, word) VALUES ('delete', OLD.id, OLD.word);
END;

-- One row: which projection the typed rows are (`indexer.schema.PROJECTION`).
CREATE TABLE projection (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO projection (id, number) VALUES (0, 0);
