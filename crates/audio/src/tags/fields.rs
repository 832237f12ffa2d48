//! [`Collected`]: what one tag says, by field, and which names mean which field.
//!
//! A field may have several names (`DATE`, `YEAR`); each has a rank, and only values of the best rank are taken: so a date
//! of release comes before that of the first release, and an album artist that stands there by two names is one.

use fanfare_model::Tags;

use super::text;
use crate::Limits;

/// Values kept of one field.
pub(super) const MAX_VALUES: usize = 64;
/// Sentences kept about what is damaged in one tag.
const MAX_DAMAGED: usize = 8;
/// The kind of a front cover, in ID3v2 (2.4 frames, section 4.14), FLAC (RFC 9639, section 8.8) and ASF alike.
pub(super) const FRONT_COVER: u32 = 3;
/// How much worse the rank of a name is where it stands in a user's text and not in a field of its own.
pub(super) const USER_TEXT: u8 = 100;

/// What a value is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    Artist,
    AlbumArtist,
    Album,
    Genre,
    Composer,
    Comment,
    Date,
    Track,
    TrackTotal,
    Disc,
    DiscTotal,
    TrackGain,
    TrackPeak,
    AlbumGain,
    AlbumPeak,
    TrackR128,
    AlbumR128,
    RecordingId,
    ReleaseId,
    ArtistId,
}

/// Names of Vorbis comments, APE items, user texts of ID3v2 and MP4, in capitals and without what stands between words;
/// with their rank. `ffmpeg` writes comments as `DESCRIPTION` where there are Vorbis comments.
const NAMES: &[(&str, Field, u8)] = &[
    ("TITLE", Field::Title, 0),
    ("ARTIST", Field::Artist, 0),
    ("ALBUMARTIST", Field::AlbumArtist, 0),
    ("ALBUM", Field::Album, 0),
    ("GENRE", Field::Genre, 0),
    ("COMPOSER", Field::Composer, 0),
    ("COMMENT", Field::Comment, 0),
    ("DESCRIPTION", Field::Comment, 2),
    ("DATE", Field::Date, 0),
    ("YEAR", Field::Date, 2),
    ("RELEASEDATE", Field::Date, 4),
    ("RELEASEYEAR", Field::Date, 6),
    ("RECORDDATE", Field::Date, 8),
    ("ORIGINALDATE", Field::Date, 10),
    ("ORIGINALRELEASEDATE", Field::Date, 10),
    ("ORIGINALYEAR", Field::Date, 12),
    ("TRACKNUMBER", Field::Track, 0),
    ("TRACK", Field::Track, 2),
    ("TRACKTOTAL", Field::TrackTotal, 0),
    ("TOTALTRACKS", Field::TrackTotal, 2),
    ("DISCNUMBER", Field::Disc, 0),
    ("DISC", Field::Disc, 2),
    ("DISCTOTAL", Field::DiscTotal, 0),
    ("TOTALDISCS", Field::DiscTotal, 2),
    ("REPLAYGAINTRACKGAIN", Field::TrackGain, 0),
    ("REPLAYGAINTRACKPEAK", Field::TrackPeak, 0),
    ("REPLAYGAINALBUMGAIN", Field::AlbumGain, 0),
    ("REPLAYGAINALBUMPEAK", Field::AlbumPeak, 0),
    ("R128TRACKGAIN", Field::TrackR128, 0),
    ("R128ALBUMGAIN", Field::AlbumR128, 0),
    ("MUSICBRAINZTRACKID", Field::RecordingId, 0),
    ("MUSICBRAINZALBUMID", Field::ReleaseId, 0),
    ("MUSICBRAINZARTISTID", Field::ArtistId, 0),
];

/// The field that a name means, in any case, with or without spaces and underscores; and its rank.
pub(super) fn named(name: &str) -> Option<(Field, u8)> {
    let is_between = |c: &char| matches!(c, ' ' | '_');
    let letters = || name.chars().filter(|c| !is_between(c)).map(|c| c.to_ascii_uppercase());
    let (_, field, rank) = NAMES.iter().find(|(known, ..)| letters().eq(known.chars()))?;
    // The name in one word first, where both stand there.
    Some((*field, rank + u8::from(name.contains([' ', '_']))))
}

/// A picture, and how good it is as a cover.
#[derive(Debug)]
pub(super) struct Picture {
    /// 0 is best.
    pub rank: u8,
    pub bytes: Vec<u8>,
}

/// What was collected of one tag.
#[derive(Debug)]
pub(super) struct Collected<'a> {
    pub limits: &'a Limits,
    values: Vec<(Field, u8, String)>,
    pub picture: Option<Picture>,
    /// What had to be left out, and why.
    pub damaged: Vec<String>,
    /// Something was left out because of a limit.
    pub cut: bool,
}

impl<'a> Collected<'a> {
    pub fn new(limits: &'a Limits) -> Self {
        Self { limits, values: Vec::new(), picture: None, damaged: Vec::new(), cut: false }
    }

