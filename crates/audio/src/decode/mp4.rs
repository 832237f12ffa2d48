//! Edit lists of ISO base media files (ISO 14496-12) and `iTunSMPB`, which Symphonia leaves to us.
//!
//! Purpose: how many decoded frames lie before the first audible one (encoder priming) and where the last
//! one is. AAC encoders put 1,024 to 2,112 frames in front and fill the last packet.
//!
//! Invariants: a bounded number of boxes is visited, by position; only small boxes are read whole.

mod fragments;
mod track_facts;
mod walk;

use std::{fs::File, ops::Range};

use fanfare_model::{Error, ErrorKind, Result};

use super::bytes::Patch;
use crate::{
    encode::adts::RATES_HZ,
    probe::{AudioBytes, read_at},
};
pub(super) use track_facts::Mp4Facts;
pub(crate) use track_facts::says_little_endian;
use walk::{MAX_BOXES, MAX_FACT_BYTES, Walk, u32_at, u64_at};

/// Reads the facts.
///
/// # Errors
/// [`ErrorKind::NotAudio`] without a sound track, [`ErrorKind::Malformed`] without an index,
/// [`ErrorKind::LimitExceeded`] for more boxes than any file has, I/O.
pub(super) fn facts(file: &File, audio: AudioBytes) -> Result<Mp4Facts> {
    let mut walk = Walk::new(file);
    let whole = audio.start..audio.end;
    let top = walk.children(whole)?;
    let moov =
        top.iter().find(|(kind, _)| kind == b"moov").map(|(_, body)| body.clone()).ok_or_else(|| {
            Error::new(ErrorKind::Malformed, "the file has no index (moov box); it was probably cut off")
                .at_byte(audio.end)
        })?;
    let mut movie_timescale = 0;
    if let Some(mvhd) = walk.find(moov.clone(), b"mvhd")? {
        movie_timescale = timescale_and_duration(&walk.read(&mvhd)?).map_or(0, |(scale, _)| scale);
    }
    let mut smpb = None;
    if let Some(list) = walk.path(moov.clone(), &[b"udta", b"meta", b"ilst"])? {
        for (kind, item) in walk.children(list)? {
            if &kind == b"----" && smpb.is_none() {
                smpb = parse_smpb(&walk.read(&item)?);
            }
        }
    }
    for (kind, trak) in walk.children(moov.clone())? {
        if &kind == b"trak"
            && let Some(mut facts) = track(&mut walk, trak)?
        {
            facts.movie_timescale = movie_timescale;
            facts.smpb = smpb;
            let end = fragments::media_end(&mut walk, &top, &moov, facts.track_id)?;
            if facts.indexed_samples > 0 && end.is_some() {
                // The edit was written with the index and does not know of what was added.
                facts.hybrid = true;
                facts.edit = facts.edit.map(|(start, _)| (start, 0));
                facts.media_duration = end.unwrap_or(0).max(facts.media_duration);
            } else if facts.media_duration == 0 {
                facts.media_duration = end.unwrap_or(0);
            }
            return Ok(facts);
        }
    }
    Err(Error::new(ErrorKind::NotAudio, "the file has no sound track"))
}

/// The corrected length of a box that goes beyond the end of the file, as in one cut off while it was copied:
/// the demuxer would refuse it as a whole.
///
/// # Errors
/// I/O.
pub(super) fn overlong_box(file: &File, audio: AudioBytes) -> Result<Option<Patch>> {
    let mut at = audio.start;
    for _ in 0..MAX_BOXES {
        let head = read_at(file, at, 16)?;
        let Some(size) = u32_at(&head, 0) else { break };
        let length = match size {
            0 => break, // up to the end of the file, wherever that is
            1 => u64_at(&head, 8).unwrap_or(0),
            size => u64::from(size),
        };
        let exists = audio.end - at;
        if length > exists {
            return Ok(match (size, u32::try_from(exists)) {
                (1, _) => Some(Patch { at: at + 8, bytes: exists.to_be_bytes().to_vec() }),
                (_, Ok(exists)) => Some(Patch { at, bytes: exists.to_be_bytes().to_vec() }),
                _ => None,
            });
        }
        at += length.max(8);
        if at >= audio.end {
            break;
        }
    }
    Ok(None)
}

/// The facts of a track, if it is a sound track.
fn track(walk: &mut Walk<'_>, trak: Range<u64>) -> Result<Option<Mp4Facts>> {
    let Some(mdia) = walk.find(trak.clone(), b"mdia")? else { return Ok(None) };
    let handler = match walk.find(mdia.clone(), b"hdlr")? {
        Some(body) => walk.read(&body)?,
        None => return Ok(None),
    };
    if handler.get(8..12) != Some(b"soun") {
        return Ok(None);
    }
    let mut facts = Mp4Facts::default();
    if let Some(body) = walk.find(trak.clone(), b"tkhd")? {
        let header = walk.read(&body)?;
        let offset = if header.first() == Some(&1) { 20 } else { 12 };
        facts.track_id = u32_at(&header, offset).unwrap_or(0);
    }
    if let Some(body) = walk.find(mdia.clone(), b"mdhd")? {
        (facts.timescale, facts.media_duration) =
            timescale_and_duration(&walk.read(&body)?).unwrap_or((0, 0));
    }
    if let Some(body) = walk.path(trak, &[b"edts", b"elst"])? {
        facts.edit = parse_edits(&walk.read(&body)?);
    }
    if let Some(body) = walk.path(mdia.clone(), &[b"minf", b"stbl", b"stsz"])? {
        facts.indexed_samples = u32_at(&walk.read(&body)?, 8).unwrap_or(0);
    }
    fragments::extend_times(walk, &mdia, &mut facts)?;
    if let Some(body) = walk.path(mdia, &[b"minf", b"stbl", b"stsd"])? {
        let description = walk.read(&body)?;
        if let Some(entry) = description.get(12..16) {
            facts.entry = [entry[0], entry[1], entry[2], entry[3]];
        }
        if &facts.entry == b"mp4a" {
            let config = aac_config(&description).unwrap_or_default();
            (facts.beyond_lc, facts.maybe_beyond_lc) = beyond_lc(config);
            facts.aac_rate_hz = aac_rate_hz(config);
        }
        facts.description = description;
    }
    Ok(Some(facts))
}

