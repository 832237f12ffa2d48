//! A row of a list of tracks: its columns, and how they are read.

use fanfare_model::{
    ArtistId, EnrichmentState, FolderId, Presence, Quality, ReleaseId, Result, Timestamp, Track, TrackHome,
    TrackId, TrackState, UploadedBytes, features::Features,
};
use sqlx::sqlite::SqliteRow;

use crate::{
    error::strange,
    rows::{col, count, id, json, maybe_hash, maybe_id, maybe_json, maybe_time, time},
};

/// A row of a list of tracks.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackRow {
    /// The track.
    pub track: Track,
    /// Name of the artist it is filed under.
    pub artist_name: Option<String>,
    /// Title of the release it is filed under.
    pub release_title: Option<String>,
    /// Measured tempo.
    pub tempo_bpm: Option<f64>,
    /// Measured key, for example `A minor`.
    pub key: Option<String>,
    /// The key on the Camelot wheel.
    pub camelot: Option<String>,
    /// Measured integrated loudness.
    pub integrated_lufs: Option<f64>,
    /// Measured true peak.
    pub true_peak_dbtp: Option<f64>,
    /// Measured ReplayGain, or what the tags say until it is measured.
    pub replaygain_track_gain_db: Option<f64>,
    /// When an analyzer last measured it; `None` for what versions measured that did not note it.
    pub analyzed: Option<Timestamp>,
    /// The qualities that there are transcodes of, the best first.
    pub cached: Vec<Quality>,
}

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

fn enrichment(name: &str) -> EnrichmentState {
    match name {
        "pending" => EnrichmentState::Pending,
        "completed" => EnrichmentState::Completed,
        "failed" => EnrichmentState::Failed,
        _ => EnrichmentState::None,
    }
}

/// What became of an upload's bytes; `None` for a track of a library folder.
pub(super) fn uploaded(row: &SqliteRow) -> Result<Option<UploadedBytes>> {
    let known = |name| {
        UploadedBytes::from_name(name).ok_or_else(|| strange(format_args!("an upload that is `{name}`")))
    };
    col::<Option<&str>>(row, "upload")?.map(known).transpose()
}

/// A row of `row_columns!`.
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

/// Whether the file of a track's row is there.
pub(super) fn presence(row: &SqliteRow) -> Result<Presence> {
    let name: &str = col(row, "presence")?;
    Presence::from_name(name).ok_or_else(|| strange(format_args!("the presence `{name}`")))
}

/// The state of a track's row.
pub(super) fn track_state(row: &SqliteRow) -> Result<TrackState> {
    let name: &str = col(row, "state")?;
    TrackState::from_name(name).ok_or_else(|| strange(format_args!("the track state `{name}`")))
}
