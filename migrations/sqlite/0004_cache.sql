-- Schema 4: smaller files of tracks, in the cache folder beside the ladders.

-- Its name in the cache folder; NULL for a ladder, whose parts are blobs.
ALTER TABLE transcode ADD COLUMN file TEXT;
-- For which quality it was made: high, medium, low; NULL for a ladder.
ALTER TABLE transcode ADD COLUMN quality TEXT;
CREATE INDEX transcode_file ON transcode (file) WHERE file IS NOT NULL;
