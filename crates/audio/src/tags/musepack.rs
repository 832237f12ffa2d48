//! The headers of Musepack, stream versions 7 and 8 (Musepack SV8 specification, "Stream header packet").

use super::header_fields::{Found, le32};

/// Frames that a decoder gives before the track begins: the delay of its filter bank (`MPC_DECODER_SYNTH_DELAY` in
/// libmpcdec, which leaves them out in both stream versions; `ffmpeg` does not).
pub(crate) const MUSEPACK_DELAY: u64 = 481;
/// Frames of sound in each frame of the stream.
const FRAME_LENGTH: u64 = 1_152;

/// The length in frames of sound is that of libmpcdec (`check_streaminfo`): encoders that work without gaps set a bit and say
/// how much of the last frame is sound; what others count includes the delay.
pub(super) fn version7(head: &[u8]) -> Option<Found> {
    const RATES_HZ: [u32; 4] = [44_100, 48_000, 37_800, 32_000];
    let rate_hz = RATES_HZ[((le32(head, 8)? >> 16) & 3) as usize];
    let ending = le32(head, 20)?;
    let without_gaps = ending >> 31 == 1;
    let behind = if without_gaps {
        FRAME_LENGTH.saturating_sub(u64::from(ending >> 20 & 0x7ff))
    } else {
        MUSEPACK_DELAY
    };
    let frames = (u64::from(le32(head, 4)?) * FRAME_LENGTH).saturating_sub(behind);
    Some(Found { codec: "musepack", rate_hz, channels: 2, bits: None, frames: Some(frames) })
}

/// The delay, and what the header of stream version 8 says to skip.
pub(crate) fn musepack8_lead(head: &[u8]) -> Option<u64> {
    lengths(head).map(|(_, silence, _)| MUSEPACK_DELAY.saturating_add(silence))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first file is `click.mpc` of mutagen's tests; for it, libmpcdec's `mpcdec` gives 2,717 frames, which are those that
    /// `ffmpeg` 5.1 gives from the 482nd on.
    #[test]
    fn the_length_of_version_7_is_that_of_libmpcdec() {
        let without_gaps = 1 << 31 | 413 << 20;
        for (count, ending, expected) in
            [(3, without_gaps, 2_717), (3, 0, 3 * 1_152 - 481), (0, 0, 0), (2, 1 << 31 | 1_152 << 20, 2_304)]
        {
            let mut head = b"MP+\x07".to_vec();
            head.extend(u32::to_le_bytes(count));
            head.extend([0, 0, 0, 0x5c, 0, 0, 0, 0, 0, 0, 0, 0]);
            head.extend(u32::to_le_bytes(ending));
            let found = version7(&head).unwrap();
            assert_eq!((found.frames, found.rate_hz), (Some(expected), 44_100), "{count} {ending:#x}");
        }
    }
}
