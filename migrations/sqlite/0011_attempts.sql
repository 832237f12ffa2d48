-- Why each attempt at a job failed, what is parked found in order, and when results were made.

-- The latest attempts of a job that failed.
CREATE TABLE job_attempt (
    job     INTEGER NOT NULL REFERENCES job (n) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    ended   INTEGER NOT NULL,
    error   TEXT    NOT NULL, -- JSON: kind, sentence, remedy
    PRIMARY KEY (job, attempt)
) WITHOUT ROWID;

CREATE INDEX job_parked ON job (updated, id) WHERE state = 'parked';

-- When the analyzer made that result. Of results from before this schema nobody knows.
ALTER TABLE result ADD COLUMN analyzed INTEGER;
-- The latest of those of the analyzers that were run on the sound.
ALTER TABLE content ADD COLUMN analyzed INTEGER;

-- A reason that its track has got over is none any more.
UPDATE track SET enrichment_error = NULL WHERE enrichment <> 'failed' AND enrichment_error IS NOT NULL;

-- A job is parked only while the same work is neither queued again nor done: at most one job of a key is.
UPDATE job SET state = 'cancelled' WHERE state = 'parked' AND dedupe_key IS NOT NULL AND EXISTS (
    SELECT 1 FROM job a WHERE a.subject = job.subject AND a.dedupe_key = job.dedupe_key AND a.n <> job.n
        AND (a.state IN ('waiting', 'running') OR (a.state IN ('parked', 'done') AND a.n > job.n)));
UPDATE job SET state = 'cancelled' WHERE state = 'parked' AND queue = 'enrich-track-audio' AND EXISTS (
    SELECT 1 FROM track t WHERE t.id = job.subject AND t.enrichment = 'completed');
UPDATE job SET state = 'cancelled' WHERE state = 'parked' AND queue IN ('analyze-track', 'process-track') AND EXISTS (
    SELECT 1 FROM track t WHERE t.id = job.subject AND t.content IS NOT NULL AND t.failure IS NULL
        AND t.state IN ('enriching', 'ready', 'published'));
