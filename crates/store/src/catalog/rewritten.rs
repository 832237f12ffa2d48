//! A file whose tags this program rewrote: the same sound under another hash, and nothing is analyzed again.

use fanfare_model::{ContentHash, Error, ErrorKind, Result, Tags, Timestamp, TrackId};
use sqlx::SqliteConnection;

use super::{Catalog, filing::Filing};
use crate::{
    db::commit,
    error::sql,
    rows::{col, count, int, json, maybe_hash, time, to_json},
};

/// A file's size, time and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// Its size.
    pub size_bytes: u64,
    /// Its modification time.
    pub modified: Timestamp,
    /// Its inode change time in ns, where it has one; of the file before it is not looked at.
    pub changed_ns: Option<i64>,
    /// The hash of its bytes.
    pub hash: ContentHash,
}

impl Catalog {
    /// Notes that a analyzed track's file was rewritten with other tags and the same sound: results, enrichment and
    /// transcodes of the old bytes are those of the new ones, and what its tags say is changed by `retag`. One transaction:
    /// the next scan or listener finds the file as it is.
    ///
    /// # Errors
    /// `NotFound` when there is no such track; `Conflict` when the catalog knows the track as another file than
    /// `before`: then nothing is changed.
    pub async fn note_rewritten(
        &self,
        track: TrackId,
        before: FileFacts,
        after: FileFacts,
        retag: impl FnOnce(&mut Tags) + Send,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "noting a rewritten file";
        let mut tx = self.db.write(WHAT).await?;
        let row = sqlx::query(
            "SELECT t.n, t.size_bytes, t.modified, t.tags, t.content, c.hash FROM track t \
             LEFT JOIN content c ON c.n = t.content WHERE t.id = ? AND t.folder IS NOT NULL",
        )
        .bind(&track.as_bytes()[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(WHAT))?
        .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such track in a folder"))?;
        let known = (count(&row, "size_bytes")?, time(&row, "modified")?, maybe_hash(&row, "hash")?);
        let (Some(content), true) = (
            col::<Option<i64>>(&row, "content")?,
            known == (before.size_bytes, before.modified, Some(before.hash)),
        ) else {
            return Err(Error::new(ErrorKind::Conflict, "the track is known as another file meanwhile"));
        };
        let mut tags: Tags = json(&row, "tags")?;
        retag(&mut tags);
        let n: i64 = col(&row, "n")?;
        let moved = move_results(&mut tx, n, content, before.hash, after.hash).await?;
        sqlx::query(
            "UPDATE track SET size_bytes = ?, modified = ?, changed_ns = ?, hash = ?, content = ?, tags = ?, updated = ? WHERE n = ?",
        )
        .bind(int(after.size_bytes))
        .bind(after.modified.0)
        .bind(after.changed_ns)
        .bind(&after.hash.as_bytes()[..])
        .bind(moved)
        .bind(to_json(&tags)?)
        .bind(now.0)
        .bind(n)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        if moved != content {
            let mut filing = Filing::default();
            filing.check_content(Some(content));
            filing.finish(&mut tx).await?;
        }
        commit(tx, WHAT).await
    }
}

/// The row of the new bytes, with all that is known of the old ones.
async fn move_results(
    tx: &mut SqliteConnection,
    track: i64,
    content: i64,
    before: ContentHash,
    after: ContentHash,
) -> Result<i64> {
    const WHAT: &str = "moving results to a rewritten file";
    if before == after {
        return Ok(content);
    }
    let (old, new) = (&before.as_bytes()[..], &after.as_bytes()[..]);
    let shared: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM track WHERE n <> ?1 AND (content = ?2 OR hash = ?3))",
    )
    .bind(track)
    .bind(content)
    .bind(old)
    .fetch_one(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    let there: Option<i64> = sqlx::query_scalar("SELECT n FROM content WHERE hash = ?")
        .bind(new)
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    if !shared {
        // A ladder made of the same sound serves the new bytes as well.
        sqlx::query("UPDATE OR IGNORE transcode SET hash = ? WHERE hash = ?")
            .bind(new)
            .bind(old)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
    }
    if let Some(there) = there {
        // The same file with the same tags, analyzed elsewhere.
        return Ok(there);
    }
    if !shared {
        sqlx::query("UPDATE content SET hash = ? WHERE n = ?")
            .bind(new)
            .bind(content)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        return Ok(content);
    }
    // Another file has the old bytes still: it keeps what is known of them, and the new ones get a copy.
    let copy: i64 = sqlx::query_scalar(
        "INSERT INTO content (hash, warnings) SELECT ?, warnings FROM content WHERE n = ? RETURNING n",
    )
    .bind(new)
    .bind(content)
    .fetch_one(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    for statement in [
        "INSERT INTO result (content, analyzer, version, outcome, columns) \
             SELECT ?, analyzer, version, outcome, columns FROM result WHERE content = ?",
        "INSERT INTO enrichment (content, model, version, body, vector) \
             SELECT ?, model, version, body, vector FROM enrichment WHERE content = ?",
    ] {
        sqlx::query(statement).bind(copy).bind(content).execute(&mut *tx).await.map_err(sql(WHAT))?;
    }
    Ok(copy)
}
