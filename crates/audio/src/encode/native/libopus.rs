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
        let channels = c_int::try_from(channels).unwrap_or(0);
        // SAFETY: `code` lives over the call; the result is checked before it is used.
        let encoder = unsafe {
            sys::opus_encoder_create(
                48_000,
                channels,
                sys::OPUS_APPLICATION_RESTRICTED_LOWDELAY,
                &raw mut code,
            )
        };
        if encoder.is_null() || code != sys::OPUS_OK {
            return Err(Error::new(ErrorKind::Unavailable, "the Opus encoder cannot be started"));
        }
        let opus = Self { encoder };
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

    /// Encodes one packet of that size from interleaved frames.
    ///
    /// # Errors
    /// `Internal` when it fails, or gives a packet of another size.
    pub(crate) fn encode(&self, interleaved: &[f32], frames: usize, packet: &mut [u8]) -> Result<()> {
        let (Ok(frames), Ok(room)) = (c_int::try_from(frames), i32::try_from(packet.len())) else {
            return Err(failed());
        };
        // SAFETY: `interleaved` has `frames` frames of the encoder's channels (the caller cut it so), `packet` has `room` bytes.
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
