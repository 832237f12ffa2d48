-- Schema 9: tracks whose file is not there (any more) are kept for a while, and a folder remembers which file system it was on.

-- `missing`: the file is not where it was; the row is hidden from every list until it is back, or removed after a while.
ALTER TABLE track ADD COLUMN presence TEXT NOT NULL DEFAULT 'here' CHECK (presence IN ('here', 'missing', 'quarantined'));
ALTER TABLE track ADD COLUMN missing_since INTEGER; -- set exactly while `presence` is 'missing'
ALTER TABLE track ADD COLUMN changed_ns INTEGER;    -- the file's inode change time in ns; NULL: not known yet, 0: look again

-- `presence` rides along in every index that lists walk, beside `state`.
DROP INDEX track_by_title;
DROP INDEX track_by_artist;
DROP INDEX track_by_album;
DROP INDEX track_by_added;
DROP INDEX track_by_duration;
DROP INDEX track_by_tempo;
DROP INDEX track_by_loudness;
DROP INDEX track_of_artist;
DROP INDEX track_of_release;
DROP INDEX track_in_state;
CREATE INDEX track_by_title    ON track (title_sort, id, state, presence);
CREATE INDEX track_by_artist   ON track (artist_sort, album_sort, disc_number, track_number, id, state, presence);
CREATE INDEX track_by_album    ON track (album_sort, release, disc_number, track_number, id, state, presence);
CREATE INDEX track_by_added    ON track (added, id, state, presence);
CREATE INDEX track_by_duration ON track (duration_s, id, state, presence);
CREATE INDEX track_by_tempo    ON track (tempo_bpm, id, state, presence);
CREATE INDEX track_by_loudness ON track (integrated_lufs, id, state, presence);
CREATE INDEX track_of_artist   ON track (artist, release, presence);
CREATE INDEX track_of_release  ON track (release, artist, presence);
CREATE INDEX track_in_state    ON track (presence, state, duration_s);
CREATE INDEX track_missing     ON track (folder, missing_since) WHERE presence = 'missing';

-- The library folder itself (the empty path) and every folder below it on which something is mounted, as at the last scan
-- that found its tracks there.
CREATE TABLE folder_mount (
    folder INTEGER NOT NULL REFERENCES folder (n) ON DELETE CASCADE,
    path   TEXT    NOT NULL,
    device INTEGER NOT NULL, -- st_dev
    inode  INTEGER NOT NULL,
    PRIMARY KEY (folder, path)
) WITHOUT ROWID;

-- Folders that are taken to be away: what is missing there was most likely not deleted.
CREATE TABLE folder_away (
    folder INTEGER NOT NULL REFERENCES folder (n) ON DELETE CASCADE,
    path   TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    PRIMARY KEY (folder, path)
) WITHOUT ROWID;

-- A job that was withdrawn because its track is missing (its state is 'cancelled'): it waits again when the track is back.
ALTER TABLE job ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
CREATE INDEX job_held ON job (subject) WHERE held;
