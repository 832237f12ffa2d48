-- Schema step: where tracks were before their files were found elsewhere while their storage was away. When a file is back
-- there, the track is that file again, and the other file is a track of its own.

CREATE TABLE former_place (
    track         INTEGER NOT NULL REFERENCES track (n) ON DELETE CASCADE,
    folder        INTEGER NOT NULL REFERENCES folder (n) ON DELETE CASCADE,
    relative_path TEXT    NOT NULL,
    size_bytes    INTEGER NOT NULL,
    modified      INTEGER NOT NULL, -- the file's modification time there
    PRIMARY KEY (track, folder, relative_path)
) WITHOUT ROWID;
CREATE INDEX former_place_in ON former_place (folder);
