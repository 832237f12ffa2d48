-- Schema 3: tracks that were uploaded, what is made of tracks (transcodes), enrichment, settings of the web page.

-- A track's bytes lie in a library folder (`folder`) or are an upload kept as a blob (`upload`). SQLite cannot
-- loosen a column, so the table is made anew.
CREATE TABLE track_new (
    n                INTEGER PRIMARY KEY,
    id               BLOB    NOT NULL UNIQUE,
    folder           INTEGER REFERENCES folder (n),
    relative_path    TEXT    NOT NULL, -- of an upload: the name it was sent under, only shown
    size_bytes       INTEGER NOT NULL,
    modified         INTEGER NOT NULL,
    hash             BLOB,             -- of the file's bytes, as soon as they were read
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
    upload           TEXT CHECK (upload IN ('incoming', 'original', 'gone')),
    keep             INTEGER NOT NULL DEFAULT 1, -- whether an upload's bytes are kept when all is made of them
    uploader         BLOB,             -- the person who sent it, for their quota
    twin             BLOB,             -- a track that sounds the same (by fingerprint), as found when it was heard
    published        INTEGER,          -- when it was made public
    UNIQUE (folder, relative_path),
    CHECK ((folder IS NULL) = (upload IS NOT NULL))
);
INSERT INTO track_new
    SELECT t.n, t.id, t.folder, t.relative_path, t.size_bytes, t.modified, c.hash, t.content, t.state, t.enrichment,
        t.enrichment_error, t.title, t.tags, t.artist, t.release, t.disc_number, t.track_number, t.audio, t.cover,
        t.failure, t.added, t.updated, t.title_sort, t.artist_sort, t.album_sort, t.duration_s, t.tempo_bpm,
        t.key_name, t.camelot, t.integrated_lufs, t.true_peak_dbtp, t.gain_db, NULL, 1, NULL, NULL, NULL
    FROM track t LEFT JOIN content c ON c.n = t.content;
DROP TABLE track;
ALTER TABLE track_new RENAME TO track;
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
CREATE INDEX track_of_hash     ON track (hash) WHERE hash IS NOT NULL;
CREATE INDEX track_uploaded    ON track (uploader, upload) WHERE upload IS NOT NULL;
CREATE INDEX track_published   ON track (published, id) WHERE state = 'published';

-- Analyzers that killed the process that ran them, as a JSON list of ids: the next attempt leaves them out.
ALTER TABLE job ADD COLUMN without TEXT NOT NULL DEFAULT '[]';
-- What the queue's name and the subject do not say: the ladder to make.
ALTER TABLE job ADD COLUMN detail TEXT;

-- Everything beyond the first analysis, from the same bytes.
CREATE TABLE enrichment (
    content INTEGER NOT NULL REFERENCES content (n) ON DELETE CASCADE,
    model   TEXT    NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL, -- JSON, without the vector
    vector  BLOB,             -- little-endian 32-bit floats
    PRIMARY KEY (content, model)
) WITHOUT ROWID;

-- What was made of some bytes by a profile: an HLS ladder, later a smaller file.
CREATE TABLE transcode (
    n          INTEGER PRIMARY KEY,
    hash       BLOB    NOT NULL, -- of the bytes it was made of
    profile    TEXT    NOT NULL,
    pinned     INTEGER NOT NULL, -- not evicted by the cache's cap: made for an upload
    size_bytes INTEGER NOT NULL,
    made       INTEGER NOT NULL,
    used       INTEGER NOT NULL,
    UNIQUE (hash, profile)
);
CREATE INDEX transcode_by_use ON transcode (pinned, used);

-- One file of a transcode: a variant of a ladder.
CREATE TABLE transcode_part (
    transcode INTEGER NOT NULL REFERENCES transcode (n) ON DELETE CASCADE,
    place     INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    blob      BLOB    NOT NULL,
    size_bytes INTEGER NOT NULL,
    facts     TEXT    NOT NULL, -- JSON
    segments  TEXT    NOT NULL, -- JSON
    PRIMARY KEY (transcode, place)
) WITHOUT ROWID;
CREATE INDEX transcode_part_blob ON transcode_part (blob);

-- Settings changed on the web page; the file, the environment and flags go before and after as documented.
CREATE TABLE setting (
    name    TEXT    PRIMARY KEY,
    value   TEXT    NOT NULL, -- JSON
    changed INTEGER NOT NULL
) WITHOUT ROWID;
