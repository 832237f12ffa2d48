//! A track that a scan finds in the catalog already.

use fanfare_model::{Presence, Result, Tags, Timestamp, TrackId, TrackState, track::TrackFailure};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{WHAT, facts::Facts};
use crate::{
    catalog::track_rows::{presence, track_state},
    error::sql,
    queue::ANALYZE_QUEUE,
    rows::{col, count, id, int, json, maybe_json, time},
};

/// A track that is there already.
pub(in crate::catalog) struct Existing {
    pub(in crate::catalog) n: i64,
    pub(in crate::catalog) id: TrackId,
    pub(in crate::catalog) artist: Option<i64>,
    pub(in crate::catalog) release: Option<i64>,
    pub(in crate::catalog) content: Option<i64>,
    pub(in crate::catalog) presence: Presence,
    folder: Option<i64>,
    relative_path: String,
    size_bytes: u64,
    modified: Timestamp,
    changed_ns: Option<i64>,
    state: TrackState,
    tags: Tags,
    cover: Option<Vec<u8>>,
    cover_error: Option<String>,
    failure: Option<TrackFailure>,
}

impl Existing {
    pub(in crate::catalog) fn is_at(&self, folder: i64, relative_path: &str) -> bool {
        self.folder == Some(folder) && self.relative_path == relative_path
    }

    pub(in crate::catalog) fn is_file(&self, size_bytes: u64, modified: Timestamp) -> bool {
        self.size_bytes == size_bytes && self.modified == modified
    }

    pub(in crate::catalog) fn is_the_file_of(&self, facts: &Facts) -> bool {
        int(self.size_bytes) == facts.size_bytes && self.modified.0 == facts.modified
    }

    /// Whether tags, cover and filing are those. (Properties are not compared: analysis has counted them.)
    pub(in crate::catalog) fn says(&self, facts: &Facts) -> bool {
        self.tags == facts.tags
            && self.cover == facts.cover
            && self.cover_error == facts.cover_error
            && self.artist == facts.artist
            && self.release == facts.release
    }

    /// Whether its cover is that of the file.
    pub(in crate::catalog) fn has_cover_of(&self, facts: &Facts) -> bool {
        self.cover == facts.cover
    }

    pub(in crate::catalog) fn failed_for(&self, failure: &TrackFailure) -> bool {
        self.state == TrackState::Failed
            && self
                .failure
                .as_ref()
                .is_some_and(|known| known.kind == failure.kind && known.message == failure.message)
    }
}

macro_rules! existing {
    ($filter:literal) => {
        concat!(
            "SELECT n, id, folder, relative_path, size_bytes, modified, changed_ns, state, presence, artist, release, \
                 content, tags, cover, cover_error, failure FROM track WHERE ",
            $filter
        )
    };
}

/// The track of that id.
pub(in crate::catalog) async fn by_id(tx: &mut SqliteConnection, id: TrackId) -> Result<Option<Existing>> {
    let row = sqlx::query(existing!("id = ?"))
        .bind(&id.as_bytes()[..])
        .fetch_optional(tx)
        .await
        .map_err(sql(WHAT))?;
    row.as_ref().map(existing_of).transpose()
}

/// The track at that path.
pub(in crate::catalog) async fn by_path(
    tx: &mut SqliteConnection,
    folder: i64,
    relative_path: &str,
) -> Result<Option<Existing>> {
    let row = sqlx::query(existing!("folder = ? AND relative_path = ?"))
        .bind(folder)
        .bind(relative_path)
        .fetch_optional(tx)
        .await
        .map_err(sql(WHAT))?;
    row.as_ref().map(existing_of).transpose()
}

fn existing_of(row: &SqliteRow) -> Result<Existing> {
    Ok(Existing {
        n: col(row, "n")?,
        id: id(row, "id", TrackId::from_bytes)?,
        artist: col(row, "artist")?,
        release: col(row, "release")?,
        content: col(row, "content")?,
        presence: presence(row)?,
        folder: col(row, "folder")?,
        relative_path: col(row, "relative_path")?,
        size_bytes: count(row, "size_bytes")?,
        modified: time(row, "modified")?,
        changed_ns: col(row, "changed_ns")?,
        state: track_state(row)?,
        tags: json(row, "tags")?,
        cover: col(row, "cover")?,
        cover_error: col(row, "cover_error")?,
        failure: maybe_json(row, "failure")?,
    })
}

/// Whether the scan, and not analysis, found the file unreadable: then no job ever stood for it.
pub(in crate::catalog) async fn never_readable(
    tx: &mut SqliteConnection,
    existing: &Existing,
) -> Result<bool> {
    if existing.state != TrackState::Failed {
        return Ok(false);
    }
    let jobs: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM job WHERE subject = ? AND queue = ? AND state != 'cancelled')",
    )
    .bind(&existing.id.as_bytes()[..])
    .bind(ANALYZE_QUEUE)
    .fetch_one(tx)
    .await
    .map_err(sql(WHAT))?;
    Ok(!jobs)
}

/// Notes the inode change time of a file that is otherwise as it was.
pub(in crate::catalog) async fn note_change_time(
    tx: &mut SqliteConnection,
    existing: &Existing,
    changed_ns: Option<i64>,
) -> Result<()> {
    if changed_ns.is_none() || changed_ns == existing.changed_ns {
        return Ok(());
    }
    sqlx::query("UPDATE track SET changed_ns = ? WHERE n = ?")
        .bind(changed_ns)
        .bind(existing.n)
        .execute(tx)
        .await
        .map_err(sql(WHAT))?;
    Ok(())
}
