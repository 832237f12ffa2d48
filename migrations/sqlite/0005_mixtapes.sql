-- Schema 5: mixtapes and their public links.

CREATE TABLE mixtape (
    id          BLOB    PRIMARY KEY NOT NULL,
    slug        TEXT    NOT NULL UNIQUE,
    title       TEXT    NOT NULL,
    title_sort  TEXT    NOT NULL,
    notes       TEXT    NOT NULL DEFAULT '',
    owner       BLOB    REFERENCES user (id) ON DELETE SET NULL,
    cover       BLOB,             -- given by somebody
    composed    BLOB,             -- made of its tracks' covers
    composed_of BLOB,             -- a hash of the covers it was made of
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX mixtape_by_title  ON mixtape (title_sort, id);
CREATE INDEX mixtape_by_change ON mixtape (updated, id);
CREATE INDEX mixtape_of_owner  ON mixtape (owner);

-- An entry outlives its track: `track` may lead nowhere, and then the rest says what is missing.
CREATE TABLE mixtape_track (
    mixtape       BLOB    NOT NULL REFERENCES mixtape (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    track         BLOB    NOT NULL,
    title         TEXT    NOT NULL,
    artist        TEXT,
    duration_s    REAL,
    relative_path TEXT    NOT NULL,
    hash          BLOB,             -- of the bytes of a track that is gone, to know it by when it comes back
    PRIMARY KEY (mixtape, position)
) WITHOUT ROWID;
CREATE INDEX mixtape_track_of ON mixtape_track (track);
CREATE INDEX mixtape_track_gone ON mixtape_track (hash) WHERE hash IS NOT NULL;

-- A public link.
CREATE TABLE mixtape_share (
    id            BLOB    PRIMARY KEY NOT NULL,
    mixtape       BLOB    NOT NULL REFERENCES mixtape (id) ON DELETE CASCADE,
    secret        BLOB    NOT NULL UNIQUE, -- a hash
    maker         BLOB    REFERENCES user (id) ON DELETE CASCADE, -- NULL: made on the command line
    password_hash TEXT,
    download      INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    expires       INTEGER
) WITHOUT ROWID;
CREATE INDEX mixtape_share_of       ON mixtape_share (mixtape, created);
CREATE INDEX mixtape_share_of_maker ON mixtape_share (maker);

-- Who opened public links: one secret for each browser, with what it opened.
CREATE TABLE share_guest (
    secret  BLOB    NOT NULL, -- a hash
    share   BLOB    NOT NULL REFERENCES mixtape_share (id) ON DELETE CASCADE,
    opened  INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (secret, share)
) WITHOUT ROWID;
CREATE INDEX share_guest_of ON share_guest (share, opened);
