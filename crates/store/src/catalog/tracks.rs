//! Lists of tracks: filter, search, sort, page.
//!
//! A page is found inside one index (row numbers only), then its few rows are read: a list of 100,000
//! tracks costs what its page costs.

use std::path::PathBuf;

use fanfare_model::{
    ArtistId, EnrichmentState, FolderId, Presence, Quality, ReleaseId, Result, Track, TrackHome, TrackId,
    UploadedBytes, features::Features,
};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::{
    Catalog, Page, TrackQuery, TrackRow, TrackSort,
    folders::{path, presence, track_state},
    page_bounds,
    shuffled::shuffled_page,
};
use crate::{
    BlobKind,
    error::{sql, strange},
    failure::shown_name,
    folding::fold,
    rows::{col, count, id, json, maybe_hash, maybe_id, maybe_json, maybe_time, time},
    search::match_query,
};

macro_rules! row_columns {
    () => {
        "t.id, f.id AS folder_id, t.upload, t.relative_path, t.size_bytes, t.modified, t.changed_ns, t.presence, \
         t.missing_since, t.hash AS bytes_hash, c.hash, c.analyzed, \
         t.twin, t.published, t.state, t.enrichment, \
         t.enrichment_error, t.title, t.tags, t.audio, t.cover, t.cover_error, t.failure, t.added, t.updated, \
         a.id AS artist_id, a.name AS artist_name, r.id AS release_id, r.title AS release_title, \
         t.tempo_bpm, t.key_name, t.camelot, t.integrated_lufs, t.true_peak_dbtp, t.gain_db, \
         (SELECT group_concat(x.quality) FROM transcode x WHERE x.hash = t.hash AND x.file IS NOT NULL) AS cached"
    };
}
macro_rules! row_joins {
    () => {
        " LEFT JOIN folder f ON f.n = t.folder LEFT JOIN content c ON c.n = t.content \
         LEFT JOIN artist a ON a.n = t.artist LEFT JOIN release r ON r.n = t.release"
    };
}
pub(super) use {row_columns, row_joins};

impl Catalog {
    /// The track of that id.
    pub async fn track(&self, id: TrackId) -> Result<Option<TrackRow>> {
        const WHAT: &str = "reading a track";
        let mut reader = self.db.reader(WHAT).await?;
        let row =
            sqlx::query(concat!("SELECT ", row_columns!(), " FROM track t", row_joins!(), " WHERE t.id = ?"))
                .bind(&id.as_bytes()[..])
                .fetch_optional(&mut *reader)
                .await
                .map_err(sql(WHAT))?;
        row.as_ref().map(track_row).transpose()
    }

    /// The absolute path of the track's file: in its library folder, or of the blob that an upload is kept as. `None`
    /// when there is no such track, or its uploaded file was not kept.
    pub async fn track_path(&self, id: TrackId) -> Result<Option<PathBuf>> {
        const WHAT: &str = "looking for a track's file";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT f.path, t.relative_path, t.upload, t.hash FROM track t \
             LEFT JOIN folder f ON f.n = t.folder WHERE t.id = ?",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        drop(reader);
        let Some(row) = row else { return Ok(None) };
        if let Some(folder) = col::<Option<&[u8]>>(&row, "path")? {
            return Ok(Some(path(folder)?.join(col::<&str>(&row, "relative_path")?)));
        }
        match (uploaded(&row)?, maybe_hash(&row, "hash")?) {
            (Some(UploadedBytes::Incoming | UploadedBytes::Original), Some(hash)) => {
                self.blobs.local(BlobKind::Upload, hash).await
            }
            _ => Ok(None),
        }
    }

