//! [`Relay`]: a source whose decoder can be replaced in the middle of a file by another one, at the same frame.
//!
//! Why: for some files it shows only in the middle that a decoder would give wrong sound (MP3 with mixed blocks, samples
//! far above full scale). Both decoders count the same frames, so the other one seeks to the next frame and goes on.
//!
//! Invariants: the other decoder is tried once; each frame is given once; when the other decoder cannot take over, the
//! first decoder's error is returned, unless the other one failed for a reason that lies outside the file. A file without a single frame is an error, whichever decoder is used.

use fanfare_model::{Error, ErrorKind, FrameIndex, Result, SampleSpec};

use crate::{PcmChunk, PcmSource, StreamFacts};

/// Opens the other decoder.
pub(crate) type Spare = Box<dyn FnOnce() -> Result<Box<dyn PcmSource>> + Send>;

/// A source and what replaces it.
pub(crate) struct Relay {
    source: Box<dyn PcmSource>,
    spare: Option<Spare>,
    /// What the first decoder knows of the file: the other one may know less.
    facts: StreamFacts,
    whole_frames: Option<u64>,
    /// Track index of the next frame.
    position: u64,
    /// Warnings of the first decoder, once the other one has taken over.
    warnings: Option<Vec<String>>,
}

impl Relay {
    /// `spare` opens the other decoder, where there is one.
    pub(crate) fn new(source: Box<dyn PcmSource>, spare: Option<Spare>) -> Self {
        let facts = source.facts().clone();
        let whole_frames = source.whole_frames();
        Self { source, spare, facts, whole_frames, position: 0, warnings: None }
    }

    /// Lets the other decoder take over at that frame after the first one failed.
    ///
    /// # Errors
    /// The first decoder's error, if the other one cannot take over; the other one's, if that says nothing about the file.
    fn take_over(&mut self, error: Error, frame: u64) -> Result<()> {
        if !matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Malformed) {
            return Err(error);
        }
        let Some(spare) = self.spare.take() else { return Err(error) };
        let opened = spare().and_then(|mut other| {
            let lands = other.spec() == self.source.spec() && other.seek(FrameIndex(frame))?.0 == frame;
            Ok(lands.then_some(other))
        });
        match opened {
            Ok(Some(other)) => {
                self.warnings = Some(self.source.warnings().to_vec());
                self.source = other;
                Ok(())
            }
            Err(other) if other.kind().is_transient() || other.kind() == ErrorKind::NoDecoder => Err(other),
            _ => Err(error),
        }
    }

    /// Both decoders' warnings, each once.
    fn gather_warnings(&mut self) {
        let Some(warnings) = &mut self.warnings else { return };
        for warning in self.source.warnings() {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
    }
}

impl PcmSource for Relay {
    fn spec(&self) -> SampleSpec {
        self.source.spec()
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        let chunk = match self.source.next_chunk() {
            Err(error) => self.take_over(error, self.position).and_then(|()| self.source.next_chunk()),
            chunk => chunk,
        };
        self.gather_warnings();
        match &chunk {
            Ok(Some(chunk)) => self.position = chunk.first_frame().0 + chunk.frames() as u64,
            Ok(None) if self.position == 0 => {
                return Err(Error::new(ErrorKind::Empty, "there is no audio in the file"));
            }
            _ => {}
        }
        chunk
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        let landed = match self.source.seek(frame) {
            Err(error) => self.take_over(error, frame.0).map(|()| frame),
            landed => landed,
        };
        self.gather_warnings();
        if let Ok(landed) = landed {
            self.position = landed.0;
            return Ok(landed);
        }
        landed
    }

    fn lost_frames(&self) -> u64 {
        self.source.lost_frames()
    }

    fn whole_frames(&self) -> Option<u64> {
        self.whole_frames
    }

    fn warnings(&self) -> &[String] {
        self.warnings.as_deref().unwrap_or_else(|| self.source.warnings())
    }
}
