//! What is written of a file, in the form it is stored in.

use fanfare_model::{Result, Tags, Timestamp, words::last_part};

use crate::{
    catalog::ScannedFile,
    folding::fold,
    refold,
    rows::{int, to_json, to_sparse_json},
};

/// What is written of a file, in the form it is stored in.
pub(in crate::catalog) struct Facts {
    pub(in crate::catalog) relative_path: String,
    pub(super) size_bytes: i64,
    pub(super) modified: i64,
    pub(in crate::catalog) changed_ns: Option<i64>,
    pub(super) title: String,
    pub(super) tags: Tags,
    pub(super) tags_json: String,
    pub(super) audio_json: Option<String>,
    pub(super) duration_s: Option<f64>,
    pub(super) cover: Option<Vec<u8>>,
    pub(super) cover_error: Option<String>,
    pub(super) artist: Option<i64>,
    pub(super) release: Option<i64>,
    pub(super) title_sort: String,
    pub(super) artist_sort: Option<String>,
    pub(super) album_sort: Option<String>,
}

impl Facts {
    pub(in crate::catalog) fn of(
        file: &ScannedFile,
        artist: Option<i64>,
        release: Option<i64>,
    ) -> Result<Self> {
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
    pub(in crate::catalog) fn unreadable(
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

/// The title of a file that names none: its name without suffix.
fn title_of(relative_path: &str) -> &str {
    let name = last_part(relative_path);
    name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}