    /// What people are shown of a track's file: its path, or the name under which it was uploaded. `None` without such a
    /// track.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn shown_name(&self, id: TrackId) -> Result<Option<String>> {
        shown_name(&mut *self.db.reader("looking for a track's name").await?, id.as_bytes()).await
    }

    /// A page of tracks. A search that holds no words finds everything.
    pub async fn tracks(&self, query: &TrackQuery) -> Result<Page<TrackRow>> {
        const WHAT: &str = "listing tracks";
        // Both statements see the same state of the library.
        let mut tx = self.db.read(WHAT).await?;
        let filter = Filter::of(query);
        let mut counting = filter.counting();
        let total: i64 =
            counting.build_query_scalar().fetch_one(&mut *tx).await.map_err(sql("counting tracks"))?;
        if total == 0 {
            return Ok(Page { items: Vec::new(), total: 0 });
        }
        let total = u64::try_from(total).unwrap_or(0);
        let (limit, offset) = page_bounds(query.offset, query.limit);
        if let TrackSort::Shuffled(seed) = query.sort {
            let items = shuffled_page(&mut tx, &filter, seed, (limit, offset)).await?;
            return Ok(Page { items, total });
        }
        let order = order(query.sort, query.descending);
        let mut listing =
            QueryBuilder::<Sqlite>::new(concat!("SELECT ", row_columns!(), " FROM (SELECT t.n FROM track t"));
        filter.push(&mut listing, Wanted::Page { walk: total > SORTED_MATCHES });
        listing.push(" ORDER BY ").push(&order).push(" LIMIT ").push_bind(limit);
        listing.push(" OFFSET ").push_bind(offset);
        // CROSS JOIN keeps the page outermost: its rows are looked up, not searched for.
        listing.push(concat!(") p CROSS JOIN track t ON t.n = p.n", row_joins!(), " ORDER BY ")).push(&order);
        let rows = listing.build().fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
        Ok(Page { items: rows.iter().map(track_row).collect::<Result<_>>()?, total })
    }
}

/// Up to so many matches of a search are looked up and sorted; with more, the index of the sort key is walked
/// and each entry looked for among the matches. (`list_timing`: both take about 3 ms there.)
const SORTED_MATCHES: u64 = 500;

/// What a filter is for: SQLite is led to different indexes.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Count,
    Page {
        walk: bool,
    },
    /// The row numbers of all matches.
    All,
}

/// The conditions of a query.
pub(super) struct Filter<'a> {
    query: &'a TrackQuery,
    words: Words,
}

/// What is searched for.
enum Words {
    Nothing,
    /// A full-text query; only tracks that are here are in its index.
    Match(String),
    /// No letter or digit (`!!!`, `???`), or tracks that are not here: they are not in the index, so the names are searched.
    Part(String),
}

impl<'a> Filter<'a> {
    fn of(query: &'a TrackQuery) -> Self {
        let search = query.search.as_deref().map_or("", str::trim);
        let words = match match_query(search) {
            Some(words) if query.presence == Presence::Here => Words::Match(words),
            _ => match fold(search).replace('\0', "") {
                part if part.is_empty() => Words::Nothing,
                part => Words::Part(part),
            },
        };
        Self { query, words }
    }

    fn counting(&self) -> QueryBuilder<Sqlite> {
        let TrackQuery { artist: None, release: None, state: None, .. } = self.query else {
            let mut builder = QueryBuilder::new("SELECT count(*) FROM track t");
            self.push(&mut builder, Wanted::Count);
            return builder;
        };
        // A search alone is counted in its index.
        if let Words::Match(words) = &self.words {
            let mut builder =
                QueryBuilder::new("SELECT count(*) FROM track_search WHERE track_search MATCH ");
            builder.push_bind(words.clone());
            return builder;
        }
        let mut builder = QueryBuilder::new("SELECT count(*) FROM track t");
        self.push(&mut builder, Wanted::Count);
        builder
    }

