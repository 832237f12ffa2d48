//! Where the last frame of a FLAC file ends (RFC 9639, section 9).
//!
//! Why: a frame does not say its length. The demuxer takes everything up to the next frame, or to the end of the file,
//! as part of the frame, and drops the last frame when tags of another format, or any other bytes, follow it.
//!
//! How: it looks for the last frame header near the end. The frame ends at the first place where its checksum is right
//! and the decoder finds a complete frame. A shorter piece lacks samples; longer pieces are tried later.
//!
//! Invariants: reads a bounded number of bytes; when no end is found, the end of the file is taken as the end.

use std::{fs::File, ops::Range};

use fanfare_model::Result;
use symphonia::core::{
    checksum::Crc16Ansi,
    codecs::audio::{AudioCodecParameters, well_known::CODEC_ID_FLAC},
    io::Monitor as _,
    packet::Packet,
    units::{Duration, Timestamp},
};

use super::{guard::guarded, readers};
use crate::{
    Limits,
    probe::{
        AudioBytes, end_before_tags,
        flac::{FlacHeader, MAX_HEADER_BYTES},
        read_at,
    },
};

/// Bytes before the end that are looked at first: frames of 24-bit stereo are half as long.
const NEAR_BYTES: u64 = 64 << 10;
/// Bytes before the end that are looked at when that is not enough.
const TAIL_BYTES: u64 = 1 << 20;
/// Headers that are tried; bytes that look like one by chance are rare.
const MAX_HEADERS: usize = 32;

/// What was found at the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlacEnd {
    /// One past the last byte of the last frame.
    pub at: u64,
    /// Whether the last frame has another rate or channel count than the stream information.
    pub changes: bool,
}

/// Finds the end of the last frame. `audio` begins at the first frame, `info` is the stream information block.
///
/// # Errors
/// I/O.
pub(super) fn find(file: &File, audio: AudioBytes, info: &[u8], limits: &Limits) -> Result<FlacEnd> {
    let untagged = end_before_tags(file, audio.start, audio.end, limits)?;
    let tail_before = |end: u64, bytes: u64| {
        let start = end.saturating_sub(bytes).max(audio.start);
        read_at(file, start, (end - start) as usize).map(|tail| (start, tail))
    };
    // In most files the last frame ends where the bytes end, or the tags begin.
    for (end, bytes) in [(audio.end, NEAR_BYTES), (untagged, NEAR_BYTES), (audio.end, TAIL_BYTES)] {
        let (_, tail) = tail_before(end, bytes)?;
        if let Some(header) = headers(&tail).find(|header| crc16(&tail[header.at..]) == 0) {
            return Ok(FlacEnd { at: end, changes: header.differs_from(info) });
        }
    }
    let (start, tail) = tail_before(untagged, TAIL_BYTES)?;
    for header in headers(&tail) {
        if let Some(frame) = frame_at(&tail, header.at, info) {
            return Ok(FlacEnd { at: start + frame.end as u64, changes: header.differs_from(info) });
        }
    }
    Ok(FlacEnd { at: audio.end, changes: false })
}

/// The header of the last frame, if that frame ends with the bytes or before the tags behind them. It tells how long a
/// stream without a stream information block is.
///
/// # Errors
/// I/O.
pub(super) fn last_header(file: &File, audio: AudioBytes, limits: &Limits) -> Result<Option<FlacHeader>> {
    let end = end_before_tags(file, audio.start, audio.end, limits)?;
    let start = end.saturating_sub(NEAR_BYTES).max(audio.start);
    let tail = read_at(file, start, usize::try_from(end - start).unwrap_or(0))?;
    Ok(headers(&tail).find(|header| crc16(&tail[header.at..]) == 0))
}

/// Frame headers whose checksum is right, the last first; at most [`MAX_HEADERS`].
fn headers(bytes: &[u8]) -> impl Iterator<Item = FlacHeader> + '_ {
    (0..bytes.len()).rev().filter_map(|at| FlacHeader::read(bytes, at)).take(MAX_HEADERS)
}

/// The bytes of the frame that begins at that place, if one does.
fn frame_at(bytes: &[u8], start: usize, info: &[u8]) -> Option<Range<usize>> {
    let mut crc = Crc16Ansi::new(0);
    for (index, byte) in bytes[start..].iter().enumerate() {
        crc.process_byte(*byte);
        // A checksum over a frame with its own checksum is zero.
        let end = start + index + 1;
        if crc.crc() == 0 && index > MAX_HEADER_BYTES / 2 && decodes(&bytes[start..end], info) {
            return Some(start..end);
        }
    }
    None
}

/// The checksum of a frame; 0 over a frame with its checksum at its end.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = Crc16Ansi::new(0);
    crc.process_buf_bytes(bytes);
    crc.crc()
}

/// Whether the decoder finds a whole frame in the bytes.
fn decodes(frame: &[u8], info: &[u8]) -> bool {
    let mut params = AudioCodecParameters::new();
    params.for_codec(CODEC_ID_FLAC).with_extra_data(info.into());
    let Ok(mut decoder) = readers::decoder(&params) else { return false };
    let packet = Packet::new(0, Timestamp::ZERO, Duration::ZERO, frame);
    guarded(|| decoder.decode(&packet).map(|buffer| buffer.frames())).is_ok_and(|frames| frames > 0)
}
