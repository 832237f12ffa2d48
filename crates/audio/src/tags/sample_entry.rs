//! What the sample descriptions of general containers say: codec, rate, channels, depth.
//!
//! Purpose: containers that may hold anything (MP4, Matroska, WAVE, AIFF-C, CAF) name their codec by a code. Where this
//! process does not decode the codec, the code still says which one it is, and whether it is lossless.
//!
//! Sources: ISO 14496-12 8.5.2 and Apple, "QuickTime File Format", sound sample descriptions; Matroska codec mappings
//! (RFC 9559 and its registry); RFC 2361 for WAVE; Apple, "AIFF-C" and "Core Audio Format".

use std::{fs::File, ops::Range};

use fanfare_model::Result;

use super::header_fields::{Found, be16, be32, be64, le16, le32};
use crate::{
    decode,
    ebml::{SEGMENT, Walk},
    probe::AudioBytes,
};

/// Four-character codes of MP4, QuickTime, AIFF-C and CAF whose codec has one form only.
const CODES: &[(&[u8; 4], &str)] = &[
    (b"alac", "alac"),
    (b"fLaC", "flac"),
    (b"flac", "flac"),
    (b"Opus", "opus"),
    (b"opus", "opus"),
    (b".mp1", "mp1"),
    (b".mp2", "mp2"),
    (b".mp3", "mp3"),
    (b"ms\0\x55", "mp3"),
    (b"ac-3", "ac3"),
    (b"ec-3", "eac3"),
    (b"dtsc", "dts"),
    (b"samr", "amrnb"),
    (b"sawb", "amrwb"),
    (b"ulaw", "mulaw"),
    (b"ULAW", "mulaw"),
    (b"alaw", "alaw"),
    (b"ALAW", "alaw"),
    (b"ima4", "adpcm_ima_qt"),
    (b"MAC3", "mace3"),
    (b"MAC6", "mace6"),
    (b"aac ", "aac"),
    (b"mp4a", "aac"),
    (b"fl64", "pcm_f64be"),
    (b"FL64", "pcm_f64be"),
    (b"fl32", "pcm_f32be"),
    (b"FL32", "pcm_f32be"),
    (b"in32", "pcm_s32be"),
    (b"in24", "pcm_s24be"),
];

/// Codecs of WAVE by their number (RFC 2361, appendix A).
const WAV_TAGS: &[(u32, &str)] = &[
    (0x02, "adpcm_ms"),
    (0x06, "alaw"),
    (0x07, "mulaw"),
    (0x11, "adpcm_ima_wav"),
    (0x31, "gsm"),
    (0x50, "mp2"),
    (0x55, "mp3"),
    (0xff, "aac"),
    (0x2000, "ac3"),
];

/// Codecs of Matroska by the start of their name; the longer names of a family come first.
const MATROSKA_CODECS: &[(&str, &str)] = &[
    ("A_EAC3", "eac3"),
    ("A_AC3", "ac3"),
    ("A_DTS", "dts"),
    ("A_TRUEHD", "truehd"),
    ("A_MLP", "mlp"),
    ("A_TTA1", "tta"),
    ("A_WAVPACK4", "wavpack"),
    ("A_ALAC", "alac"),
    ("A_FLAC", "flac"),
    ("A_AAC", "aac"),
    ("A_MPEG/L1", "mp1"),
    ("A_MPEG/L2", "mp2"),
    ("A_MPEG/L3", "mp3"),
    ("A_OPUS", "opus"),
    ("A_VORBIS", "vorbis"),
];

/// Our name of PCM. Integers of eight bits have no order of bytes.
fn pcm(bits: u32, float: bool, big_endian: bool) -> Option<&'static str> {
    Some(match (bits, float, big_endian) {
        (64, true, true) => "pcm_f64be",
        (64, true, false) => "pcm_f64le",
        (32, true, true) => "pcm_f32be",
        (32, true, false) => "pcm_f32le",
        (8, false, _) => "pcm_s8",
        (9..=16, false, true) => "pcm_s16be",
        (9..=16, false, false) => "pcm_s16le",
        (17..=24, false, true) => "pcm_s24be",
        (17..=24, false, false) => "pcm_s24le",
        (25..=32, false, true) => "pcm_s32be",
        (25..=32, false, false) => "pcm_s32le",
        (64, false, true) => "pcm_s64be",
        (64, false, false) => "pcm_s64le",
        _ => return None,
    })
}

fn coded(code: &[u8]) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| known.as_slice() == code).map(|(_, codec)| *codec)
}

/// Only lossless codecs have a depth.
fn depth(codec: &str, bits: u32) -> Option<u8> {
    let keeps = codec.starts_with("pcm_") || matches!(codec, "alac" | "flac");
    u8::try_from(bits).ok().filter(|bits| keeps && (1..=64).contains(bits))
}

