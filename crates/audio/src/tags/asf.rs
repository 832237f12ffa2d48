//! The header object of ASF files (Microsoft, "Advanced Systems Format specification" 1.2, section 3).

use std::fs::File;

use super::{
    header_fields::{Found, le32, le64},
    reading::TagReading,
    text,
};
use crate::{
    Limits,
    probe::{AudioBytes, read_at},
};

/// Object identifiers as they stand in the file.
const FILE_PROPERTIES: [u8; 4] = [0xa1, 0xdc, 0xab, 0x8c];
const STREAM_PROPERTIES: [u8; 4] = [0x91, 0x07, 0xdc, 0xb7];
const CONTENT_DESCRIPTION: [u8; 4] = [0x33, 0x26, 0xb2, 0x75];
const EXTENDED_CONTENT: [u8; 4] = [0x40, 0xa4, 0xd0, 0xd2];
/// Audio stream type, first part.
const AUDIO_MEDIA: [u8; 4] = [0x40, 0x9e, 0x69, 0xf8];
/// Objects in one header.
const MAX_OBJECTS: usize = 1_000;
/// Attributes in one description.
const MAX_ATTRIBUTES: usize = 1_000;

/// The objects of the header: the first four bytes of each identifier, and its body.
fn objects(header: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut found = Vec::new();
    let mut at = 30;
    while let (Some(id), Some(size)) = (header.get(at..at + 4), le64(header, at + 16)) {
        let Some(end) = usize::try_from(size).ok().and_then(|size| at.checked_add(size)) else { break };
        let Some(body) = header.get(at + 24..end) else { break };
        found.push(([id[0], id[1], id[2], id[3]], body));
        at = end;
        if found.len() == MAX_OBJECTS {
            break;
        }
    }
    found
}

/// The header, and whether only the part of it that the limit on tags allows.
fn header(file: &File, audio: AudioBytes, limits: &Limits) -> Option<(Vec<u8>, bool)> {
    let length = le64(&read_at(file, audio.start, 30).ok()?, 16)?.min(audio.end - audio.start);
    let taken = length.min(limits.max_tag_bytes);
    let header = read_at(file, audio.start, usize::try_from(taken).ok()?).ok()?;
    Some((header, taken < length))
}

/// Codec, rate, channels and length of the first audio stream.
pub(super) fn properties(file: &File, audio: AudioBytes, limits: &Limits) -> Option<Found> {
    let (header, _) = header(file, audio, limits)?;
    let objects = objects(&header);
    let stream = objects.iter().find(|(id, body)| *id == STREAM_PROPERTIES && body.starts_with(&AUDIO_MEDIA));
    // The type-specific part, from byte 54 on, is a WAVEFORMATEX.
    let format = stream?.1.get(54..)?;
    let short = |at: usize| format.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])));
    let codec = match short(0)? {
        0x160 => "wmav1",
        0x161 => "wmav2",
        0x162 => "wmapro",
        0x163 => "wmalossless",
        0x0a => "wmavoice",
        _ => "other",
    };
    let rate_hz = le32(format, 4)?;
    // Play duration in 100 ns, with the preroll in milliseconds.
    let frames = objects.iter().find(|(id, _)| *id == FILE_PROPERTIES).and_then(|(_, body)| {
        let duration = le64(body, 40)?.saturating_sub(le64(body, 56)?.saturating_mul(10_000));
        u64::try_from(u128::from(duration) * u128::from(rate_hz) / 10_000_000).ok()
    });
    let bits = short(14).and_then(|bits| u8::try_from(bits).ok()).filter(|_| codec == "wmalossless");
    Some(Found { codec, rate_hz, channels: short(2)?, bits, frames })
}