    /// Notes an item that was left out.
    pub fn note(&mut self, damaged: impl Into<String>) {
        let damaged = damaged.into();
        if self.damaged.len() < MAX_DAMAGED && !self.damaged.contains(&damaged) {
            self.damaged.push(damaged);
        }
    }

    /// Takes a value that says something.
    pub fn add(&mut self, field: Field, rank: u8, value: &str) {
        if !says_something(field, value) {
            return;
        }
        let Some(value) = text::clean(value, self.limits.max_text_chars) else { return };
        let mut same = self.values.iter().filter(|(known, ..)| *known == field);
        if same.clone().count() < MAX_VALUES
            && !same.any(|(_, known, text)| *known < rank || (*known == rank && *text == value))
        {
            self.values.retain(|(known, other, _)| *known != field || *other <= rank);
            self.values.push((field, rank, value));
        }
    }

    /// Takes a value by its name, if the name means anything here.
    pub fn add_named(&mut self, name: &str, more: u8, value: &str) {
        if let Some((field, rank)) = named(name) {
            self.add(field, rank + more, value);
        }
    }

    /// Whether a picture of that kind would be taken.
    pub fn wants_picture(&self, kind: u32) -> bool {
        self.picture.as_ref().is_none_or(|have| picture_rank(kind) < have.rank)
    }

    /// Takes a picture that is a better cover than what was found before.
    pub fn add_picture(&mut self, kind: u32, bytes: &[u8]) {
        if self.wants_picture(kind) && !bytes.is_empty() {
            self.picture = Some(Picture { rank: picture_rank(kind), bytes: bytes.to_vec() });
        }
    }

    /// Fills what is still empty.
    pub fn fill(&self, tags: &mut Tags) {
        let of = |field: Field| {
            self.values.iter().filter(move |(known, ..)| *known == field).map(|(.., value)| value.as_str())
        };
        // Several values of one name are one credit.
        let all = |place: &mut Option<String>, field: Field, between: &str| {
            if place.is_none() {
                let values: Vec<&str> = of(field).collect();
                *place = text::clean(&values.join(between), self.limits.max_text_chars);
            }
        };
        let one = |place: &mut Option<String>, field: Field| {
            if place.is_none() {
                *place = of(field).next().map(str::to_owned);
            }
        };
        one(&mut tags.title, Field::Title);
        all(&mut tags.artist, Field::Artist, ", ");
        all(&mut tags.album_artist, Field::AlbumArtist, ", ");
        one(&mut tags.album, Field::Album);
        all(&mut tags.genre, Field::Genre, "; ");
        all(&mut tags.composer, Field::Composer, ", ");
        one(&mut tags.comment, Field::Comment);
        one(&mut tags.musicbrainz_recording_id, Field::RecordingId);
        one(&mut tags.musicbrainz_release_id, Field::ReleaseId);
        one(&mut tags.musicbrainz_artist_id, Field::ArtistId);
        tags.year = tags.year.or_else(|| of(Field::Date).find_map(text::year));
        let position =
            |number: &mut Option<u32>, total: &mut Option<u32>, field: Field, total_field: Field| {
                let (position, rest) = of(field).next().map_or((None, None), text::number_of_total);
                *number = number.or(position);
                *total = total
                    .or_else(|| of(total_field).find_map(|value| text::number_of_total(value).0))
                    .or(rest);
            };
        position(&mut tags.track_number, &mut tags.track_total, Field::Track, Field::TrackTotal);
        position(&mut tags.disc_number, &mut tags.disc_total, Field::Disc, Field::DiscTotal);
        let gain = |place: &mut Option<f64>, field: Field, r128: Field| {
            let gain = || of(field).find_map(text::decibels);
            *place = place.or_else(gain).or_else(|| of(r128).find_map(text::r128_decibels));
        };
        gain(&mut tags.replaygain_track_gain_db, Field::TrackGain, Field::TrackR128);
        gain(&mut tags.replaygain_album_gain_db, Field::AlbumGain, Field::AlbumR128);
        let peak = |place: &mut Option<f64>, field: Field| {
            *place = place.or_else(|| of(field).find_map(text::peak));
        };
        peak(&mut tags.replaygain_track_peak, Field::TrackPeak);
        peak(&mut tags.replaygain_album_peak, Field::AlbumPeak);
    }
}

/// Whether a value is what its field takes: so that a date that names no year does not hide one that does.
fn says_something(field: Field, value: &str) -> bool {
    match field {
        Field::Date => text::year(value).is_some(),
        Field::Track | Field::Disc => text::number_of_total(value) != (None, None),
        Field::TrackTotal | Field::DiscTotal => text::number_of_total(value).0.is_some(),
        Field::TrackGain | Field::AlbumGain => text::decibels(value).is_some(),
        Field::TrackPeak | Field::AlbumPeak => text::peak(value).is_some(),
        Field::TrackR128 | Field::AlbumR128 => text::r128_decibels(value).is_some(),
        _ => true,
    }
}

/// Front covers first, then the others, then the icons (kinds 1 and 2).
fn picture_rank(kind: u32) -> u8 {
    match kind {
        FRONT_COVER => 0,
        1 | 2 => 2,
        _ => 1,
    }
}