/// The first sound track of an MP4 or QuickTime file; `None` for AAC, whose own configuration says more.
///
/// # Errors
/// Those of reading its boxes.
pub(super) fn mp4(file: &File, audio: AudioBytes) -> Result<Option<Found>> {
    let (description, seconds) = decode::mp4_description(file, audio)?;
    Ok(mp4_entry(&description).map(|mut found| {
        found.frames = Some((seconds * f64::from(found.rate_hz)).round() as u64).filter(|frames| *frames > 0);
        found
    }))
}

/// The first entry of a sample description. Version 2 of QuickTime's has rate, channels and format of its own.
fn mp4_entry(description: &[u8]) -> Option<Found> {
    let code = description.get(12..16).filter(|code| *code != b"mp4a")?;
    let version = be16(description, 24)?;
    let (mut channels, mut bits) = (be16(description, 32)?, be16(description, 34)?);
    let mut rate_hz = be32(description, 40)? >> 16;
    let (mut float, mut big_endian) = (code.starts_with(b"fp"), true);
    if version == 2 {
        rate_hz = f64::from_bits(be64(description, 48)?) as u32;
        (channels, bits) = (be32(description, 56)?, be32(description, 64)?);
        let flags = be32(description, 68)?;
        (float, big_endian) = (flags & 1 != 0, flags & 2 != 0);
    }
    let codec = match code {
        b"twos" | b"lpcm" => pcm(bits, float, big_endian),
        // ISO 23003-5: integers and floating point; the byte order is in a separate box.
        b"ipcm" | b"fpcm" => {
            let at = description.windows(4).position(|window| window == b"pcmC")?;
            (big_endian, bits) = (description.get(at + 8)? & 1 == 0, u32::from(*description.get(at + 9)?));
            pcm(bits, float, big_endian)
        }
        b"sowt" => pcm(bits, false, false),
        b"raw " => Some("pcm_u8"),
        b"in24" | b"in32" | b"fl32" | b"fl64" => {
            bits = match &code[2..] {
                b"24" => 24,
                b"32" => 32,
                _ => 64,
            };
            pcm(bits, code.starts_with(b"fl"), !decode::says_little_endian(description))
        }
        code => coded(code),
    }?;
    channels = dolby_channels(description).unwrap_or(channels);
    Some(Found { codec, rate_hz, channels, bits: depth(codec, bits), frames: None })
}

