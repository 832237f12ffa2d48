-- Names are folded anew for searching and sorting: letters that do not decompose, apostrophes, words of scripts without spaces,
-- years. This only makes room; the program fills it after the start, and goes on where it was when it is interrupted.
DROP TABLE track_search;

-- Words to find, already folded, between spaces; the row number is the track's. Contentless: the texts live in `track.tags`.
CREATE VIRTUAL TABLE track_search USING fts5 (
    title, artist, album, album_artist, genre, year,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'",
    prefix = '1 2 3'
);

-- How far that is: what everything is folded by, what it is being folded by, and which rows are done.
CREATE TABLE folding (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL DEFAULT 0,
    aim     INTEGER NOT NULL DEFAULT 0,
    stage   INTEGER NOT NULL DEFAULT 0,
    done_to INTEGER NOT NULL DEFAULT 0
);
INSERT INTO folding (one) VALUES (1);
