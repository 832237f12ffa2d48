-- Schema 7: what a person's uploads take is added up within the index, without a look at each track's row.

DROP INDEX track_uploaded;
CREATE INDEX track_uploaded ON track (uploader, upload, size_bytes) WHERE upload IS NOT NULL;
