//! What is missing of library folders: which tracks are missing, since when, and removing them permanently.

use std::collections::HashMap;

use fanfare_model::{
    Attempt, AwayFolder, AwayReason, FolderId, FolderMissing, JobId, Presence, Result, Timestamp, TrackId,
};
use serde_json::json;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    Catalog,
    filing::Filing,
    folders::folder_row,
    leftover::{CoversOf, Leftover},
    presence, scan_rows,
};
use crate::{
    db::commit,
    error::{sql, strange},
    queue::{fence, revoke_all},
    rows::{col, count, id, maybe_time, time},
};

/// Tracks that are removed in one transaction.
const BATCH: u32 = 200;

/// A folder on which a file system (or part of one) is mounted: the library folder itself, or one below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderMount {
    /// Its path below the library folder; empty for the library folder itself.
    pub path: String,
    /// The number of the device that its file system is on.
    pub device: u64,
    /// The inode of the folder there.
    pub inode: u64,
}

/// What a scan of a folder ended with.
#[derive(Debug, Clone, Default)]
pub struct ScanEnd {
    /// When it was begun; `None` when the folder could not be looked at.
    pub scanned: Option<Timestamp>,
    /// What is mounted there now; `None`: it is not known, and what was known stays.
    pub mounts: Option<Vec<FolderMount>>,
    /// Every folder in it that is taken to be away now.
    pub away: Vec<AwayFolder>,
}

impl Catalog {
    /// What was mounted in a folder when its tracks were last found there: the folder itself first, then those below it.
    pub async fn folder_mounts(&self, folder: FolderId) -> Result<Vec<FolderMount>> {
        const WHAT: &str = "reading what was mounted in a folder";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT path, device, inode FROM folder_mount \
             WHERE folder = (SELECT n FROM folder WHERE id = ?) ORDER BY path",
        )
        .bind(&folder.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        // Numbers of devices and inodes are kept as they are, bit by bit.
        let number = |row, name| col::<i64>(row, name).map(i64::cast_unsigned);
        rows.iter()
            .map(|row| {
                let (device, inode) = (number(row, "device")?, number(row, "inode")?);
                Ok(FolderMount { path: col(row, "path")?, device, inode })
            })
            .collect()
    }

