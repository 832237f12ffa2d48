//! Checking the database against SQLite's rules and ours.

use fanfare_model::{ContentHash, ErrorKind, Result};
use sqlx::Row;

use super::{Catalog, blob_names::referred_to};
use crate::{
    BlobKind,
    error::sql,
    rows::{bytes, col, count},
};

/// Statements that count rows which must not exist, each with the sentence about them.
const RULES: &[(&str, &str)] = &[
    (
        "SELECT count(*) FROM job WHERE state = 'running' AND (owner IS NULL OR lease_until IS NULL)",
        "running jobs without a lease",
    ),
    (
        "SELECT count(*) FROM job WHERE state <> 'running' AND owner IS NOT NULL",
        "jobs that are owned though they do not run",
    ),
    (
        "SELECT count(*) FROM job j WHERE state IN ('waiting', 'running', 'parked') \
          AND NOT EXISTS (SELECT 1 FROM track t WHERE t.id = j.subject)",
        "jobs for tracks that do not exist",
    ),
    (
        "SELECT count(*) FROM track WHERE state IN ('ready', 'enriching', 'published') AND content IS NULL",
        "ready tracks without results",
    ),
    (
        "SELECT count(*) FROM track WHERE (state = 'published' AND published IS NULL) \
          OR (state = 'ready' AND published IS NOT NULL)",
        "tracks whose state does not say whether they are public",
    ),
    (
        "SELECT count(*) FROM track WHERE state = 'failed' AND failure IS NULL",
        "failed tracks without a reason",
    ),
    (
        "SELECT count(*) FROM track t WHERE state = 'processing' AND NOT EXISTS (SELECT 1 FROM job j \
          WHERE j.subject = t.id AND j.state = 'running')",
        "tracks in state processing that nobody works on",
    ),
    (
        "SELECT count(*) FROM track WHERE enrichment_error IS NOT NULL AND enrichment <> 'failed'",
        "tracks with a reason against an enrichment that did not fail",
    ),
    (
        "SELECT count(*) FROM job j WHERE state = 'parked' AND EXISTS (SELECT 1 FROM job a \
          WHERE a.dedupe_key = j.dedupe_key AND a.n <> j.n AND a.state IN ('waiting', 'running', 'parked'))",
        "jobs that are parked though the same work is queued or parked again",
    ),
    (
        "SELECT count(*) FROM job j WHERE state = 'parked' AND queue = 'enrich-track-audio' AND EXISTS ( \
          SELECT 1 FROM track t WHERE t.id = j.subject AND t.enrichment = 'completed')",
        "enrichments that are parked though they were made",
    ),
    (
        "SELECT count(*) FROM track WHERE upload IN ('incoming', 'original') AND hash IS NULL",
        "uploads whose bytes are not known",
    ),
    (
        "SELECT count(*) FROM transcode x WHERE x.file IS NULL AND NOT EXISTS (SELECT 1 FROM transcode_part p WHERE p.transcode = x.n)",
        "transcodes without a file",
    ),
    (
        "SELECT count(*) FROM content c WHERE NOT EXISTS (SELECT 1 FROM track t WHERE t.content = c.n)",
        "results that belong to no track",
    ),
    (
        "SELECT abs((SELECT count(*) FROM track WHERE presence = 'here') - (SELECT count(*) FROM track_search_docsize))",
        "tracks that cannot be searched, or search rows without a track",
    ),
    (
        "SELECT count(*) FROM track t WHERE presence = 'here' AND NOT EXISTS (SELECT 1 FROM track_search_docsize d WHERE d.id = t.n)",
        "tracks that cannot be searched",
    ),
    (
        "SELECT count(*) FROM artist a WHERE (track_count = 0 AND release_count = 0 \
              AND NOT EXISTS (SELECT 1 FROM track t WHERE t.artist = a.n) \
              AND NOT EXISTS (SELECT 1 FROM release r WHERE r.artist = a.n)) \
          OR track_count <> (SELECT count(*) FROM track t WHERE t.artist = a.n AND t.presence = 'here') \
          OR release_count <> (SELECT count(*) FROM release r WHERE r.artist = a.n AND r.track_count > 0)",
        "artists with a wrong count",
    ),
    (
        "SELECT count(*) FROM release r WHERE NOT EXISTS (SELECT 1 FROM track t WHERE t.release = r.n) \
          OR track_count <> (SELECT count(*) FROM track t WHERE t.release = r.n AND t.presence = 'here')",
        "releases with a wrong count",
    ),
    (
        "SELECT count(*) FROM track WHERE (presence = 'missing') <> (missing_since IS NOT NULL)",
        "tracks that do not say since when they are missing, or say so and are here",
    ),
    (
        "SELECT count(*) FROM job j WHERE (held AND state <> 'cancelled') OR (state IN ('waiting', 'running') \
          AND EXISTS (SELECT 1 FROM track t WHERE t.id = j.subject AND t.presence = 'missing'))",
        "jobs that wait for a worker though their track is missing",
    ),
    (
        "SELECT count(*) FROM mixtape_track m WHERE m.hash IS NOT NULL AND EXISTS (SELECT 1 FROM track t WHERE t.id = m.track)",
        "entries of mixtapes that count as gone though their track is there",
    ),
];

