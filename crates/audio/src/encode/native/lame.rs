//! LAME 3.100.
//!
//! Purpose: frames of PCM in, whole MPEG-1 Layer III frames out, at a constant rate and without the bit reservoir, so
//! that every frame can be decoded without those before it.
//!
//! Invariants: LAME sees only our own PCM; every length that is handed over is that of a live slice; an encoder is
//! used by one thread at a time.

#![allow(unsafe_code)] // calling a C library is; nothing but the calls stands in the blocks below

use std::ffi::c_int;

use fanfare_model::{Error, ErrorKind, Result, SampleSpec};
use mp3lame_sys as sys;

/// How hard LAME looks for the best bits, 0 (hardest) to 9. See [`mp3`](crate::encode::mp3).
const QUALITY: c_int = 5;
/// Bytes beside those of the frames themselves that a call may give (LAME's API notes: 1.25 bytes a sample and 7,200).
const SPARE_BYTES: usize = 7_200;

/// An encoder under way.
pub(crate) struct Lame {
    flags: sys::lame_t,
    channels: usize,
    out: Vec<u8>,
}

// LAME's state belongs to its encoder alone; its shared tables are filled with constants.
unsafe impl Send for Lame {}

impl Lame {
    /// An encoder of one of the rates of MPEG-1, mono or stereo.
    ///
    /// # Errors
    /// `Unavailable` when LAME finds no memory; `Internal` when it refuses its settings.
    pub(crate) fn new(spec: SampleSpec, bitrate_kbps: u32) -> Result<Self> {
        // SAFETY: no arguments; the result is checked before it is used.
        let flags = unsafe { sys::lame_init() };
        if flags.is_null() {
            return Err(Error::new(ErrorKind::Unavailable, "the MP3 encoder has no memory"));
        }
        let lame = Self { flags, channels: spec.channels(), out: Vec::new() };
        let number = |value: u32| c_int::try_from(value).unwrap_or(c_int::MAX);
        let (rate, kbps) = (number(spec.rate.hz()), number(bitrate_kbps));
        let mode = if lame.channels == 1 { sys::MPEG_mode::MONO } else { sys::MPEG_mode::JOINT_STEREO };
        // SAFETY: `flags` is what `lame_init` gave and is closed only in `drop`.
        let refused = unsafe {
            sys::lame_set_in_samplerate(flags, rate)
                | sys::lame_set_out_samplerate(flags, rate)
                | sys::lame_set_num_channels(flags, if lame.channels == 1 { 1 } else { 2 })
                | sys::lame_set_mode(flags, mode)
                | sys::lame_set_VBR(flags, sys::vbr_mode::vbr_off)
                | sys::lame_set_brate(flags, kbps)
                | sys::lame_set_quality(flags, QUALITY)
                | sys::lame_set_disable_reservoir(flags, 1)
                | sys::lame_set_bWriteVbrTag(flags, 0)
        };
        // SAFETY: as above.
        let started = unsafe {
            sys::lame_set_write_id3tag_automatic(flags, 0);
            sys::lame_init_params(flags)
        };
        if refused != 0 || started < 0 {
            return Err(Error::new(ErrorKind::Internal, "the MP3 encoder refuses its settings"));
        }
        Ok(lame)
    }

    /// Takes frames, one plane per channel, all of one length, and appends the bytes of those MP3 frames that are ready.
    ///
    /// # Errors
    /// `Internal` when LAME fails.
    pub(crate) fn push(&mut self, planes: &[&[f32]], bytes: &mut Vec<u8>) -> Result<()> {
        let failed = || Error::new(ErrorKind::Internal, "the MP3 encoder failed");
        let (Some(left), Some(right)) = (planes.first(), planes.last()) else { return Err(failed()) };
        if planes.len() != self.channels || left.len() != right.len() {
            return Err(failed());
        }
        self.out.resize(left.len() + left.len() / 4 + SPARE_BYTES, 0);
        let (frames, room) = (c_int::try_from(left.len()), c_int::try_from(self.out.len()));
        let (Ok(frames), Ok(room)) = (frames, room) else { return Err(failed()) };
        // SAFETY: both planes have `frames` samples and `out` has `room` bytes; LAME keeps none of the pointers.
        let given = unsafe {
            sys::lame_encode_buffer_ieee_float(
                self.flags,
                left.as_ptr(),
                right.as_ptr(),
                frames,
                self.out.as_mut_ptr(),
                room,
            )
        };
        let given = usize::try_from(given).map_err(|_| failed())?;
        bytes.extend_from_slice(self.out.get(..given).ok_or_else(failed)?);
        Ok(())
    }
}

impl Drop for Lame {
    fn drop(&mut self) {
        // SAFETY: `flags` is what `lame_init` gave, and nobody uses it after this.
        unsafe { sys::lame_close(self.flags) };
    }
}
