//! The header of Sun AU ("Audio File Format", Sun Microsystems, 1992): its fields, and what lies behind the declared sound.
//!
//! The header declares the size of the sound in bytes; all ones is "to the end". SoX and libsndfile take that size for the
//! truth, `ffmpeg` decodes whatever follows. Here the declared size counts, because what programs write behind it (tags,
//! padding) would be noise; where more than a second lies there, the file says so.

use std::fs::File;

use fanfare_model::Result;

use super::header_fields::{Found, be32};
use crate::probe::{AudioBytes, read_at};

/// Bytes of a header without a comment.
const HEADER_BYTES: usize = 24;
/// How tags begin that may follow.
const TAGS: [&[u8]; 3] = [b"TAG", b"APETAGEX", b"ID3"];
/// Bytes behind the sound that are looked at.
const BEHIND_BYTES: usize = 4_096;

/// Codec, and bytes of a sample.
fn codec(head: &[u8]) -> Option<(&'static str, u64)> {
    Some(match be32(head, 12)? {
        1 => ("mulaw", 1),
        2 => ("pcm_s8", 1),
        3 => ("pcm_s16be", 2),
        4 => ("pcm_s24be", 3),
        5 => ("pcm_s32be", 4),
        6 => ("pcm_f32be", 4),
        7 => ("pcm_f64be", 8),
        27 => ("alaw", 1),
        _ => return None,
    })
}

fn declared_bytes(head: &[u8]) -> Option<u64> {
    be32(head, 8).filter(|size| *size != u32::MAX).map(u64::from)
}

pub(super) fn properties(head: &[u8], audio: AudioBytes) -> Option<Found> {
    let (codec, sample_bytes) = codec(head)?;
    let (rate_hz, channels) = (be32(head, 16)?, be32(head, 20)?);
    let there = (audio.end - audio.start).saturating_sub(u64::from(be32(head, 4)?));
    let frames =
        declared_bytes(head).unwrap_or(there).checked_div(u64::from(channels).saturating_mul(sample_bytes));
    Some(Found { codec, rate_hz, channels, bits: u8::try_from(sample_bytes * 8).ok(), frames })
}

/// How many seconds of sound the bytes behind the declared sound would be, where they are more than one and begin neither as
/// a tag nor with zeros only.
///
/// # Errors
/// I/O.
pub(crate) fn au_behind_s(file: &File, audio: AudioBytes) -> Result<Option<f64>> {
    let head = read_at(file, audio.start, HEADER_BYTES)?;
    let behind = || {
        let declared = declared_bytes(&head)?;
        let begin = audio.start + u64::from(be32(&head, 4)?) + declared;
        let bytes_per_s = codec(&head)?.1 as f64 * f64::from(be32(&head, 16)?) * f64::from(be32(&head, 20)?);
        let seconds = audio.end.checked_sub(begin)? as f64 / bytes_per_s;
        (seconds.is_finite() && seconds > 1.0).then_some((begin, seconds))
    };
    let Some((begin, seconds)) = behind() else { return Ok(None) };
    let bytes = read_at(file, begin, BEHIND_BYTES)?;
    let is_no_sound = TAGS.iter().any(|tag| bytes.starts_with(tag)) || bytes.iter().all(|byte| *byte == 0);
    Ok((!is_no_sound).then_some(seconds))
}
