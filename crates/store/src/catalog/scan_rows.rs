//! The statements of a scan: one row of `track` and of its search index.

mod existing;
mod facts;

pub(super) use existing::{Existing, by_id, by_path, never_readable, note_change_time};
pub(super) use facts::Facts;

use fanfare_model::{ContentHash, Result, Timestamp, TrackId, TrackState, UploadedBytes, UserId};
use sqlx::SqliteConnection;

use super::mixtapes_kept::{self, Leaving};
use crate::{error::sql, fresh_id, queue::withdraw_small, refold};

const WHAT: &str = "applying a scan";

/// Where a new track's bytes are.
pub(super) enum Place {
    /// In that library folder.
    Folder(i64),
    /// In the blob of that name, sent by that person.
    Upload {
        /// Name of the blob.
        hash: ContentHash,
        /// Whether the bytes are kept when all is made of them.
        keep: bool,
        /// Who sent it.
        uploader: UserId,
        /// Whether a cover is to be made of it.
        picture: bool,
    },
}

/// Makes a track; `None` when there is one at that path.
pub(super) async fn insert(
    tx: &mut SqliteConnection,
    place: &Place,
    facts: &Facts,
    state: TrackState,
    failure: Option<&str>,
    now: Timestamp,
) -> Result<Option<(i64, TrackId)>> {
    let id = TrackId::from_bytes(fresh_id(now));
    let (folder, upload) = match place {
        Place::Folder(folder) => (Some(*folder), None),
        Place::Upload { hash, keep, uploader, picture } => (None, Some((hash, *keep, uploader, *picture))),
    };
    let n: Option<i64> = sqlx::query_scalar(
        "INSERT INTO track (id, folder, relative_path, size_bytes, modified, state, title, tags, artist, \
             release, disc_number, track_number, audio, cover, failure, added, updated, title_sort, \
             artist_sort, album_sort, duration_s, upload, hash, keep, uploader, \
             cover_error, cover_wanted, changed_ns) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16, ?17, ?18, ?19, \
             ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27) ON CONFLICT (folder, relative_path) DO NOTHING RETURNING n",
    )
    .bind(&id.as_bytes()[..])
    .bind(folder)
    .bind(&*facts.relative_path)
    .bind(facts.size_bytes)
    .bind(facts.modified)
    .bind(state.as_str())
    .bind(&*facts.title)
    .bind(&*facts.tags_json)
    .bind(facts.artist)
    .bind(facts.release)
    .bind(facts.tags.disc_number.unwrap_or(0))
    .bind(facts.tags.track_number.unwrap_or(0))
    .bind(facts.audio_json.as_deref())
    .bind(facts.cover.as_deref())
    .bind(failure)
    .bind(now.0)
    .bind(&*facts.title_sort)
    .bind(facts.artist_sort.as_deref())
    .bind(facts.album_sort.as_deref())
    .bind(facts.duration_s)
    .bind(upload.map(|_| UploadedBytes::Incoming.as_str()))
    .bind(upload.map(|(hash, ..)| hash.as_bytes().to_vec()))
    .bind(upload.is_none_or(|(_, keep, ..)| keep))
    .bind(upload.map(|(_, _, uploader, _)| uploader.as_bytes().to_vec()))
    .bind(facts.cover_error.as_deref())
    .bind(upload.is_some_and(|(.., picture)| picture))
    .bind(facts.changed_ns)
    .fetch_optional(tx)
    .await
    .map_err(sql(WHAT))?;
    Ok(n.map(|n| (n, id)))
}

/// Puts the track's words into the search index, in place of those that were there.
pub(super) async fn index(tx: &mut SqliteConnection, n: i64, facts: &Facts) -> Result<()> {
    refold::index(tx, n, &facts.title, &facts.tags).await
}

