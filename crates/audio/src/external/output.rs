//! [`Output`]: the frames that a child gives, behind the header that tells their sample spec.

use std::path::Path;

use fanfare_model::{Error, ErrorKind, Result, SampleSpec};

use super::{arguments::ChildArguments, bytes::ChildBytes, child::Boxed};
use crate::Limits;

/// Bytes of an AU header with its annotation, at most (ours is 32).
const MAX_AU_HEADER: usize = 4_096;
/// AU's number for 32-bit floating point.
const AU_F32: u32 = 6;

/// What `ffmpeg` says when a file has no audio track: our `-map` finds none.
const NO_AUDIO: &str = "matches no streams";
/// What it says of a codec that [`ChildArguments`] does not allow.
const NOT_ALLOWED: &str = "not on whitelist";
/// What it says when it was built without something.
const LACKS: &[&str] = &[
    "Unknown input format",
    "Unknown decoder",
    "Decoder not found",
    "not found for input",
    "(codec none) not found",
    "no decoder found",
];

/// A child and its output.
pub(super) struct Output {
    pub child: Boxed,
    pub spec: SampleSpec,
    /// Bytes that are not taken yet: from `taken` on.
    buffer: Vec<u8>,
    taken: usize,
}

impl Output {
    /// Starts a child and reads the header of its output.
    ///
    /// # Errors
    /// `NoDecoder`, `Malformed`, `Empty`, `NotAudio`, limits, I/O.
    pub(super) fn start(
        program: &Path,
        arguments: &ChildArguments,
        bytes: &ChildBytes,
        limits: &Limits,
    ) -> Result<Self> {
        let mut child = Boxed::start(program, arguments, bytes, limits)?;
        let (spec, buffer, taken) = read_header(&mut child, limits)?;
        Ok(Self { child, spec, buffer, taken })
    }

    const fn frame_bytes(&self) -> usize {
        self.spec.channels() * size_of::<f32>()
    }

    /// Whole frames that wait.
    pub(super) const fn waiting(&self) -> usize {
        (self.buffer.len() - self.taken) / self.frame_bytes()
    }

    /// Reads more; returns whether there is more.
    ///
    /// # Errors
    /// `Timeout`.
    pub(super) fn read_more(&mut self) -> Result<bool> {
        let Some(block) = self.child.next_block()? else { return Ok(false) };
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend(block);
        Ok(true)
    }

    /// The bytes of the first frames that wait.
    pub(super) fn front(&self, frames: usize) -> &[u8] {
        &self.buffer[self.taken..self.taken + frames * self.frame_bytes()]
    }

    /// Takes off the first frames that wait.
    pub(super) const fn skip(&mut self, frames: usize) {
        self.taken += frames * self.frame_bytes();
    }

    /// Reads and drops that many frames; returns whether there were so many.
    ///
    /// # Errors
    /// `Timeout`.
    pub(super) fn drop_frames(&mut self, mut frames: u64) -> Result<bool> {
        loop {
            let dropped = (self.waiting() as u64).min(frames);
            self.skip(dropped as usize);
            frames -= dropped;
            if frames == 0 {
                return Ok(true);
            }
            if !self.read_more()? {
                return Ok(false);
            }
        }
    }

    /// Puts the last frames of another output before those that wait.
    pub(super) fn put_before(&mut self, other: &Self, frames: usize) {
        self.buffer.splice(..self.taken, other.front(frames).iter().copied());
        self.taken = 0;
    }

    /// Drops everything that waits.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.taken = 0;
    }
}

/// Reads the header of the child's output: the spec, what came behind it, and where that begins.
fn read_header(child: &mut Boxed, limits: &Limits) -> Result<(SampleSpec, Vec<u8>, usize)> {
    let mut bytes = Vec::new();
    while let Some(block) = child.next_block()? {
        bytes.extend(block);
        let word = |index: usize| {
            bytes.get(index * 4..index * 4 + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        };
        let (Some(offset), Some(encoding), Some(rate_hz), Some(channels)) =
            (word(1), word(3), word(4), word(5))
        else {
            continue;
        };
        let offset = offset as usize;
        if !bytes.starts_with(b".snd") || encoding != AU_F32 || offset > MAX_AU_HEADER {
            child.check_program()?;
            return Err(Error::new(ErrorKind::Internal, "ffmpeg gave something else than it was asked for"));
        }
        // The first sound must be there too: a header alone is written for files without any.
        if bytes.len() > offset {
            let spec = limits.spec(rate_hz, channels as usize)?;
            return Ok((spec, bytes, offset));
        }
    }
    let well = child.ended_well();
    if let Some(error) = child.refused() {
        return Err(error);
    }
    let said = child.last_words();
    child.check_reading()?;
    // A fault of the program is no verdict on the file, and neither is one that was ended.
    child.check_program()?;
    Err(match said {
        Some(_) if child.said(NO_AUDIO) => Error::new(ErrorKind::NotAudio, "the file has no audio track"),
        Some(_) if child.said(NOT_ALLOWED) => {
            Error::new(ErrorKind::Unsupported, "this program does not decode the codec in the file")
                .remedy("convert the file to a common format, for example FLAC")
        }
        Some(said) if LACKS.iter().any(|lack| child.said(lack)) => {
            Error::new(ErrorKind::NoDecoder, format!("this ffmpeg lacks the decoder: {said}"))
                .remedy("install a complete ffmpeg; the file is then tried again by itself")
        }
        Some(said) => {
            Error::new(ErrorKind::Malformed, format!("nothing in the file could be decoded: {said}"))
        }
        None if well => Error::new(ErrorKind::Empty, "there is no audio in the file"),
        None => Error::new(ErrorKind::Malformed, "nothing in the file could be decoded"),
    })
}