/// UTF-16 text, up to its first zero.
fn utf16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0);
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Reads the tags.
pub(super) fn read(file: &File, audio: AudioBytes, limits: &Limits, reading: &mut TagReading) {
    let Some((header, cut)) = header(file, audio, limits) else {
        reading.warnings.push("tags were not read: the header is damaged".to_owned());
        return;
    };
    reading.cut |= cut;
    let clean = |bytes: &[u8]| text::clean(&utf16(bytes), limits.max_text_chars);
    for (id, body) in objects(&header) {
        match id {
            CONTENT_DESCRIPTION => {
                // Five lengths (title, author, copyright, description, rating), then the five texts.
                let lengths: Vec<usize> = body
                    .chunks_exact(2)
                    .take(5)
                    .map(|pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])))
                    .collect();
                let mut at = 10;
                for (index, length) in lengths.into_iter().enumerate() {
                    let value = body.get(at..at + length).and_then(clean);
                    match index {
                        0 => reading.tags.title = value,
                        1 => reading.tags.artist = value,
                        3 => reading.tags.comment = value,
                        _ => {}
                    }
                    at += length;
                }
            }
            EXTENDED_CONTENT => attributes(body, limits, reading),
            _ => {}
        }
    }
}

/// Name, type and value of each extended attribute.
fn attributes(body: &[u8], limits: &Limits, reading: &mut TagReading) {
    let short = |at: usize| body.get(at..at + 2).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])));
    let mut at = 2;
    for _ in 0..short(0).unwrap_or(0).min(MAX_ATTRIBUTES) {
        let Some(name_bytes) = short(at) else { return };
        let Some(name) = body.get(at + 2..at + 2 + name_bytes) else { return };
        at += 2 + name_bytes;
        let (Some(kind), Some(value_bytes)) = (short(at), short(at + 2)) else { return };
        let Some(value) = body.get(at + 4..at + 4 + value_bytes) else { return };
        at += 4 + value_bytes;
        let name = utf16(name);
        if kind == 1 && name == "WM/Picture" {
            picture(value, limits, reading);
            continue;
        }
        // Numbers are written as texts or as 32-bit integers.
        let written =
            if kind == 0 { Some(utf16(value)) } else { le32(value, 0).map(|number| number.to_string()) };
        let Some(written) = written else { continue };
        let tags = &mut reading.tags;
        let text = || text::clean(&written, limits.max_text_chars);
        match name.as_str() {
            "WM/AlbumTitle" => tags.album = text(),
            "WM/AlbumArtist" => tags.album_artist = text(),
            "WM/Genre" => tags.genre = text(),
            "WM/Composer" => tags.composer = text(),
            "WM/Year" => tags.year = text::year(&written),
            "WM/TrackNumber" => (tags.track_number, tags.track_total) = text::number_of_total(&written),
            "WM/PartOfSet" => (tags.disc_number, tags.disc_total) = text::number_of_total(&written),
            "MusicBrainz/Track Id" => tags.musicbrainz_recording_id = text(),
            "MusicBrainz/Album Id" => tags.musicbrainz_release_id = text(),
            "MusicBrainz/Artist Id" => tags.musicbrainz_artist_id = text(),
            "replaygain_track_gain" | "REPLAYGAIN_TRACK_GAIN" => {
                tags.replaygain_track_gain_db = text::decibels(&written);
            }
            "replaygain_track_peak" | "REPLAYGAIN_TRACK_PEAK" => {
                tags.replaygain_track_peak = text::peak(&written)
            }
            "replaygain_album_gain" | "REPLAYGAIN_ALBUM_GAIN" => {
                tags.replaygain_album_gain_db = text::decibels(&written);
            }
            "replaygain_album_peak" | "REPLAYGAIN_ALBUM_PEAK" => {
                tags.replaygain_album_peak = text::peak(&written)
            }
            _ => {}
        }
    }
}

/// A picture: kind (1 byte), length (4), media type and description as texts that end in zero, the bytes.
fn picture(value: &[u8], limits: &Limits, reading: &mut TagReading) {
    let after_text = |bytes: &[u8], at: usize| {
        bytes.get(at..)?.chunks_exact(2).position(|pair| pair == [0, 0]).map(|units| at + units * 2 + 2)
    };
    let Some(start) = after_text(value, 5).and_then(|at| after_text(value, at)) else { return };
    let (Some(kind), Some(bytes)) = (value.first(), value.get(start..)) else { return };
    let better = reading.cover.is_none() || *kind == 3;
    if better {
        reading.take_cover(bytes.to_vec(), limits);
    }
}
