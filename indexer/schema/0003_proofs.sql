-- What proves a live record to somebody else (com.atproto.sync.getRecord): the signed commit that
-- wrote it and the MST nodes from that commit's root to its key. Each block is kept once, however
-- many records it proves. A record that came by another way than a commit has no proof.
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY,
    cid BLOB NOT NULL UNIQUE,
    block BLOB NOT NULL
) STRICT;

CREATE TABLE proof_blocks (
    record INTEGER NOT NULL REFERENCES records ON DELETE CASCADE,
    position INTEGER NOT NULL,   -- 0 is the commit, then the nodes from the root down
    block INTEGER NOT NULL REFERENCES blocks,
    PRIMARY KEY (record, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX proof_blocks_by_block ON proof_blocks (block);

-- A proof goes with the version that it proves, whoever overwrites, deletes or purges that one.
CREATE TRIGGER proof_of_a_version_that_is_gone AFTER UPDATE OF cid ON records
WHEN OLD.cid IS NOT NULL AND OLD.cid IS NOT NEW.cid
BEGIN
    DELETE FROM proof_blocks WHERE record = OLD.id;
END;

CREATE TRIGGER block_that_proves_nothing AFTER DELETE ON proof_blocks
WHEN NOT EXISTS (SELECT 1 FROM proof_blocks WHERE block = OLD.block)
BEGIN
    DELETE FROM blocks WHERE id = OLD.block;
END;
