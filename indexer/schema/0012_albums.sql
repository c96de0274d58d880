-- Albums: the lists of that type, and what tracks say that they are from. Both meet in the slug of
-- their title (`lexicons/slug.py`), which only code can compute: hence the rebuild.

ALTER TABLE tracks ADD COLUMN album_slug TEXT;  -- NULL where the track is from no album
ALTER TABLE tracks ADD COLUMN image TEXT;       -- a URI that the author claims
ALTER TABLE lists ADD COLUMN album_slug TEXT;   -- NULL where the list is no album
CREATE INDEX tracks_by_album ON tracks (actor, album_slug, sort_at, record)
    WHERE album_slug IS NOT NULL;
CREATE INDEX lists_by_album ON lists (actor, album_slug, sort_at, record)
    WHERE album_slug IS NOT NULL;

UPDATE projection SET number = 0;
