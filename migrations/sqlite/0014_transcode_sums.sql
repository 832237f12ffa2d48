-- Schema 14: a checksum of every smaller file, and how many tracks of a run were damaged.

-- BLAKE3 of its bytes, written when it is made; NULL for a ladder, whose parts have theirs in their names, and for what was
-- made before this column.
ALTER TABLE transcode ADD COLUMN sum BLOB;
-- 1 when a job made smaller files of a source that could not be decoded without damage.
ALTER TABLE job ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0;
