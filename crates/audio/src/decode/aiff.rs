//! The head of an AIFF file without its metadata (Apple, "Audio Interchange File Format: AIFF-C", 1991).
//!
//! Why: files that are cut off, that lack the last pad byte, or whose chunks behind the samples are odd, still have
//! samples. The demuxer gets `COMM` and one `SSND` chunk that is as long as the bytes that exist.

use std::{fs::File, ops::Range};

use fanfare_model::{Error, ErrorKind, Result};

use crate::{
    Limits,
    probe::{AudioBytes, read_at},
};

/// Chunks of a file; beyond it is a loop or an attack.
const MAX_CHUNKS: usize = 4_096;
/// Bytes kept of a `COMM` chunk: 22, and the name of the compression.
const MAX_COMMON_BYTES: u64 = 300;

/// What stands in place of an AIFF file's head.
pub(super) struct AiffHead {
    /// The new head, up to the first sample.
    pub prefix: Vec<u8>,
    /// The bytes of the samples.
    pub samples: Range<u64>,
    /// Bytes of samples that the header declares and that are not there.
    pub missing_bytes: u64,
}

/// Reads the chunks of an AIFF or AIFF-C file.
///
/// # Errors
/// [`ErrorKind::Malformed`] without a format or samples, [`ErrorKind::LimitExceeded`] for a format that crosses a limit.
pub(super) fn head(file: &File, audio: AudioBytes, limits: &Limits) -> Result<AiffHead> {
    let form = read_at(file, audio.start, 12)?;
    let (mut at, mut common, mut sound) = (audio.start + 12, None, None);
    for _ in 0..MAX_CHUNKS {
        let head = read_at(file, at, 16)?;
        let (Some(kind), Some(size)) = (head.get(..4), be_u32(&head, 4)) else { break };
        let (body, size) = (at + 8, u64::from(size));
        match kind {
            b"COMM" => common = Some(read_at(file, body, size.min(MAX_COMMON_BYTES) as usize)?),
            b"SSND" => {
                // Offset and block size stand in front of the samples.
                let offset = u64::from(be_u32(&head, 8).unwrap_or(0));
                let start = body.saturating_add(8).saturating_add(offset).min(audio.end);
                let declared = size.saturating_sub(8).saturating_sub(offset);
                sound = Some((start, declared));
            }
            _ => {}
        }
        // Chunks begin at even offsets.
        at = body.saturating_add(size).saturating_add(size & 1);
        if at >= audio.end || (common.is_some() && sound.is_some()) {
            break;
        }
    }
    let broken = |what| Error::new(ErrorKind::Malformed, what).at_byte(at.min(audio.end));
    let mut common = common.ok_or_else(|| broken("the AIFF file has no format"))?;
    let (start, declared) = sound.ok_or_else(|| broken("the AIFF file has no samples"))?;
    let exists = audio.end - start;
    let mut length = declared.min(exists);
    if let Some(frame_bytes) = frame_bytes(&form, &common, limits)? {
        length -= length % frame_bytes;
        let declared_frames = u64::from(be_u32(&common, 2).unwrap_or(0));
        let frames = u32::try_from(declared_frames.min(length / frame_bytes)).unwrap_or(u32::MAX);
        common[2..6].copy_from_slice(&frames.to_be_bytes());
    }
    let prefix = new_head(form.get(8..12).unwrap_or(b"AIFF"), &common, length);
    Ok(AiffHead { prefix, samples: start..start + length, missing_bytes: declared.saturating_sub(exists) })
}

/// Bytes of one frame of PCM; `None` for a codec with packets.
fn frame_bytes(form: &[u8], common: &[u8], limits: &Limits) -> Result<Option<u64>> {
    let short = |at: usize| common.get(at..at + 2).map(|b| u64::from(u16::from_be_bytes([b[0], b[1]])));
    let (Some(channels), Some(bits), Some(rate)) = (short(0), short(6), common.get(8..18)) else {
        return Err(Error::new(ErrorKind::Malformed, "the AIFF format is too short"));
    };
    limits.spec(extended(rate), channels as usize)?;
    let sample_bytes = match common.get(18..22).filter(|_| form.get(8..12) == Some(b"AIFC")) {
        None | Some(b"NONE" | b"twos" | b"sowt") => bits.div_ceil(8),
        Some(b"raw " | b"ulaw" | b"ULAW" | b"alaw" | b"ALAW") => 1,
        Some(b"in24") => 3,
        Some(b"in32" | b"fl32" | b"FL32") => 4,
        Some(b"fl64" | b"FL64") => 8,
        Some(_) => return Ok(None),
    };
    Ok(Some((channels * sample_bytes).max(1)))
}

/// The whole part of an 80-bit extended number (SANE), as AIFF writes its rate; 0 for what no rate can be.
pub(crate) fn extended(bytes: &[u8]) -> u32 {
    let (&[e0, e1, ..], Some(mantissa)) = (bytes, bytes.get(2..10)) else { return 0 };
    let exponent = i32::from(u16::from_be_bytes([e0, e1]) & 0x7fff);
    let mantissa = mantissa.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let shift = u32::try_from(16_383 + 63 - exponent).ok();
    shift.and_then(|shift| mantissa.checked_shr(shift)).and_then(|rate| u32::try_from(rate).ok()).unwrap_or(0)
}

fn new_head(form: &[u8], common: &[u8], length: u64) -> Vec<u8> {
    let mut chunks = Vec::new();
    if form == b"AIFC" {
        // The one version that there is.
        chunks.extend(b"FVER\0\0\0\x04\xa2\x80\x51\x40");
    }
    chunks.extend(b"COMM");
    chunks.extend((common.len() as u32).to_be_bytes());
    chunks.extend(common);
    chunks.extend(std::iter::repeat_n(0, common.len() & 1));
    chunks.extend(b"SSND");
    // Lengths have 32 bits in this format, so what the file declares fits.
    chunks.extend((length as u32).saturating_add(8).to_be_bytes());
    chunks.extend([0; 8]);
    let mut head = b"FORM".to_vec();
    head.extend((length as u32).saturating_add(4 + chunks.len() as u32).to_be_bytes());
    head.extend(form);
    head.extend(chunks);
    head
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}
