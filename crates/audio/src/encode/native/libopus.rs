//! libopus, the same that decodes.
//!
//! Purpose: frames of PCM in, packets of one size out.

use std::{ffi::c_int, ptr::null_mut};

use fanfare_model::{Error, ErrorKind, Result};
use opusic_sys as sys;

/// `OPUS_SET_PREDICTION_DISABLED` (opus_defines.h): packets that lean on none before them.
const SET_PREDICTION_DISABLED: c_int = 4_042;
/// The most work libopus does for a packet, 0 to 10.
const COMPLEXITY: c_int = 10;

/// An encoder at 48 kHz, by transform only: the mode for music, without the speech codec's history.
pub(crate) struct LibOpus {
    encoder: *mut sys::OpusEncoder,
    channels: usize,
}

// The encoder's state is its own.
unsafe impl Send for LibOpus {}

impl LibOpus {
    /// An encoder of a constant rate for one or two channels.
    ///
    /// # Errors
    /// `Unavailable` when there is no memory; `Internal` when it refuses its settings.
    pub(crate) fn new(channels: usize, bitrate_bps: u64) -> Result<Self> {
        let mut code = 0;
        let count = c_int::try_from(channels).unwrap_or(0);
        // SAFETY: `code` lives over the call; the result is checked before it is used.
        let encoder = unsafe {
            sys::opus_encoder_create(48_000, count, sys::OPUS_APPLICATION_RESTRICTED_LOWDELAY, &raw mut code)
        };
        if encoder.is_null() || code != sys::OPUS_OK {
            return Err(Error::new(ErrorKind::Unavailable, "the Opus encoder cannot be started"));
        }
        let opus = Self { encoder, channels };
        let rate = c_int::try_from(bitrate_bps).unwrap_or(c_int::MAX);
        for (request, value) in [
            (sys::OPUS_SET_BITRATE_REQUEST, rate),
            (sys::OPUS_SET_VBR_REQUEST, 0),
            (sys::OPUS_SET_COMPLEXITY_REQUEST, COMPLEXITY),
        ] {
            opus.set(request, value)?;
        }
        Ok(opus)
    }

    /// Whether the next packet is to be decodable without those before it.
    ///
    /// # Errors
    /// `Internal` when libopus refuses.
    pub(crate) fn independent(&self, on: bool) -> Result<()> {
        self.set(SET_PREDICTION_DISABLED, c_int::from(on))
    }

    fn set(&self, request: c_int, value: c_int) -> Result<()> {
        // SAFETY: the encoder lives; every request here takes one int.
        let code = unsafe { sys::opus_encoder_ctl(self.encoder, request, value) };
        if code == sys::OPUS_OK { Ok(()) } else { Err(failed()) }
    }

    /// Encodes one packet of that size from interleaved frames, as many as the slice holds.
    ///
    /// # Errors
    /// `Internal` when it fails (also when the slice holds no whole frames, or not as many as a packet may have), or
    /// gives a packet of another size.
    pub(crate) fn encode(&self, interleaved: &[f32], packet: &mut [u8]) -> Result<()> {
        // How many libopus reads follows from the slice, so that it never reads behind its end.
        if !interleaved.len().is_multiple_of(self.channels) {
            return Err(failed());
        }
        let frames = c_int::try_from(interleaved.len() / self.channels).map_err(|_| failed())?;
        let room = i32::try_from(packet.len()).map_err(|_| failed())?;
        // SAFETY: `interleaved` has `frames` frames of the encoder's channels, `packet` has `room` bytes.
        let given = unsafe {
            sys::opus_encode_float(self.encoder, interleaved.as_ptr(), frames, packet.as_mut_ptr(), room)
        };
        if given == room { Ok(()) } else { Err(failed()) }
    }
}

impl Drop for LibOpus {
    fn drop(&mut self) {
        // SAFETY: nobody uses it after this.
        unsafe { sys::opus_encoder_destroy(self.encoder) };
        self.encoder = null_mut();
    }
}

fn failed() -> Error {
    Error::new(ErrorKind::Internal, "the Opus encoder failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: the wrapper of the C library looks at the lengths itself.
    #[test]
    fn no_length_of_a_slice_is_taken_on_trust() {
        let opus = LibOpus::new(2, 128_000).unwrap();
        let mut packet = [0; 320];
        for (samples, passes) in
            [(1_920, true), (0, false), (1, false), (960, true), (1_919, false), (1_922, false)]
        {
            let size = if samples == 960 { 160 } else { 320 };
            let made = opus.encode(&vec![0.1; samples], &mut packet[..size]);
            assert_eq!(made.is_ok(), passes, "{samples} samples of two channels");
        }
        assert!(opus.encode(&[0.1; 1_920], &mut []).is_err(), "no room");
        for channels in [0, 3, usize::MAX] {
            assert!(LibOpus::new(channels, 128_000).is_err(), "{channels} channels");
        }
    }
}
