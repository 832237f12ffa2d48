//! The statements of a scan: one row of `track` and of its search index.

use fanfare_model::{
    ContentHash, Presence, Result, Tags, Timestamp, TrackId, TrackState, UploadedBytes, UserId,
    track::TrackFailure,
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    ScannedFile,
    folders::{presence, track_state},
    mixtapes_kept::{self, Leaving},
    scan::{no_path, title_of},
};
use crate::{
    error::sql,
    folding::fold,
    fresh_id,
    queue::{ANALYZE_QUEUE, withdraw_small},
    refold,
    rows::{col, count, id, int, json, maybe_json, time, to_json, to_sparse_json},
};

const WHAT: &str = "applying a scan";

/// What is written of a file, in the form it is stored in.
pub(super) struct Facts {
    pub(super) relative_path: String,
    size_bytes: i64,
    modified: i64,
    pub(super) changed_ns: Option<i64>,
    title: String,
    tags: Tags,
    tags_json: String,
    audio_json: Option<String>,
    duration_s: Option<f64>,
    cover: Option<Vec<u8>>,
    cover_error: Option<String>,
    artist: Option<i64>,
    release: Option<i64>,
    title_sort: String,
    artist_sort: Option<String>,
    album_sort: Option<String>,
}

impl Facts {
    pub(super) fn of(file: &ScannedFile, artist: Option<i64>, release: Option<i64>) -> Result<Self> {
        let mut tags = file.tags.clone();
        for number in [
            &mut tags.replaygain_track_gain_db,
            &mut tags.replaygain_track_peak,
            &mut tags.replaygain_album_gain_db,
            &mut tags.replaygain_album_peak,
        ] {
            // JSON has no word for these, and nobody can use them.
            *number = number.filter(|number| number.is_finite());
        }
        let named = tags.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        let title = named.unwrap_or_else(|| title_of(&file.relative_path));
        Ok(Self {
            relative_path: file.relative_path.clone(),
            size_bytes: int(file.size_bytes),
            modified: file.modified.0,
            changed_ns: file.changed_ns,
            title: title.to_owned(),
            tags_json: to_sparse_json(&tags)?,
            audio_json: file.audio.as_ref().map(to_json).transpose()?,
            duration_s: file.audio.as_ref().and_then(fanfare_model::AudioProperties::duration_s),
            cover: file.cover.map(|cover| cover.as_bytes().to_vec()),
            cover_error: file.cover_error.clone(),
            artist,
            release,
            title_sort: fold(title),
            artist_sort: refold::artist_sort(&tags),
            album_sort: refold::album_sort(&tags),
            tags,
        })
    }

    /// What is known of a file that cannot be read: where it is.
    pub(super) fn unreadable(
        relative_path: &str,
        size_bytes: u64,
        modified: Timestamp,
        changed_ns: Option<i64>,
    ) -> Result<Self> {
        let file = ScannedFile {
            relative_path: relative_path.to_owned(),
            size_bytes,
            modified,
            changed_ns,
            tags: Tags::default(),
            audio: None,
            cover: None,
            cover_error: None,
        };
        Self::of(&file, None, None)
    }
}

/// A track that is there already.
pub(super) struct Existing {
    pub(super) n: i64,
    pub(super) id: TrackId,
    pub(super) artist: Option<i64>,
    pub(super) release: Option<i64>,
    pub(super) content: Option<i64>,
    pub(super) presence: Presence,
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
    pub(super) fn is_at(&self, folder: i64, relative_path: &str) -> bool {
        self.folder == Some(folder) && self.relative_path == relative_path
    }

    pub(super) fn is_file(&self, size_bytes: u64, modified: Timestamp) -> bool {
        self.size_bytes == size_bytes && self.modified == modified
    }

    pub(super) fn is_the_file_of(&self, facts: &Facts) -> bool {
        int(self.size_bytes) == facts.size_bytes && self.modified.0 == facts.modified
    }

    /// Whether tags, cover and filing are those. (Properties are not compared: analysis has counted them.)
    pub(super) fn says(&self, facts: &Facts) -> bool {
        self.tags == facts.tags
            && self.cover == facts.cover
            && self.cover_error == facts.cover_error
            && self.artist == facts.artist
            && self.release == facts.release
    }

    /// Whether its cover is that of the file.
    pub(super) fn has_cover_of(&self, facts: &Facts) -> bool {
        self.cover == facts.cover
    }

    pub(super) fn failed_for(&self, failure: &TrackFailure) -> bool {
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
pub(super) async fn by_id(tx: &mut SqliteConnection, id: TrackId) -> Result<Option<Existing>> {
    let row = sqlx::query(existing!("id = ?"))
        .bind(&id.as_bytes()[..])
        .fetch_optional(tx)
        .await
        .map_err(sql(WHAT))?;
    row.as_ref().map(existing_of).transpose()
}

/// The track at that path.
pub(super) async fn by_path(
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
pub(super) async fn never_readable(tx: &mut SqliteConnection, existing: &Existing) -> Result<bool> {
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

/// Notes the inode change time of a file that is otherwise as it was.
pub(super) async fn note_change_time(
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

/// Removes a track's rows.
pub(super) async fn delete(tx: &mut SqliteConnection, n: i64) -> Result<()> {
    let kept = mixtapes_kept::keep(tx, Leaving::Track(n)).await?;
    for statement in ["DELETE FROM track_search WHERE rowid = ?", "DELETE FROM track WHERE n = ?"] {
        sqlx::query(statement).bind(n).execute(&mut *tx).await.map_err(sql(WHAT))?;
    }
    mixtapes_kept::replace(tx, &kept).await
}
