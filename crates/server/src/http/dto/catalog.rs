//! The public catalog: tracks as strangers see them.

use fanfare_store::TrackRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::track::TrackDto;

/// A published track, without what is its owner's business: paths, sizes, failures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogTrack)]
pub struct CatalogTrackDto {
    /// Id. `/tracks/{id}/hls/index.m3u8` plays it; `cover`, `waveform` and `features` are there too.
    pub id: String,
    /// Title.
    pub title: String,
    /// The artist's name.
    pub artist: Option<String>,
    /// The release's title.
    pub release: Option<String>,
    /// Genre, as written in the tags.
    pub genre: Option<String>,
    /// Year of release.
    pub year: Option<u16>,
    /// How long it plays.
    pub duration_s: Option<f64>,
    /// Whether `/tracks/{id}/cover` has an image.
    pub has_cover: bool,
    /// Tempo.
    pub tempo_bpm: Option<f64>,
    /// Key, for example `A minor`.
    pub key: Option<String>,
    /// Key on the Camelot wheel, for example `8A`.
    pub camelot: Option<String>,
    /// Integrated loudness (ITU-R BS.1770-5).
    pub integrated_lufs: Option<f64>,
    /// True peak.
    pub true_peak_dbtp: Option<f64>,
    /// ReplayGain to -18 LUFS: measured, else from the tags.
    pub replaygain_track_gain_db: Option<f64>,
    /// When it was made public.
    #[schema(format = DateTime)]
    pub published: Option<String>,
}

impl From<TrackRow> for CatalogTrackDto {
    fn from(row: TrackRow) -> Self {
        let track = TrackDto::from(row);
        Self {
            id: track.id,
            title: track.title,
            artist: track.artist.map(|artist| artist.name),
            release: track.release.map(|release| release.title),
            genre: track.genre,
            year: track.year,
            duration_s: track.duration_s,
            has_cover: track.has_cover,
            tempo_bpm: track.tempo_bpm,
            key: track.key,
            camelot: track.camelot,
            integrated_lufs: track.integrated_lufs,
            true_peak_dbtp: track.true_peak_dbtp,
            replaygain_track_gain_db: track.replaygain_track_gain_db,
            published: track.published,
        }
    }
}