/// Timescale and duration of `mvhd` and `mdhd`, which begin alike (14496-12, 8.2.2 and 8.4.2).
fn timescale_and_duration(body: &[u8]) -> Option<(u32, u64)> {
    match body.first()? {
        1 => Some((u32_at(body, 20)?, u64_at(body, 24)?)),
        _ => Some((u32_at(body, 12)?, u64::from(u32_at(body, 16)?))),
    }
}

/// The first edit that plays media, and the duration of all that do (14496-12, 8.6.6). Empty edits (silence
/// in front, media time -1) are left out: a library plays tracks, not timelines.
fn parse_edits(body: &[u8]) -> Option<(u64, u64)> {
    let version = *body.first()?;
    let (entry_bytes, count) = (if version == 1 { 20 } else { 12 }, u32_at(body, 4)?);
    let mut found: Option<(u64, u64)> = None;
    for index in 0..(count as usize).min(MAX_FACT_BYTES / entry_bytes) {
        let at = 8 + index * entry_bytes;
        let (duration, media_time) = if version == 1 {
            (u64_at(body, at)?, u64_at(body, at + 8)? as i64)
        } else {
            (u64::from(u32_at(body, at)?), i64::from(u32_at(body, at + 4)? as i32))
        };
        if let Ok(start) = u64::try_from(media_time) {
            let (first, sum) = found.unwrap_or((start, 0));
            found = Some((first, sum.saturating_add(duration)));
        }
    }
    found
}

/// Priming and audible frames of an `iTunSMPB` item: hexadecimal words, of which the second is the priming,
/// the third the padding and the fourth the audible length (Apple, "Encoder delay and synchronization").
fn parse_smpb(item: &[u8]) -> Option<(u64, u64)> {
    let name = item.windows(8).position(|window| window == b"iTunSMPB")?;
    let text_at = name + item.get(name..)?.windows(4).position(|window| window == b"data")? + 12;
    let text = std::str::from_utf8(item.get(text_at..)?.get(..120.min(item.len() - text_at))?).ok()?;
    let mut words = text.split_ascii_whitespace().skip(1).map(|word| u64::from_str_radix(word, 16).ok());
    let (priming, _padding, frames) = (words.next()??, words.next()??, words.next()??);
    (priming < 1 << 20 && frames > 0 && frames < 1 << 48).then_some((priming, frames))
}

/// The AAC decoder configuration (14496-3, 1.6.2.1) in a sample description.
fn aac_config(description: &[u8]) -> Option<&[u8]> {
    // The configuration is descriptor 5 inside `esds`; its length is written in one to four bytes.
    let esds = description.windows(4).position(|window| window == b"esds")?;
    let rest = description.get(esds + 8..).unwrap_or_default();
    let mut at = 0;
    while let Some(&tag) = rest.get(at) {
        let (mut length, mut cursor) = (0_usize, at + 1);
        for _ in 0..4 {
            let &byte = rest.get(cursor)?;
            cursor += 1;
            length = length << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                break;
            }
        }
        match tag {
            // Elementary stream and decoder configuration: their children follow 3 and 13 bytes in.
            3 => at = cursor + 3,
            4 => at = cursor + 13,
            5 => return rest.get(cursor..(cursor + length).min(rest.len())),
            _ => at = cursor + length,
        }
    }
    None
}

/// AAC's rate index of 24 kHz (14496-3, table 1.18). Streams this slow are mostly HE-AAC, which doubles the
/// rate and need not show in any header.
pub(super) const SLOW_RATE_INDEX: u8 = 6;

/// Whether a configuration asks for more than LC (its audio object type is not 2, or the backward-compatible
/// extension names SBR), and whether it leaves that open.
fn beyond_lc(config: &[u8]) -> (bool, bool) {
    let [first, second, extension @ ..] = config else { return (false, false) };
    let (object_type, rate_index) = (first >> 3, (first & 7) << 1 | second >> 7);
    // Behind two bytes of LC: 11 bits of 0x2b7, object type 5, one bit of "present".
    let sbr = matches!(extension, [0x56, 0xe5, present, ..] if present & 0x80 != 0);
    let open = extension.is_empty() && rate_index >= SLOW_RATE_INDEX;
    (object_type != 2 || sbr, open)
}

/// The rate of a configuration. The sample entry has one too, but cannot hold more than 65,535 Hz.
fn aac_rate_hz(config: &[u8]) -> Option<u32> {
    let [first, second, ..] = config else { return None };
    RATES_HZ.get(usize::from((first & 7) << 1 | second >> 7)).copied()
}