impl Catalog {
    /// `PRAGMA integrity_check` and our own invariants (rows to missing blobs, jobs without tracks, ...); empty = clean.
    ///
    /// # Errors
    /// Only when the check itself cannot run; what it finds is in the answer, a sentence each.
    pub async fn check(&self) -> Result<Vec<String>> {
        const WHAT: &str = "checking the database";
        let mut found = Vec::new();
        let mut tx = self.db.read(WHAT).await?;
        let rows = sqlx::query("PRAGMA integrity_check").fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
        let lines = rows.iter().filter_map(|row| row.try_get::<String, _>(0).ok());
        found.extend(lines.filter(|line| line != "ok").map(|line| format!("integrity: {line}")));
        let rows = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
        for row in &rows {
            let table = |index: usize| row.try_get::<String, _>(index).unwrap_or_default();
            found.push(format!("a row of `{}` points at a missing row of `{}`", table(0), table(2)));
        }
        for (statement, what) in RULES {
            let count: i64 = sqlx::query_scalar(*statement).fetch_one(&mut *tx).await.map_err(sql(WHAT))?;
            if count > 0 {
                found.push(format!("{count} {what}"));
            }
        }
        let mut pointed_at = Vec::new();
        for kind in BlobKind::ALL {
            let rows = sqlx::query(referred_to(*kind)).fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
            for row in &rows {
                pointed_at
                    .extend(bytes::<32>(row, "name")?.map(|name| (*kind, ContentHash::from_bytes(name))));
            }
        }
        drop(tx);
        for (kind, name) in pointed_at {
            match self.blobs.contains(kind, name).await {
                Ok(true) => {}
                Ok(false) => found.push(missing(kind.as_str(), &name.to_string())),
                // Their storage is away, which is no damage of the database.
                Err(error) if error.kind() == ErrorKind::Unavailable => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The transcodes that the database has and the cache folder has not, or not of that size; and how many there are in all.
    /// That is no damage of the database: the folder may be another one, may have been emptied, or lie on a disk that is away.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn check_cache(&self) -> Result<(Vec<String>, u64)> {
        const WHAT: &str = "checking the cache";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query("SELECT file, size_bytes FROM transcode WHERE file IS NOT NULL")
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        drop(reader);
        let mut lacking = Vec::new();
        for row in &rows {
            let (file, size): (String, u64) = (col(row, "file")?, count(row, "size_bytes")?);
            if self.cache.size(&file) != Some(size) {
                lacking.push(file);
            }
        }
        Ok((lacking, rows.len() as u64))
    }
}

/// The sentence about a blob that a row names and that is not there.
pub(crate) fn missing(kind: &str, name: &str) -> String {
    format!("{kind} {name} is missing")
}
