//! Tags of CAF, as Symphonia's demuxer reads them.

use std::{fs::File, sync::Arc};

use fanfare_model::Tags;
use symphonia::core::meta::StandardTag;

use super::{reading::TagReading, text};
use crate::{Limits, decode, probe::AudioBytes};

/// Tags taken of one file.
const MAX_TAGS: usize = 1_000;

/// Reads what the demuxer finds into the reading.
pub(super) fn read(file: &Arc<File>, audio: AudioBytes, limits: &Limits, reading: &mut TagReading) {
    // A file whose headers are damaged has said so already.
    let Ok((tags, cover)) = decode::metadata(file.clone(), audio, limits) else { return };
    for tag in tags.iter().take(MAX_TAGS) {
        take(&mut reading.tags, tag, limits);
    }
    if let Some(cover) = cover {
        reading.take_cover(cover, limits);
    }
}

fn take(tags: &mut Tags, tag: &StandardTag, limits: &Limits) {
    let join = |place: &mut Option<String>, value: &str, between: &str| {
        let joined =
            place.take().map_or_else(|| value.to_owned(), |before| format!("{before}{between}{value}"));
        *place = text::clean(&joined, limits.max_text_chars);
    };
    let first = |place: &mut Option<String>, value: &str| {
        if place.is_none() {
            *place = text::clean(value, limits.max_text_chars);
        }
    };
    let number = |value: u64| u32::try_from(value).ok().filter(|value| (1..=9_999).contains(value));
    match tag {
        StandardTag::TrackTitle(value) => first(&mut tags.title, value),
        StandardTag::Album(value) => first(&mut tags.album, value),
        StandardTag::Artist(value) => join(&mut tags.artist, value, ", "),
        StandardTag::AlbumArtist(value) => join(&mut tags.album_artist, value, ", "),
        StandardTag::Composer(value) => join(&mut tags.composer, value, ", "),
        StandardTag::Genre(value) => join(&mut tags.genre, value, "; "),
        StandardTag::Comment(value) => first(&mut tags.comment, value),
        StandardTag::TrackNumber(value) => tags.track_number = tags.track_number.or(number(*value)),
        StandardTag::TrackTotal(value) => tags.track_total = tags.track_total.or(number(*value)),
        StandardTag::DiscNumber(value) => tags.disc_number = tags.disc_number.or(number(*value)),
        StandardTag::DiscTotal(value) => tags.disc_total = tags.disc_total.or(number(*value)),
        StandardTag::RecordingDate(value) | StandardTag::ReleaseDate(value) => {
            tags.year = tags.year.or_else(|| text::year(value));
        }
        StandardTag::RecordingYear(value) | StandardTag::ReleaseYear(value) => {
            tags.year = tags.year.or_else(|| text::year(&value.to_string()));
        }
        StandardTag::ReplayGainTrackGain(value) => tags.replaygain_track_gain_db = text::decibels(value),
        StandardTag::ReplayGainTrackPeak(value) => tags.replaygain_track_peak = text::peak(value),
        StandardTag::ReplayGainAlbumGain(value) => tags.replaygain_album_gain_db = text::decibels(value),
        StandardTag::ReplayGainAlbumPeak(value) => tags.replaygain_album_peak = text::peak(value),
        StandardTag::MusicBrainzRecordingId(value) => first(&mut tags.musicbrainz_recording_id, value),
        StandardTag::MusicBrainzAlbumId(value) => first(&mut tags.musicbrainz_release_id, value),
        StandardTag::MusicBrainzArtistId(value) => first(&mut tags.musicbrainz_artist_id, value),
        _ => {}
    }
}
