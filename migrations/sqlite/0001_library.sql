-- Schema 1: library, analysis results, jobs, tasks, people.
--
-- Conventions: `n` is the row number used inside the database; `id` (16 bytes) is the only thing that leaves
-- it. Times are milliseconds since the Unix epoch (UTC). `*_sort` columns hold folded text (lower case, no
-- diacritics). JSON columns hold the types of the `model` crate.

CREATE TABLE folder (
    n        INTEGER PRIMARY KEY,
    id       BLOB    NOT NULL UNIQUE,
    path     BLOB    NOT NULL UNIQUE, -- as the operating system has it: names need not be Unicode
    added    INTEGER NOT NULL,
    scanned  INTEGER
);

CREATE TABLE artist (
    n             INTEGER PRIMARY KEY,
    id            BLOB    NOT NULL UNIQUE,
    key           TEXT    NOT NULL UNIQUE, -- name without case and with single spaces
    name          TEXT    NOT NULL,
    sort          TEXT    NOT NULL,
    track_count   INTEGER NOT NULL DEFAULT 0,
    release_count INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX artist_by_name ON artist (sort, n);

CREATE TABLE release (
    n           INTEGER PRIMARY KEY,
    id          BLOB    NOT NULL UNIQUE,
    key         TEXT    NOT NULL UNIQUE, -- album artist and title, or folder and title where no album artist is given
    title       TEXT    NOT NULL,
    sort        TEXT    NOT NULL,
    artist      INTEGER REFERENCES artist (n),
    year        INTEGER,
    cover       BLOB,
    track_count INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX release_by_title  ON release (sort, n);
CREATE INDEX release_by_artist ON release (artist);

-- A file's bytes that were heard. Results belong to the bytes, so two tracks of equal content share them.
CREATE TABLE content (
    n        INTEGER PRIMARY KEY,
    hash     BLOB NOT NULL UNIQUE,
    warnings TEXT NOT NULL DEFAULT '[]'
);

CREATE TABLE result (
    content  INTEGER NOT NULL REFERENCES content (n) ON DELETE CASCADE,
    analyzer TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    outcome  TEXT    NOT NULL, -- JSON of the outcome, without the waveform's columns
    columns  BLOB,             -- the waveform's peaks, then its RMS: little-endian 32-bit floats
    PRIMARY KEY (content, analyzer)
) WITHOUT ROWID;

CREATE TABLE track (
    n                INTEGER PRIMARY KEY,
    id               BLOB    NOT NULL UNIQUE,
    folder           INTEGER NOT NULL REFERENCES folder (n),
    relative_path    TEXT    NOT NULL,
    size_bytes       INTEGER NOT NULL,
    modified         INTEGER NOT NULL,
    content          INTEGER REFERENCES content (n),
    state            TEXT    NOT NULL
        CHECK (state IN ('queued', 'processing', 'enriching', 'ready', 'published', 'failed')),
    enrichment       TEXT    NOT NULL DEFAULT 'none',
    enrichment_error TEXT,
    title            TEXT    NOT NULL,
    tags             TEXT    NOT NULL,
    artist           INTEGER REFERENCES artist (n),
    release          INTEGER REFERENCES release (n),
    disc_number      INTEGER NOT NULL DEFAULT 0,
    track_number     INTEGER NOT NULL DEFAULT 0,
    audio            TEXT,
    cover            BLOB,
    failure          TEXT,
    added            INTEGER NOT NULL,
    updated          INTEGER NOT NULL,
    -- What lists sort by and show, copied from tags, properties and results.
    title_sort       TEXT    NOT NULL,
    artist_sort      TEXT,
    album_sort       TEXT,
    duration_s       REAL,
    tempo_bpm        REAL,
    key_name         TEXT,
    camelot          TEXT,
    integrated_lufs  REAL,
    true_peak_dbtp   REAL,
    gain_db          REAL,
    UNIQUE (folder, relative_path)
);
-- One index per sort key. `state` rides along so that a filter by state is answered inside the index.
CREATE INDEX track_by_title    ON track (title_sort, id, state);
CREATE INDEX track_by_artist   ON track (artist_sort, album_sort, disc_number, track_number, id, state);
CREATE INDEX track_by_album    ON track (album_sort, release, disc_number, track_number, id, state);
CREATE INDEX track_by_added    ON track (added, id, state);
CREATE INDEX track_by_duration ON track (duration_s, id, state);
CREATE INDEX track_by_tempo    ON track (tempo_bpm, id, state);
CREATE INDEX track_by_loudness ON track (integrated_lufs, id, state);
CREATE INDEX track_of_artist   ON track (artist, release);
CREATE INDEX track_of_release  ON track (release, artist);
CREATE INDEX track_of_content  ON track (content);
CREATE INDEX track_in_state    ON track (state, duration_s);

-- Words to find; the row number is the track's. Contentless: the texts live in `track.tags` only.
CREATE VIRTUAL TABLE track_search USING fts5 (
    title, artist, album, album_artist, genre,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2",
    prefix = '1 2 3'
);

CREATE TABLE job (
    n            INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    queue        TEXT    NOT NULL,
    subject      BLOB    NOT NULL, -- the track, for `analyze-track`
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'parked', 'cancelled')),
    task         BLOB,
    dedupe_key   TEXT,
    priority     INTEGER NOT NULL,
    run_at       INTEGER NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    budget       INTEGER NOT NULL, -- attempts that a retry grants anew
    owner        TEXT,
    lease_until  INTEGER,
    error        TEXT,
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL
);
CREATE UNIQUE INDEX job_dedupe  ON job (dedupe_key) WHERE state IN ('waiting', 'running');
CREATE INDEX job_to_claim ON job (queue, priority DESC, run_at, n) WHERE state = 'waiting';
CREATE INDEX job_leased   ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_of_subject ON job (subject);
CREATE INDEX job_in_state ON job (queue, state);
CREATE INDEX job_of_task  ON job (task, state);

CREATE TABLE task (
    id      BLOB    PRIMARY KEY NOT NULL,
    created INTEGER NOT NULL,
    over    INTEGER NOT NULL,
    body    TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX task_by_time ON task (created, id);

CREATE TABLE user (
    id            BLOB    PRIMARY KEY NOT NULL,
    name          TEXT    NOT NULL UNIQUE, -- compared exactly on sign-in
    name_key      TEXT    NOT NULL UNIQUE, -- without case: no two people look the same
    password_hash TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('listener', 'owner')),
    created       INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
    secret  BLOB    PRIMARY KEY NOT NULL, -- a hash
    user    BLOB    NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_of_user ON session (user);
CREATE INDEX session_expiry  ON session (expires);

CREATE TABLE api_key (
    id        BLOB    PRIMARY KEY NOT NULL,
    user      BLOB    NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    name      TEXT    NOT NULL,
    secret    BLOB    NOT NULL UNIQUE, -- a hash
    created   INTEGER NOT NULL,
    last_used INTEGER
) WITHOUT ROWID;
CREATE INDEX api_key_of_user ON api_key (user, created);

-- At most one row: the hash of the one-time link's token, until the owner exists.
CREATE TABLE setup_token (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    secret BLOB NOT NULL
);
