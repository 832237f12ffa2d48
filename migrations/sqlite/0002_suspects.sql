-- Schema 2: how often in a row the holder of a job died of it, or beside it.

ALTER TABLE job ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
CREATE INDEX job_suspect ON job (queue, priority DESC, run_at, n) WHERE state = 'waiting' AND deaths > 0;
