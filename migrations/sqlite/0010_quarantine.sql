-- Schema step: files of ours that no row names are kept for a time before they are deleted.

CREATE TABLE quarantine (
    kind       TEXT    NOT NULL CHECK (kind IN ('cover', 'upload', 'media', 'cache')),
    name       TEXT    NOT NULL, -- of a blob: its hash in hexadecimal; of a cached file: its name
    size_bytes INTEGER NOT NULL,
    missed     INTEGER NOT NULL, -- when this database first found that no row names it
    seen       INTEGER NOT NULL, -- when that was last found
    waited_ms  INTEGER NOT NULL, -- how long that was so, as far as this database looked; a clock that jumps adds little
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;

-- One row about this database as a whole.
CREATE TABLE installation (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    begun INTEGER, -- when it was made beside files of a database that was lost, because somebody asked for that
    mark  TEXT     -- also stored beside the blobs; where the two differ, the database is older than the blobs (or the reverse)
);
INSERT INTO installation (only) VALUES (1);