/// Rewrites what is known of a track's file, which is here; properties that analysis has counted stay.
pub(super) async fn describe(
    tx: &mut SqliteConnection,
    n: i64,
    folder: i64,
    facts: &Facts,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE track SET folder = ?2, relative_path = ?3, size_bytes = ?4, modified = ?5, title = ?6, \
             tags = ?7, artist = ?8, release = ?9, disc_number = ?10, track_number = ?11, \
             audio = CASE WHEN content IS NULL THEN ?12 ELSE audio END, \
             duration_s = CASE WHEN content IS NULL THEN ?13 ELSE duration_s END, \
             cover = ?14, updated = ?15, title_sort = ?16, artist_sort = ?17, album_sort = ?18, \
             cover_error = ?19, changed_ns = ?20, presence = 'here', missing_since = NULL WHERE n = ?1",
    )
    .bind(n)
    .bind(folder)
    .bind(&*facts.relative_path)
    .bind(facts.size_bytes)
    .bind(facts.modified)
    .bind(&*facts.title)
    .bind(&*facts.tags_json)
    .bind(facts.artist)
    .bind(facts.release)
    .bind(facts.tags.disc_number.unwrap_or(0))
    .bind(facts.tags.track_number.unwrap_or(0))
    .bind(facts.audio_json.as_deref())
    .bind(facts.duration_s)
    .bind(facts.cover.as_deref())
    .bind(now.0)
    .bind(&*facts.title_sort)
    .bind(facts.artist_sort.as_deref())
    .bind(facts.album_sort.as_deref())
    .bind(facts.cover_error.as_deref())
    .bind(facts.changed_ns)
    .execute(tx)
    .await
    .map_err(sql(WHAT))?;
    Ok(())
}

/// Drops what the analysis gave, because the file is another one now. A track that is public becomes so again when the new file
/// is analyzed, as its place in mixtapes is kept: a corrected tag takes nothing back (issue 4).
pub(super) async fn forget_results(
    tx: &mut SqliteConnection,
    n: i64,
    state: TrackState,
    failure: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE track SET former = coalesce(hash, former), content = NULL, hash = NULL, twin = NULL, enrichment = 'none', \
             enrichment_error = NULL, state = ?, failure = ?, updated = ?, tempo_bpm = NULL, \
             key_name = NULL, camelot = NULL, integrated_lufs = NULL, true_peak_dbtp = NULL, \
             gain_db = NULL WHERE n = ?",
    )
    .bind(state.as_str())
    .bind(failure)
    .bind(now.0)
    .bind(n)
    .execute(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    withdraw_small(tx, n, now).await
}

/// Notes size and times of a file that cannot be read.
pub(super) async fn note_file(tx: &mut SqliteConnection, n: i64, facts: &Facts) -> Result<()> {
    sqlx::query("UPDATE track SET size_bytes = ?, modified = ?, changed_ns = ? WHERE n = ?")
        .bind(facts.size_bytes)
        .bind(facts.modified)
        .bind(facts.changed_ns)
        .bind(n)
        .execute(tx)
        .await
        .map_err(sql(WHAT))?;
    Ok(())
}

/// What a track is called while it is being moved: no file can be called that.
fn no_path(id: TrackId) -> String {
    format!("\u{0}{id}")
}

/// Takes a track off its path until it gets the new one in the same transaction.
pub(super) async fn take_off_path(tx: &mut SqliteConnection, n: i64, id: TrackId) -> Result<()> {
    sqlx::query("UPDATE track SET relative_path = ? WHERE n = ?")
        .bind(no_path(id))
        .bind(n)
        .execute(tx)
        .await
        .map_err(sql(WHAT))?;
    Ok(())
}

/// Gives a track a path that no file can have while there is one at its path.
pub(super) async fn off_path(tx: &mut SqliteConnection, n: i64, id: TrackId) -> Result<()> {
    sqlx::query("UPDATE track SET relative_path = relative_path || '/' || ? WHERE n = ?")
        .bind(id.to_string())
        .bind(n)
        .execute(tx)
        .await
        .map_err(sql("taking a track off its path"))?;
    Ok(())
}

/// Removes a track's rows.
pub(super) async fn delete(tx: &mut SqliteConnection, n: i64) -> Result<()> {
    let kept = mixtapes_kept::keep(tx, Leaving::Track(n)).await?;
    for statement in ["DELETE FROM track_search WHERE rowid = ?", "DELETE FROM track WHERE n = ?"] {
        sqlx::query(statement).bind(n).execute(&mut *tx).await.map_err(sql(WHAT))?;
    }
    mixtapes_kept::replace(tx, &kept).await
}
