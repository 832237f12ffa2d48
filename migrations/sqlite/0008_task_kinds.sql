-- Tasks of one kind, the latest first: a busy kind must not push what is rare out of the history.
ALTER TABLE task ADD COLUMN kind TEXT GENERATED ALWAYS AS (json_extract(body, '$.kind')) VIRTUAL;
CREATE INDEX task_by_kind ON task (kind, created, id);
CREATE INDEX task_under_way ON task (created, id) WHERE NOT over;
