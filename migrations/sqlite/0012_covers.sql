-- A cover that is still to be made of what was uploaded, and why a picture gave none.
ALTER TABLE track ADD COLUMN cover_wanted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE track ADD COLUMN cover_error TEXT;
CREATE INDEX track_cover_wanted ON track (n) WHERE cover_wanted;
