-- When a session was last used, to end those first that nobody uses. Written at most once an hour; until then the beginning counts.
ALTER TABLE session ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
UPDATE session SET used = created;
