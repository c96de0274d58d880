-- What a source sees of our namespace, compared with the other sources.
ALTER TABLE sources ADD COLUMN agreed_seq INTEGER;   -- start of its blind window, or of the next one
ALTER TABLE sources ADD COLUMN agreed_at INTEGER;    -- time of the commit there
ALTER TABLE sources ADD COLUMN blind_since INTEGER;  -- time of the first commit missed; NULL = it sees
ALTER TABLE sources ADD COLUMN rewinds INTEGER NOT NULL DEFAULT 0;  -- since it last saw for long
ALTER TABLE sources ADD COLUMN gap_at INTEGER;       -- when it last had not kept what should come next
ALTER TABLE sources ADD COLUMN gap_open INTEGER NOT NULL DEFAULT 0;  -- 1 = discovery is to heal it
ALTER TABLE sources ADD COLUMN hosts TEXT NOT NULL DEFAULT '[]';  -- JSON: PDSes it has delivered from
