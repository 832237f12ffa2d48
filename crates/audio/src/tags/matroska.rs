//! Tags and cover of Matroska and WebM (RFC 9559, section 5.1.8; matroska.org, "Tagging").

use std::{fs::File, ops::Range};

use fanfare_model::{Result, Tags};

use super::{reading::TagReading, text};
use crate::{
    Limits,
    ebml::{SEGMENT, Walk},
    probe::AudioBytes,
};

const INFO: u64 = 0x1549_a966;
const TITLE: u64 = 0x7ba9;
const TAGS: u64 = 0x1254_c367;
const TAG: u64 = 0x7373;
const TARGETS: u64 = 0x63c0;
const TARGET_LEVEL: u64 = 0x68ca;
const SIMPLE_TAG: u64 = 0x67c8;
const TAG_NAME: u64 = 0x45a3;
const TAG_STRING: u64 = 0x4487;
const ATTACHMENTS: u64 = 0x1941_a469;
const ATTACHED_FILE: u64 = 0x61a7;
const FILE_NAME: u64 = 0x466e;
const FILE_KIND: u64 = 0x4660;
const FILE_BYTES: u64 = 0x465c;

/// The level of a target that means the album; a track's is 30.
const ALBUM_LEVEL: u8 = 50;
/// Tags of a file, names in a tag, attached files that are looked at.
const MOST: usize = 500;
/// Bytes of a text that is read at all.
const TEXT_BYTES: u64 = 64 << 10;

/// Reads tags and cover into the reading.
///
/// # Errors
/// I/O only.
pub(super) fn read(file: &File, audio: AudioBytes, limits: &Limits, reading: &mut TagReading) -> Result<()> {
    let mut walk = Walk::new(file);
    let Some((_, segment)) = walk.last(audio.start..audio.end, |id| id == SEGMENT)? else { return Ok(()) };
    let mut parts = Vec::new();
    walk.children(segment, |(id, body)| {
        if matches!(id, INFO | TAGS | ATTACHMENTS) {
            parts.push((id, body));
        }
        parts.len() < MOST
    })?;
    let mut file_title = None;
    for (id, body) in parts {
        match id {
            INFO => file_title = walk.text(body, TITLE, TEXT_BYTES)?,
            TAGS => {
                for tag in walk.all(body, TAG, MOST)? {
                    read_tag(&mut walk, tag, limits, &mut reading.tags)?;
                }
            }
            _ => {
                for attached in walk.all(body, ATTACHED_FILE, MOST)? {
                    read_attachment(&mut walk, attached, limits, reading)?;
                }
            }
        }
    }
    if reading.tags.title.is_none() {
        reading.tags.title = file_title.and_then(|title| text::clean(&title, limits.max_text_chars));
    }
    Ok(())
}

fn read_tag(walk: &mut Walk<'_>, tag: Range<u64>, limits: &Limits, tags: &mut Tags) -> Result<()> {
    // Without a level the album is meant by the standard; but most programs write all of a song's tags so.
    let level = match walk.all(tag.clone(), TARGETS, 1)?.pop() {
        Some(targets) => walk.bytes(targets, TARGET_LEVEL, 8)?.and_then(|bytes| bytes.last().copied()),
        None => None,
    };
    for simple in walk.all(tag, SIMPLE_TAG, MOST)? {
        let name = walk.text(simple.clone(), TAG_NAME, TEXT_BYTES)?;
        let value = walk.text(simple, TAG_STRING, TEXT_BYTES)?;
        if let (Some(name), Some(value)) = (name, value) {
            take(tags, level == Some(ALBUM_LEVEL), &name.to_ascii_uppercase(), &value, limits);
        }
    }
    Ok(())
}

fn take(tags: &mut Tags, of_album: bool, name: &str, value: &str, limits: &Limits) {
    let fill = |place: &mut Option<String>| {
        if place.is_none() {
            *place = text::clean(value, limits.max_text_chars);
        }
    };
    match (of_album, name) {
        (true, "TITLE") | (_, "ALBUM") => fill(&mut tags.album),
        (_, "TITLE") => fill(&mut tags.title),
        (_, "ALBUM_ARTIST" | "ALBUMARTIST") => fill(&mut tags.album_artist),
        (of_album, "ARTIST") => {
            if of_album {
                fill(&mut tags.album_artist);
            }
            fill(&mut tags.artist);
        }
        (_, "GENRE") => fill(&mut tags.genre),
        (_, "COMPOSER") => fill(&mut tags.composer),
        (_, "COMMENT") => fill(&mut tags.comment),
        (_, "DATE" | "DATE_RELEASED" | "DATE_RECORDED" | "YEAR") => {
            tags.year = tags.year.or(text::year(value))
        }
        (false, "PART_NUMBER") | (_, "TRACK" | "TRACKNUMBER") => {
            let (number, total) = text::number_of_total(value);
            tags.track_number = tags.track_number.or(number);
            tags.track_total = tags.track_total.or(total);
        }
        (true, "PART_NUMBER") | (_, "DISC" | "DISCNUMBER") => {
            let (number, total) = text::number_of_total(value);
            tags.disc_number = tags.disc_number.or(number);
            tags.disc_total = tags.disc_total.or(total);
        }
        (true, "REPLAYGAIN_GAIN") | (_, "REPLAYGAIN_ALBUM_GAIN") => {
            tags.replaygain_album_gain_db = text::decibels(value);
        }
        (true, "REPLAYGAIN_PEAK") | (_, "REPLAYGAIN_ALBUM_PEAK") => {
            tags.replaygain_album_peak = text::peak(value)
        }
        (_, "REPLAYGAIN_GAIN" | "REPLAYGAIN_TRACK_GAIN") => {
            tags.replaygain_track_gain_db = text::decibels(value)
        }
        (_, "REPLAYGAIN_PEAK" | "REPLAYGAIN_TRACK_PEAK") => tags.replaygain_track_peak = text::peak(value),
        (_, "MUSICBRAINZ_TRACKID") => fill(&mut tags.musicbrainz_recording_id),
        (_, "MUSICBRAINZ_ALBUMID") => fill(&mut tags.musicbrainz_release_id),
        (_, "MUSICBRAINZ_ARTISTID") => fill(&mut tags.musicbrainz_artist_id),
        _ => {}
    }
}

/// Takes an attached image; one named `cover` is preferred.
fn read_attachment(
    walk: &mut Walk<'_>,
    attached: Range<u64>,
    limits: &Limits,
    reading: &mut TagReading,
) -> Result<()> {
    let kind = walk.text(attached.clone(), FILE_KIND, TEXT_BYTES)?.unwrap_or_default();
    let name = walk.text(attached.clone(), FILE_NAME, TEXT_BYTES)?.unwrap_or_default();
    let is_cover = name.to_ascii_lowercase().starts_with("cover");
    if kind.starts_with("image/") && (is_cover || reading.cover.is_none()) {
        let size_bytes =
            walk.all(attached.clone(), FILE_BYTES, 1)?.pop().map_or(0, |body| body.end - body.start);
        if size_bytes > limits.max_cover_bytes {
            reading.refuse_cover(size_bytes, limits);
        } else if let Some(image) = walk.bytes(attached, FILE_BYTES, limits.max_cover_bytes)? {
            reading.take_cover(image, limits);
        }
    }
    Ok(())
}
