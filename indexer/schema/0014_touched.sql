-- What was touched of that which the view of a track shows, so that who keeps views knows which are
-- no longer good (docs/decisions/0011-fragments.md). Written by triggers, so that no writer can
-- forget it; only the newest rows are kept, and their numbers have no gaps: who finds that one is
-- missing lets go of everything.
CREATE TABLE touched (
    seq INTEGER PRIMARY KEY,
    record INTEGER,              -- whose counters moved
    actor INTEGER                -- of whom anything else is new; NULL with `record` = everything
) STRICT;

CREATE TRIGGER touched_long_ago AFTER INSERT ON touched WHEN NEW.seq % 1000 = 0
BEGIN
    DELETE FROM touched WHERE seq <= NEW.seq - 1000;
END;

CREATE TRIGGER touched_by_new_counters AFTER INSERT ON counters
BEGIN
    INSERT INTO touched (record) VALUES (NEW.record);
END;
CREATE TRIGGER touched_by_counters AFTER UPDATE OF likes, comments, lists ON counters
BEGIN
    INSERT INTO touched (record) VALUES (NEW.record);
END;
CREATE TRIGGER touched_by_lost_counters AFTER DELETE ON counters
BEGIN
    INSERT INTO touched (record) VALUES (OLD.record);
END;

CREATE TRIGGER touched_by_new_account AFTER INSERT ON actors
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.id);
END;
CREATE TRIGGER touched_by_account AFTER UPDATE OF handle, upstream_active, takedown ON actors
WHEN (NEW.handle, NEW.active) IS NOT (OLD.handle, OLD.active)
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.id);
END;

-- A track also gives its picture to the other tracks of its album. Its labels of its own are
-- written with it, as a list's items are.
CREATE TRIGGER touched_by_new_track AFTER INSERT ON tracks
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_track AFTER UPDATE ON tracks
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_lost_track AFTER DELETE ON tracks
BEGIN
    INSERT INTO touched (actor) VALUES (OLD.actor);
END;

CREATE TRIGGER touched_by_new_album AFTER INSERT ON lists WHEN NEW.album_slug IS NOT NULL
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_album AFTER UPDATE ON lists
WHEN OLD.album_slug IS NOT NULL OR NEW.album_slug IS NOT NULL
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_lost_album AFTER DELETE ON lists WHEN OLD.album_slug IS NOT NULL
BEGIN
    INSERT INTO touched (actor) VALUES (OLD.actor);
END;

CREATE TRIGGER touched_by_new_profile AFTER INSERT ON profiles
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_profile AFTER UPDATE ON profiles
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_lost_profile AFTER DELETE ON profiles
BEGIN
    INSERT INTO touched (actor) VALUES (OLD.actor);
END;
CREATE TRIGGER touched_by_new_bsky_profile AFTER INSERT ON bsky_profiles
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_bsky_profile AFTER UPDATE ON bsky_profiles
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_lost_bsky_profile AFTER DELETE ON bsky_profiles
BEGIN
    INSERT INTO touched (actor) VALUES (OLD.actor);
END;

-- A label touches the account that its URI names; one of a version also when the record becomes or
-- ceases to be that.
CREATE TRIGGER touched_by_new_label AFTER INSERT ON labels
BEGIN
    INSERT INTO touched (actor) SELECT id FROM actors WHERE did = iif(NEW.uri LIKE 'at://%',
        substr(NEW.uri, 6, instr(substr(NEW.uri, 6) || '/', '/') - 1), NEW.uri);
END;
CREATE TRIGGER touched_by_label AFTER UPDATE ON labels
BEGIN
    INSERT INTO touched (actor) SELECT id FROM actors WHERE did = iif(NEW.uri LIKE 'at://%',
        substr(NEW.uri, 6, instr(substr(NEW.uri, 6) || '/', '/') - 1), NEW.uri);
END;
CREATE TRIGGER touched_by_lost_label AFTER DELETE ON labels
BEGIN
    INSERT INTO touched (actor) SELECT id FROM actors WHERE did = iif(OLD.uri LIKE 'at://%',
        substr(OLD.uri, 6, instr(substr(OLD.uri, 6) || '/', '/') - 1), OLD.uri);
END;
CREATE TRIGGER touched_by_labelled_version AFTER UPDATE OF cid ON records
WHEN NEW.cid IS NOT OLD.cid AND EXISTS (SELECT 1 FROM labels WHERE record = NEW.id)
BEGIN
    INSERT INTO touched (actor) VALUES (NEW.actor);
END;
CREATE TRIGGER touched_by_labeler AFTER UPDATE OF configured ON labelers
WHEN NEW.configured <> OLD.configured
BEGIN
    INSERT INTO touched (actor) VALUES (NULL);
END;

-- Labels end by themselves: when the next one does, and when the last one did.
CREATE INDEX labels_by_end ON labels (expires_at) WHERE expires_at IS NOT NULL;
