-- Schema 6: what a track's file was before it was changed, so that smaller files made of that are known to be outdated;
-- and what a job made, so that a run can be summed up whichever process sees its end.

ALTER TABLE track ADD COLUMN former BLOB;
CREATE INDEX transcode_of_file ON transcode (hash) WHERE file IS NOT NULL;
CREATE INDEX track_former ON track (former) WHERE former IS NOT NULL;

ALTER TABLE job ADD COLUMN files INTEGER NOT NULL DEFAULT 0; -- smaller files that it made
ALTER TABLE job ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0; -- and how many bytes they have