/// Channels of AC-3 and E-AC-3 by their configuration box; the entry itself always says two (ETSI TS 102 366, annex F.4
/// and F.6).
fn dolby_channels(description: &[u8]) -> Option<u32> {
    /// Full-range channels by `acmod` (4.4.2.3).
    const CHANNELS: [u32; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
    let body = |name: &[u8; 4]| {
        description.windows(4).position(|window| window == name).and_then(|at| description.get(at + 4..))
    };
    // The three bits of `acmod` are followed by the one of `lfeon`.
    let modes = if let Some(body) = body(b"dac3") {
        be32(body, 0)? >> 18 & 15
    } else {
        u32::from(*body(b"dec3")?.get(3)?) & 15
    };
    Some(CHANNELS[(modes >> 1) as usize] + (modes & 1))
}

/// A WAVE file's format.
pub(super) fn wav(head: &[u8]) -> Option<Found> {
    wave_format(head, chunk(head, 12, b"fmt ", le32)?.start)
}

/// A format as WAVE and Wave64 write it, at that place.
pub(super) fn wave_format(head: &[u8], at: usize) -> Option<Found> {
    let (mut tag, channels, rate_hz, bits) =
        (le16(head, at)?, le16(head, at + 2)?, le32(head, at + 4)?, le16(head, at + 14)?);
    if tag == 0xfffe {
        // The extensible form: the number is the start of a GUID.
        tag = le16(head, at + 24)?;
    }
    let codec = match (tag, bits) {
        (1, 1..=8) => "pcm_u8",
        (1 | 3, bits) => pcm(bits, tag == 3, false)?,
        (tag, _) => WAV_TAGS.iter().find(|(known, _)| *known == tag)?.1,
    };
    Some(Found { codec, rate_hz, channels, bits: depth(codec, bits), frames: None })
}

/// An AIFF or AIFF-C file's `COMM` chunk.
pub(super) fn aiff(head: &[u8]) -> Option<Found> {
    let comm = chunk(head, 12, b"COMM", be32)?;
    let at = comm.start;
    let (channels, frames, bits) = (be16(head, at)?, be32(head, at + 2)?, be16(head, at + 6)?);
    let rate_hz = decode::aiff_rate_hz(head.get(at + 8..at + 18)?);
    let code = head.get(at + 18..at + 22).filter(|_| comm.len() >= 22 && head.get(8..12) == Some(b"AIFC"));
    let codec = match code {
        None | Some(b"NONE" | b"twos") => pcm(bits, false, true)?,
        Some(b"sowt") => pcm(bits, false, false)?,
        Some(b"raw ") => "pcm_u8",
        Some(code) => coded(code)?,
    };
    // A codec with packets counts packets here, not frames.
    let frames = Some(u64::from(frames)).filter(|_| codec.starts_with("pcm_") || codec.ends_with("law"));
    Some(Found { codec, rate_hz, channels, bits: depth(codec, bits), frames })
}

/// A CAF file's `desc` chunk, which is its first.
pub(super) fn caf(head: &[u8]) -> Option<Found> {
    let at = (head.get(8..12)? == b"desc").then_some(20)?;
    let (rate_hz, code, flags) =
        (f64::from_bits(be64(head, at)?) as u32, head.get(at + 8..at + 12)?, be32(head, at + 12)?);
    let (channels, bits) = (be32(head, at + 24)?, be32(head, at + 28)?);
    let codec = if code == b"lpcm" { pcm(bits, flags & 1 != 0, flags & 2 == 0)? } else { coded(code)? };
    Some(Found { codec, rate_hz, channels, bits: depth(codec, bits), frames: None })
}

/// The body of a chunk of RIFF or IFF: a name, a length of four bytes, the body, padded to even.
fn chunk(
    head: &[u8],
    mut at: usize,
    name: &[u8; 4],
    length_at: fn(&[u8], usize) -> Option<u32>,
) -> Option<Range<usize>> {
    loop {
        let length = usize::try_from(length_at(head, at + 4)?).ok()?;
        if head.get(at..at + 4)? == name {
            return Some(at + 8..at + 8 + length);
        }
        at = at.checked_add(8)?.checked_add(length)?.checked_add(length & 1)?;
    }
}

/// Tracks of a Matroska file that are looked at.
const MAX_TRACKS: usize = 64;
const TRACKS: u64 = 0x1654_ae6b;
const TRACK_ENTRY: u64 = 0xae;
const TRACK_TYPE: u64 = 0x83;
const CODEC_ID: u64 = 0x86;
const AUDIO: u64 = 0xe1;
const RATE: u64 = 0xb5;
const CHANNELS: u64 = 0x9f;
const BIT_DEPTH: u64 = 0x6264;

/// The first sound track of a Matroska file.
///
/// # Errors
/// I/O only.
pub(super) fn matroska(file: &File, audio: AudioBytes) -> Result<Option<Found>> {
    let mut walk = Walk::new(file);
    let Some(segment) = walk.all(audio.start..audio.end, SEGMENT, 1)?.pop() else { return Ok(None) };
    let Some(tracks) = walk.all(segment, TRACKS, 1)?.pop() else { return Ok(None) };
    for entry in walk.all(tracks, TRACK_ENTRY, MAX_TRACKS)? {
        if walk.bytes(entry.clone(), TRACK_TYPE, 8)?.is_none_or(|kind| number(&kind) != 2) {
            continue;
        }
        let name = walk.bytes(entry.clone(), CODEC_ID, 64)?.unwrap_or_default();
        let Some(sound) = walk.all(entry, AUDIO, 1)?.pop() else { return Ok(None) };
        let rate_hz = match walk.bytes(sound.clone(), RATE, 8)? {
            Some(bytes) if bytes.len() == 4 => f32::from_bits(number(&bytes) as u32) as u32,
            Some(bytes) => f64::from_bits(number(&bytes)) as u32,
            None => 8_000,
        };
        let channels = walk.bytes(sound.clone(), CHANNELS, 8)?.map_or(1, |bytes| number(&bytes) as u32);
        let bits = walk.bytes(sound, BIT_DEPTH, 8)?.map_or(0, |bytes| number(&bytes) as u32);
        let codec = match name.as_slice() {
            b"A_PCM/INT/LIT" if bits == 8 => Some("pcm_u8"),
            b"A_PCM/INT/LIT" => pcm(bits, false, false),
            b"A_PCM/INT/BIG" => pcm(bits, false, true),
            b"A_PCM/FLOAT/IEEE" => pcm(bits, true, false),
            name => MATROSKA_CODECS
                .iter()
                .find(|(start, _)| name.starts_with(start.as_bytes()))
                .map(|(_, codec)| *codec),
        };
        return Ok(codec.map(|codec| Found {
            codec,
            rate_hz,
            channels,
            bits: depth(codec, bits),
            frames: None,
        }));
    }
    Ok(None)
}

/// A whole number as EBML writes it.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
