//! The headers of Musepack, stream versions 7 and 8 (Musepack SV8 specification, "Stream header packet").

use super::header_fields::{Found, le32};

pub(super) fn version7(head: &[u8]) -> Option<Found> {
    const RATES_HZ: [u32; 4] = [44_100, 48_000, 37_800, 32_000];
    let frames = u64::from(le32(head, 4)?) * 1_152;
    let rate_hz = RATES_HZ[((le32(head, 8)? >> 16) & 3) as usize];
    Some(Found { codec: "musepack", rate_hz, channels: 2, bits: None, frames: Some(frames) })
}

/// Frames that a decoder gives before the track begins in Musepack of stream version 8: the delay of its filter bank
/// (`MPC_DECODER_SYNTH_DELAY` in libmpcdec), and what the header says to skip.
pub(crate) fn musepack8_lead(head: &[u8]) -> Option<u64> {
    const DELAY: u64 = 481;
    lengths(head).map(|(_, silence, _)| DELAY.saturating_add(silence))
}

/// Frames, frames of silence before the track, and where the fields behind them begin.
fn lengths(head: &[u8]) -> Option<(u64, u64, usize)> {
    // The stream header packet "SH": size, checksum (4), version (1), frames and silence as variable sizes,
    // then 3 bits of rate and, in the next byte, 4 bits of channels.
    let at = head.windows(2).position(|window| window == b"SH")? + 2;
    let (_, at) = variable(head, at)?;
    let (frames, at) = variable(head, at + 5)?;
    let (silence, at) = variable(head, at)?;
    Some((frames.saturating_sub(silence), silence, at))
}

pub(super) fn version8(head: &[u8]) -> Option<Found> {
    const RATES_HZ: [u32; 4] = [44_100, 48_000, 37_800, 32_000];
    let (frames, _, at) = lengths(head)?;
    let rate_hz = *RATES_HZ.get(usize::from(head.get(at)? >> 5))?;
    let channels = u32::from(head.get(at + 1)? >> 4) + 1;
    Some(Found { codec: "musepack", rate_hz, channels, bits: None, frames: Some(frames) })
}

/// A number in bytes of seven bits, most significant first; the eighth says that more follow.
fn variable(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for _ in 0..9 {
        let byte = *bytes.get(at)?;
        value = value << 7 | u64::from(byte & 0x7f);
        at += 1;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}
