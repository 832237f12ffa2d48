//! The look for files that no row names: they are put on the list, and deleted when they were missed for long enough.

use std::collections::HashMap;

use fanfare_model::{ErrorKind, Result, Timestamp};
use serde_json::json;
use sqlx::SqliteConnection;

use super::{Keeping, StoredKind, Swept, names_named};
use crate::{Catalog, db::commit, error::sql, fresh_id, rows::int};

/// The most that one look adds to how long a file was missed: 2 days.
const STEP_MS: i64 = 2 * 24 * 60 * 60 * 1_000;

/// A file as the file system has it.
struct There {
    name: String,
    size_bytes: u64,
    stored: Timestamp,
}

impl Catalog {
    /// Looks for files that no row names, puts them on the list, and deletes those that were missed for long enough.
    ///
    /// # Errors
    /// Those of the database and of the storage; while any of it is away nothing is done, and that is no error.
    pub async fn sweep(&self, keeping: &Keeping, now: Timestamp) -> Result<Swept> {
        let mut swept = Swept::default();
        // Listed first: what a row takes up after this is younger.
        let mut there = Vec::new();
        for kind in StoredKind::ALL {
            match self.files_there(*kind).await {
                Ok(files) => there.push((*kind, files)),
                // Nobody can say what there is: nothing is put on the list, and nothing leaves it.
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    tracing::warn!(%error, "files that no row names are not looked for");
                    return Ok(swept);
                }
                Err(error) => return Err(error),
            }
        }
        let mark = self.blobs.mark().await?;
        swept.other_database = mark.is_none() || mark != self.quarantine_mark().await?;
        for (kind, files) in there {
            let (missed, deleted, bytes) =
                self.sweep_kind(kind, files, keeping, (swept.other_database, now)).await?;
            swept.missed += missed;
            swept.deleted += deleted;
            swept.deleted_bytes += bytes;
        }
        if self.quarantine_counts().await?.files > 0 {
            self.change_quarantine_mark(now).await?;
        }
        Ok(swept)
    }

    async fn sweep_kind(
        &self,
        kind: StoredKind,
        mut there: Vec<There>,
        keeping: &Keeping,
        (other_database, now): (bool, Timestamp),
    ) -> Result<(u64, u64, u64)> {
        const WHAT: &str = "looking for files that no row names";
        let mut reader = self.db.reader(WHAT).await?;
        let named = names_named(&mut reader, kind).await?;
        let listed: i64 = sqlx::query_scalar("SELECT count(*) FROM quarantine WHERE kind = ?")
            .bind(kind.as_str())
            .fetch_one(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        drop(reader);
        there.retain(|file| !named.contains(&file.name));
        if there.is_empty() && listed == 0 {
            return Ok((0, 0, 0));
        }
        let mut tx = self.db.write(WHAT).await?;
        tx.is_a_note();
        // Again under the lock: a row may have been written meanwhile.
        let named = names_named(&mut tx, kind).await?;
        there.retain(|file| !named.contains(&file.name));
        bring_up_to_date(&mut tx, kind, &there, other_database, now).await?;
        let missed = put_on_list(&mut tx, kind, &there, now.plus_ms(-keeping.young_ms), now).await?;
        commit(tx, WHAT).await?;
        let (mut deleted, mut bytes) = (0, 0);
        let ages: HashMap<&str, Timestamp> =
            there.iter().map(|file| (file.name.as_str(), file.stored)).collect();
        loop {
            let due = self.due(kind, keeping.of(kind)).await?;
            // A file that was stored again gets its row in a moment.
            let old = |name: &String| {
                ages.get(name.as_str()).is_some_and(|stored| *stored < now.plus_ms(-keeping.young_ms))
            };
            let due: Vec<String> = due.into_iter().filter(old).collect();
            if due.is_empty() {
                return Ok((missed, deleted, bytes));
            }
            let (files, freed) = self.delete_listed(kind, &due).await?;
            deleted += files;
            bytes += freed;
            if files < due.len() as u64 {
                return Ok((missed, deleted, bytes));
            }
        }
    }

    async fn quarantine_mark(&self) -> Result<Option<String>> {
        const WHAT: &str = "reading the mark of the blobs";
        sqlx::query_scalar("SELECT mark FROM installation")
            .fetch_optional(&mut *self.db.reader(WHAT).await?)
            .await
            .map_err(sql(WHAT))
            .map(Option::flatten)
    }

    /// First in the database, then beside the blobs: a crash in between lets the list start again, and deletes nothing.
    async fn change_quarantine_mark(&self, now: Timestamp) -> Result<()> {
        const WHAT: &str = "changing the mark of the blobs";
        let mark: String = fresh_id(now).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut tx = self.db.write(WHAT).await?;
        tx.is_a_note();
        sqlx::query("UPDATE installation SET mark = ?")
            .bind(&mark)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await?;
        self.blobs.set_mark(&mark).await
    }

    async fn files_there(&self, kind: StoredKind) -> Result<Vec<There>> {
        let StoredKind::Blob(kind) = kind else {
            let files = self.cached_files().await.into_iter();
            return Ok(files.map(|(name, size_bytes, stored)| There { name, size_bytes, stored }).collect());
        };
        let there = self.blobs.stored(kind).await?.into_iter();
        let file = |blob: crate::blobs::StoredBlob| There {
            name: blob.name.to_string(),
            size_bytes: blob.size_bytes,
            stored: blob.stored,
        };
        Ok(there.map(file).collect())
    }
}

/// Takes off the list what is not there any more or is named again; counts how long the rest was missed.
async fn bring_up_to_date(
    tx: &mut SqliteConnection,
    kind: StoredKind,
    there: &[There],
    other_database: bool,
    now: Timestamp,
) -> Result<()> {
    const WHAT: &str = "bringing the quarantine up to date";
    let names: Vec<&str> = there.iter().map(|file| file.name.as_str()).collect();
    sqlx::query("DELETE FROM quarantine WHERE kind = ? AND name NOT IN (SELECT value FROM json_each(?))")
        .bind(kind.as_str())
        .bind(json!(names).to_string())
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    let statement = if other_database {
        "UPDATE quarantine SET missed = ?2, seen = ?2, waited_ms = 0 WHERE kind = ?1"
    } else {
        "UPDATE quarantine SET waited_ms = waited_ms + min(max(?2 - seen, 0), ?3), seen = ?2 WHERE kind = ?1"
    };
    let update = sqlx::query(statement).bind(kind.as_str()).bind(now.0);
    let update = if other_database { update } else { update.bind(STEP_MS) };
    update.execute(tx).await.map_err(sql(WHAT)).map(drop)
}

/// Puts files on the list that are not on it, if they are old enough; returns how many.
async fn put_on_list(
    tx: &mut SqliteConnection,
    kind: StoredKind,
    there: &[There],
    before: Timestamp,
    now: Timestamp,
) -> Result<u64> {
    const WHAT: &str = "putting files into quarantine";
    let old: Vec<_> = there
        .iter()
        .filter(|file| file.stored < before)
        .map(|file| json!([file.name, int(file.size_bytes)]))
        .collect();
    let done = sqlx::query(
        "INSERT INTO quarantine (kind, name, size_bytes, missed, seen, waited_ms) \
         SELECT ?1, value ->> 0, value ->> 1, ?2, ?2, 0 FROM json_each(?3) WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(kind.as_str())
    .bind(now.0)
    .bind(json!(old).to_string())
    .execute(tx)
    .await
    .map_err(sql(WHAT))?;
    Ok(done.rows_affected())
}
