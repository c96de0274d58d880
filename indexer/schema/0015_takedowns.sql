-- The operator's takedowns: what the labeler of this service itself calls `!takedown`
-- (docs/decisions/0012-operators-takedown.md).

ALTER TABLE labelers ADD COLUMN own INTEGER NOT NULL DEFAULT 0;   -- 1 = this service's own
CREATE UNIQUE INDEX labelers_own ON labelers (own) WHERE own = 1;

-- The takedowns in force, by what they are of. One that ends by itself is a label as any other; one
-- of a version counts while the record is that.
CREATE VIEW takedowns AS
    SELECT l.uri, l.record FROM labelers s
    CROSS JOIN labels l ON l.labeler = s.id AND l.val = '!takedown'
    WHERE s.own = 1 AND l.neg IS NOT 1 AND l.exp IS NULL
        AND (l.version IS NULL OR l.version = (SELECT cid FROM records WHERE id = l.record));

-- Of an account `actors.takedown` repeats it, as whatever counts or lists asks for that; the code
-- that stores a label sees to those that are known, this to one that becomes known later.
CREATE TRIGGER takedown_of_a_new_account AFTER INSERT ON actors
WHEN NEW.takedown IS NULL AND EXISTS (SELECT 1 FROM takedowns WHERE uri = NEW.did)
BEGIN
    UPDATE actors SET takedown = '!takedown' WHERE id = NEW.id;
END;

DROP TRIGGER touched_by_labeler;
CREATE TRIGGER touched_by_labeler AFTER UPDATE OF configured, own ON labelers
WHEN (NEW.configured, NEW.own) IS NOT (OLD.configured, OLD.own)
BEGIN
    INSERT INTO touched (actor) VALUES (NULL);
END;
