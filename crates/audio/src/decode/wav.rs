//! The head of a WAVE file without its metadata (RIFF, RF64 and BW64: EBU Tech 3306, ITU-R BS.2088).
//!
//! Why: sizes in this header are often wrong (recorders that crashed, streams that never knew their length,
//! files cut off), lists of tags stand before or behind the samples, and 64-bit sizes are not read by the
//! demuxer. It gets `fmt `, `fact` and one `data` chunk that is as long as the bytes that exist.

use std::fs::File;

use fanfare_model::{Error, ErrorKind, Result};

use crate::{
    Limits,
    probe::{AudioBytes, read_at},
};

/// Chunks before the samples; beyond it is a loop or an attack.
const MAX_CHUNKS: usize = 4_096;
/// Bytes kept of a `fmt ` chunk: the extensible form has 40, ADPCM coefficient tables a few more.
const MAX_FORMAT_BYTES: u64 = 512;
/// A size that stands for "unknown" in streamed files, and everything near it.
const STREAMED_FROM: u64 = 0xffff_ff00;

/// What stands in place of a WAVE file's head.
pub(super) struct WavHead {
    /// The new head, up to the first sample.
    pub prefix: Vec<u8>,
    /// The bytes of the samples.
    pub samples: std::ops::Range<u64>,
    /// Bytes of samples that the header declares and that are not there.
    pub missing_bytes: u64,
    /// Bits per sample, where they are fewer than the bits in which each sample is stored.
    pub bit_depth: Option<u8>,
}

/// Reads the chunks of a WAVE file.
///
/// # Errors
/// [`ErrorKind::Malformed`] without a format or samples, [`ErrorKind::LimitExceeded`] for a format that
/// crosses a limit, [`ErrorKind::Unsupported`] for more samples than 32 bits can count.
pub(super) fn head(file: &File, audio: AudioBytes, limits: &Limits) -> Result<WavHead> {
    let riff = read_at(file, audio.start, 12)?;
    let streamed = matches!(le_u32(&riff, 4), Some(0 | 0xffff_ff00..)) && riff.starts_with(b"RIFF");
    let (mut at, mut format, mut fact, mut wide_data) = (audio.start + 12, None, None, None);
    for _ in 0..MAX_CHUNKS {
        let head = read_at(file, at, 8)?;
        let (Some(kind), Some(size)) = (head.get(..4), le_u32(&head, 4)) else { break };
        let (body, size) = (at + 8, u64::from(size));
        match kind {
            b"fmt " => format = Some(read_at(file, body, size.min(MAX_FORMAT_BYTES) as usize)?),
            b"fact" => fact = Some(read_at(file, body, size.min(4) as usize)?).filter(|fact| fact.len() == 4),
            b"ds64" => {
                let sizes = read_at(file, body, 16)?;
                wide_data = le_u32(&sizes, 8)
                    .zip(le_u32(&sizes, 12))
                    .map(|(low, high)| u64::from(high) << 32 | u64::from(low));
            }
            b"data" => {
                let format = format.ok_or_else(|| broken("the samples come before their format", at))?;
                let block = check_format(&format, limits, at)?;
                let exists = audio.end - body;
                let declared = match (size, wide_data) {
                    (0xffff_ffff, Some(wide)) => wide,
                    (STREAMED_FROM.., _) => exists,
                    (0, _) if streamed => exists,
                    (size, _) => size,
                };
                let length = declared.min(exists) / block * block;
                let (format, bit_depth) = plain_format(format);
                let prefix = new_head(&format, fact.as_deref(), length)?;
                let missing_bytes = declared.saturating_sub(exists);
                return Ok(WavHead { prefix, samples: body..body + length, missing_bytes, bit_depth });
            }
            _ => {}
        }
        // Chunks begin at even offsets.
        at = body.saturating_add(size).saturating_add(size & 1);
        if at >= audio.end {
            break;
        }
    }
    Err(broken("the WAVE file has no samples", at.min(audio.end)))
}

/// Bytes of one frame (or block), if the format is within the limits.
fn check_format(format: &[u8], limits: &Limits, at: u64) -> Result<u64> {
    let (Some(channels), Some(rate_hz), Some(block)) =
        (le_u16(format, 2), le_u32(format, 4), le_u16(format, 12))
    else {
        return Err(broken("the WAVE format is too short", at));
    };
    limits.spec(rate_hz, usize::from(channels)).map_err(|error| error.at_byte(at))?;
    Ok(u64::from(block).max(1))
}

/// The format as the demuxer accepts it, and the bits per sample where they are fewer than the bits in which each is stored.
///
/// Some writers put other bytes after the 16 bytes that PCM has. Samples of, for example, 12 or 20 bits stand in the upper bits
/// of two or three bytes (Microsoft, "New Multimedia Data Types and Data Techniques", 1994), so that they are read as
/// samples of 16 or 24.
fn plain_format(mut format: Vec<u8>) -> (Vec<u8>, Option<u8>) {
    const PCM: u16 = 1;
    const FLOAT: u16 = 3;
    const EXTENSIBLE: u16 = 0xfffe;
    let (Some(tag), Some(channels), Some(block), Some(bits)) =
        (le_u16(&format, 0), le_u16(&format, 2), le_u16(&format, 12), le_u16(&format, 14))
    else {
        return (format, None);
    };
    if matches!(tag, PCM | FLOAT) {
        format.truncate(16);
    }
    let valid = if tag == EXTENSIBLE && format.len() >= 40 { le_u16(&format, 18).unwrap_or(0) } else { bits };
    let holding = bits.next_multiple_of(8);
    let whole = u32::from(holding / 8) * u32::from(channels) == u32::from(block);
    if !matches!(tag, PCM | EXTENSIBLE) || !whole || valid == 0 || valid > bits || valid == holding {
        return (format, None);
    }
    format[14..16].copy_from_slice(&holding.to_le_bytes());
    if tag == EXTENSIBLE {
        format[18..20].copy_from_slice(&holding.to_le_bytes());
    }
    (format, u8::try_from(valid).ok())
}

fn new_head(format: &[u8], fact: Option<&[u8]>, length: u64) -> Result<Vec<u8>> {
    let too_long = |_| Error::new(ErrorKind::Unsupported, "more than 4 GiB of samples in one WAVE file");
    let data_bytes = u32::try_from(length + 1024).map_err(too_long)? - 1024;
    let mut chunks = Vec::new();
    let mut chunk = |kind: &[u8; 4], body: &[u8]| {
        chunks.extend(kind);
        chunks.extend((body.len() as u32).to_le_bytes());
        chunks.extend(body);
        chunks.extend(std::iter::repeat_n(0, body.len() & 1));
    };
    chunk(b"fmt ", format);
    if let Some(fact) = fact {
        chunk(b"fact", fact);
    }
    let mut head = b"RIFF".to_vec();
    head.extend((4 + chunks.len() as u32 + 8 + data_bytes).to_le_bytes());
    head.extend(b"WAVE");
    head.extend(chunks);
    head.extend(b"data");
    head.extend(data_bytes.to_le_bytes());
    Ok(head)
}

fn broken(what: &str, at: u64) -> Error {
    Error::new(ErrorKind::Malformed, what).at_byte(at)
}

fn le_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