    pub(super) fn push(&self, builder: &mut QueryBuilder<Sqlite>, wanted: Wanted) {
        // The index of the sort key, which a page walks, holds this too; see below for `+`.
        builder.push(match wanted {
            Wanted::Count => " WHERE t.presence = ",
            Wanted::Page { .. } | Wanted::All => " WHERE +t.presence = ",
        });
        builder.push_bind(self.query.presence.as_str());
        if let Some(artist) = self.query.artist {
            builder.push(" AND t.artist = (SELECT n FROM artist WHERE id = ");
            builder.push_bind(artist.as_bytes().to_vec()).push(")");
        }
        if let Some(release) = self.query.release {
            builder.push(" AND t.release = (SELECT n FROM release WHERE id = ");
            builder.push_bind(release.as_bytes().to_vec()).push(")");
        }
        if let Some(state) = self.query.state {
            // For a page the index of the sort key is walked, and it holds the state too; `+` keeps SQLite
            // from collecting all tracks in that state to sort them.
            builder.push(match wanted {
                Wanted::Count | Wanted::All => " AND t.state = ",
                Wanted::Page { .. } => " AND +t.state = ",
            });
            builder.push_bind(state.as_str());
        }
        let narrowed = self.query.artist.is_some() || self.query.release.is_some();
        let walked = narrowed || !matches!(wanted, Wanted::Page { walk: false } | Wanted::All);
        let matching = if walked { " AND +t.n IN (" } else { " AND t.n IN (" };
        match &self.words {
            Words::Nothing => {}
            Words::Match(words) => {
                builder.push(matching).push("SELECT rowid FROM track_search WHERE track_search MATCH ");
                builder.push_bind(words.clone()).push(")");
            }
            Words::Part(part) => {
                // Two statements, because each is answered by walking one index.
                builder.push(matching).push("SELECT n FROM track WHERE instr(title_sort, ");
                builder
                    .push_bind(part.clone())
                    .push(") > 0 UNION SELECT n FROM track WHERE instr(artist_sort, ");
                builder.push_bind(part.clone()).push(") > 0 OR instr(album_sort, ");
                builder.push_bind(part.clone()).push(") > 0)");
            }
        }
    }
}

/// The columns of the sort key's index, in its order.
fn order(sort: TrackSort, descending: bool) -> String {
    let columns: &[&str] = match sort {
        TrackSort::Title => &["title_sort", "id"],
        TrackSort::Artist => &["artist_sort", "album_sort", "disc_number", "track_number", "id"],
        TrackSort::Album => &["album_sort", "release", "disc_number", "track_number", "id"],
        TrackSort::Added => &["added", "id"],
        TrackSort::Duration => &["duration_s", "id"],
        TrackSort::Tempo => &["tempo_bpm", "id"],
        TrackSort::Loudness => &["integrated_lufs", "id"],
        // `shuffled_page` lists these.
        TrackSort::Shuffled(_) => &["id"],
    };
    let direction = if descending { " DESC" } else { " ASC" };
    let mut order = String::new();
    for (place, column) in columns.iter().enumerate() {
        order.push_str(if place == 0 { "t." } else { ", t." });
        order.push_str(column);
        order.push_str(direction);
        if place == 0 && !descending {
            // Going down they are last anyway.
            order.push_str(" NULLS LAST");
        }
    }
    order
}

fn enrichment(name: &str) -> EnrichmentState {
    match name {
        "pending" => EnrichmentState::Pending,
        "completed" => EnrichmentState::Completed,
        "failed" => EnrichmentState::Failed,
        _ => EnrichmentState::None,
    }
}

/// What became of an upload's bytes; `None` for a track of a library folder.
fn uploaded(row: &SqliteRow) -> Result<Option<UploadedBytes>> {
    let known = |name| {
        UploadedBytes::from_name(name).ok_or_else(|| strange(format_args!("an upload that is `{name}`")))
    };
    col::<Option<&str>>(row, "upload")?.map(known).transpose()
}