    /// Notes how a scan of the folder ended.
    ///
    /// # Errors
    /// `NotFound` when there is no such folder.
    pub async fn end_scan(&self, id: FolderId, end: &ScanEnd) -> Result<()> {
        const WHAT: &str = "noting a scan";
        let mut tx = self.db.write(WHAT).await?;
        let n = folder_row(&mut tx, id).await?;
        if let Some(scanned) = end.scanned {
            sqlx::query("UPDATE folder SET scanned = ? WHERE n = ?")
                .bind(scanned.0)
                .bind(n)
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        if let Some(mounts) = &end.mounts {
            put_mounts(&mut tx, n, mounts).await?;
        }
        sqlx::query("DELETE FROM folder_away WHERE folder = ?")
            .bind(n)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        for away in &end.away {
            sqlx::query("INSERT INTO folder_away (folder, path, since, reason) VALUES (?, ?, ?, ?)")
                .bind(n)
                .bind(&*away.path)
                .bind(away.since.0)
                .bind(away.reason.as_str())
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        commit(tx, WHAT).await
    }

    /// What is missing, by library folder; those of which nothing is missing and nothing is away are left out.
    pub async fn missing(&self) -> Result<HashMap<FolderId, FolderMissing>> {
        const WHAT: &str = "looking for what is missing";
        let mut found: HashMap<FolderId, FolderMissing> = HashMap::new();
        let mut tx = self.db.read(WHAT).await?;
        let rows = sqlx::query(
            "SELECT f.id, count(*) AS tracks, min(t.missing_since) AS since \
             FROM track t JOIN folder f ON f.n = t.folder WHERE t.presence = 'missing' GROUP BY f.n",
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        for row in &rows {
            let missing = found.entry(id(row, "id", FolderId::from_bytes)?).or_default();
            missing.tracks = count(row, "tracks")?;
            missing.since = maybe_time(row, "since")?;
        }
        let rows = sqlx::query(
            // Below `a/b` lies what begins with `a/b/`; `0` is the character behind `/`.
            "SELECT f.id, a.path, a.since, a.reason, \
                 (SELECT count(*) FROM track t WHERE t.folder = a.folder AND t.presence = 'missing' \
                     AND (a.path = '' OR (t.relative_path >= a.path || '/' AND t.relative_path < a.path || '0'))) AS tracks \
             FROM folder_away a JOIN folder f ON f.n = a.folder ORDER BY f.n, a.path",
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        for row in &rows {
            found.entry(id(row, "id", FolderId::from_bytes)?).or_default().away.push(away_folder(row)?);
        }
        Ok(found)
    }

    /// Removes the missing tracks of a library folder permanently, or those below that folder in it (an empty path is all of
    /// them) but for those in `stay`, and forgets that it is away; returns how many there were. In batches: a run that is cut
    /// off in between goes on where it ended.
    ///
    /// # Errors
    /// `NotFound` when there is no such folder; those of the database.
    pub async fn remove_missing(
        &self,
        folder: FolderId,
        below: &str,
        stay: &[TrackId],
        now: Timestamp,
    ) -> Result<u64> {
        const WHAT: &str = "removing missing tracks";
        let stay = json!(stay.iter().map(ToString::to_string).collect::<Vec<_>>()).to_string();
        let mut removed = 0;
        let mut leftover = Leftover::default();
        loop {
            let mut tx = self.db.write(WHAT).await?;
            let n = folder_row(&mut tx, folder).await?;
            let rows: Vec<Vec<u8>> = sqlx::query_scalar(
                "SELECT id FROM track WHERE folder = ?1 AND presence = 'missing' \
                     AND (?2 = '' OR (relative_path >= ?2 || '/' AND relative_path < ?2 || '0')) \
                     AND lower(hex(id)) NOT IN (SELECT value FROM json_each(?4)) LIMIT ?3",
            )
            .bind(n)
            .bind(below)
            .bind(BATCH)
            .bind(&*stay)
            .fetch_all(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
            let last = rows.len() < BATCH as usize;
            let mut filing = Filing::default();
            for track in &rows {
                let track: [u8; 16] =
                    track.as_slice().try_into().map_err(|_| strange("an id of another length"))?;
                let Some(existing) = scan_rows::by_id(&mut tx, TrackId::from_bytes(track)).await? else {
                    continue;
                };
                filing.touch(existing.artist, existing.release);
                filing.check_content(existing.content);
                leftover.covers(&mut tx, CoversOf::Track(existing.n)).await?;
                revoke_all(&mut tx, &track, now).await?;
                presence::forget_held(&mut tx, existing.id).await?;
                scan_rows::delete(&mut tx, existing.n).await?;
                removed += 1;
            }
            leftover.ladders(&mut tx).await?;
            filing.finish(&mut tx).await?;
            if last {
                // What is there now is what counts from here on.
                for statement in [
                    "DELETE FROM folder_away WHERE folder = ?1 \
                         AND (?2 = '' OR path = ?2 OR (path >= ?2 || '/' AND path < ?2 || '0'))",
                    "DELETE FROM folder_mount WHERE folder = ?1 \
                         AND (?2 = '' OR path = ?2 OR (path >= ?2 || '/' AND path < ?2 || '0'))",
                ] {
                    sqlx::query(statement).bind(n).bind(below).execute(&mut *tx).await.map_err(sql(WHAT))?;
                }
            }
            commit(tx, WHAT).await?;
            self.remove_left(std::mem::take(&mut leftover)).await;
            if last {
                return Ok(removed);
            }
        }
    }

    /// Whether the track's file is there; `None` when there is no such track.
    pub async fn presence(&self, track: TrackId) -> Result<Option<Presence>> {
        const WHAT: &str = "looking whether a track's file is there";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query("SELECT presence FROM track WHERE id = ?")
            .bind(&track.as_bytes()[..])
            .fetch_optional(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        row.as_ref().map(super::track_rows::presence).transpose()
    }

    /// Ends a lease on a job whose track is missing: the job waits until the track is back.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost.
    pub async fn hold_job(&self, job: JobId, attempt: Attempt, owner: &str, now: Timestamp) -> Result<()> {
        const WHAT: &str = "holding a job of a missing track";
        let mut tx = self.db.write(WHAT).await?;
        let leased = fence(&mut tx, job, attempt, owner).await?;
        presence::hold_jobs(&mut tx, &leased.subject, now).await?;
        commit(tx, WHAT).await
    }
}

async fn put_mounts(tx: &mut SqliteConnection, folder: i64, mounts: &[FolderMount]) -> Result<()> {
    const WHAT: &str = "noting what is mounted in a folder";
    sqlx::query("DELETE FROM folder_mount WHERE folder = ?")
        .bind(folder)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    for mount in mounts {
        sqlx::query("INSERT OR REPLACE INTO folder_mount (folder, path, device, inode) VALUES (?, ?, ?, ?)")
            .bind(folder)
            .bind(&*mount.path)
            .bind(mount.device.cast_signed())
            .bind(mount.inode.cast_signed())
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
    }
    Ok(())
}

fn away_folder(row: &SqliteRow) -> Result<AwayFolder> {
    let reason: &str = col(row, "reason")?;
    Ok(AwayFolder {
        path: col(row, "path")?,
        since: time(row, "since")?,
        reason: AwayReason::from_name(reason)
            .ok_or_else(|| strange(format_args!("a folder that is away because of `{reason}`")))?,
        tracks: count(row, "tracks")?,
    })
}