/// A row of [`row_columns`].
pub(super) fn track_row(row: &SqliteRow) -> Result<TrackRow> {
    let mut track = Track {
        id: id(row, "id", TrackId::from_bytes)?,
        home: match (maybe_id(row, "folder_id", FolderId::from_bytes)?, uploaded(row)?) {
            (Some(folder), _) => TrackHome::Folder(folder),
            (None, Some(bytes)) => TrackHome::Upload(bytes),
            (None, None) => return Err(strange("a track that is nowhere")),
        },
        relative_path: col(row, "relative_path")?,
        size_bytes: count(row, "size_bytes")?,
        modified: time(row, "modified")?,
        changed_ns: col(row, "changed_ns")?,
        presence: presence(row)?,
        missing_since: maybe_time(row, "missing_since")?,
        hash: maybe_hash(row, "bytes_hash")?,
        content_hash: maybe_hash(row, "hash")?,
        state: track_state(row)?,
        enrichment: enrichment(col(row, "enrichment")?),
        enrichment_error: col(row, "enrichment_error")?,
        title: col(row, "title")?,
        tags: json(row, "tags")?,
        artist: maybe_id(row, "artist_id", ArtistId::from_bytes)?,
        release: maybe_id(row, "release_id", ReleaseId::from_bytes)?,
        audio: maybe_json(row, "audio")?,
        cover: maybe_hash(row, "cover")?,
        cover_error: col(row, "cover_error")?,
        failure: maybe_json(row, "failure")?,
        duplicate: maybe_id(row, "twin", TrackId::from_bytes)?,
        published: maybe_time(row, "published")?,
        added: time(row, "added")?,
        updated: time(row, "updated")?,
    };
    // Rows of older versions may have gains from tags that no audio can have; a player would use them.
    let channels = track.audio.as_ref().map_or(2, |audio| usize::from(audio.channels));
    track.tags.drop_impossible_gains(channels);
    let measured: Option<f64> = col(row, "gain_db")?;
    let measured = measured.filter(|gain_db| fanfare_model::gain::can_be_gain(*gain_db, None, channels));
    Ok(TrackRow {
        analyzed: maybe_time(row, "analyzed")?,
        replaygain_track_gain_db: measured.or(track.tags.replaygain_track_gain_db),
        track,
        artist_name: col(row, "artist_name")?,
        release_title: col(row, "release_title")?,
        tempo_bpm: col(row, "tempo_bpm")?,
        key: col(row, "key_name")?,
        camelot: col(row, "camelot")?,
        integrated_lufs: col(row, "integrated_lufs")?,
        true_peak_dbtp: col(row, "true_peak_dbtp")?,
        cached: cached(row)?,
    })
}

/// The qualities that there are transcodes of, the best first.
fn cached(row: &SqliteRow) -> Result<Vec<Quality>> {
    let words = col::<Option<&str>>(row, "cached")?.unwrap_or_default();
    let mut found: Vec<Quality> = words.split(',').filter_map(|word| word.parse().ok()).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// What lists show of the results, copied to the track's row when they are stored.
pub(super) struct Shown {
    pub(super) tempo_bpm: Option<f64>,
    pub(super) key_name: Option<String>,
    pub(super) camelot: Option<String>,
    pub(super) integrated_lufs: Option<f64>,
    pub(super) true_peak_dbtp: Option<f64>,
    pub(super) gain_db: Option<f64>,
}

impl Shown {
    pub(super) fn of(features: &Features) -> Self {
        let loudness = features.loudness.as_ref();
        Self {
            tempo_bpm: features.rhythm.as_ref().and_then(|rhythm| rhythm.tempo_bpm).map(|bpm| bpm.0),
            key_name: features.key.as_ref().map(|key| {
                let mode = match key.mode {
                    fanfare_model::features::Mode::Major => "major",
                    fanfare_model::features::Mode::Minor => "minor",
                };
                format!("{} {mode}", key.tonic)
            }),
            camelot: features.key.as_ref().map(|key| key.camelot.clone()),
            integrated_lufs: loudness.and_then(|loudness| loudness.integrated_lufs).map(|level| level.0),
            true_peak_dbtp: loudness.and_then(|loudness| loudness.true_peak_dbtp).map(|level| level.0),
            gain_db: loudness.and_then(|loudness| loudness.replaygain_track_gain_db),
        }
    }
}
