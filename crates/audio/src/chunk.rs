//! [`PcmChunk`]: an immutable run of decoded frames, shared by everything that hears the track.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
};

use fanfare_model::{Error, ErrorKind, FrameIndex, Result, SampleSpec};

use crate::samples::cleaned;

/// A chunk as sinks get it: shared, never copied.
pub type SharedChunk = Arc<PcmChunk>;

/// A run of decoded frames, one plane of `f32` samples per channel, nominally -1 to 1.
///
/// Invariants: every plane has the same length; the number of planes is the spec's channel count; samples
/// are finite, at most 2^32 (NaN, infinities and larger ones become 0; sources say so in a warning), and
/// none but 0 is below -300 dBFS.
pub struct PcmChunk {
    spec: SampleSpec,
    first_frame: FrameIndex,
    planes: Vec<Vec<f32>>,
    views: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl PcmChunk {
    /// A chunk that begins at `first_frame` of its track; samples that are no numbers, larger than 2^32 or
    /// below -300 dBFS become 0.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when the planes do not match the spec or each other.
    pub fn new(spec: SampleSpec, first_frame: FrameIndex, mut planes: Vec<Vec<f32>>) -> Result<Self> {
        for plane in &mut planes {
            cleaned(plane);
        }
        Self::of_finite(spec, first_frame, planes)
    }

    /// As [`new`](Self::new), for a source that has replaced such samples already.
    pub(crate) fn of_finite(
        spec: SampleSpec,
        first_frame: FrameIndex,
        planes: Vec<Vec<f32>>,
    ) -> Result<Self> {
        let frames = planes.first().map_or(0, Vec::len);
        if planes.len() != spec.channels() || planes.iter().any(|plane| plane.len() != frames) {
            return Err(Error::new(ErrorKind::Internal, "a chunk's planes do not match its sample spec"));
        }
        Ok(Self { spec, first_frame, planes, views: OnceLock::new() })
    }

    /// The same frames at another place of a track.
    pub(crate) fn moved_to(self, first_frame: FrameIndex) -> Self {
        Self { first_frame, views: OnceLock::new(), ..self }
    }

    /// What its frames look like.
    #[must_use]
    pub const fn spec(&self) -> SampleSpec {
        self.spec
    }

    /// Where in the track it begins.
    #[must_use]
    pub const fn first_frame(&self) -> FrameIndex {
        self.first_frame
    }

    /// How many frames it has.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.planes.first().map_or(0, Vec::len)
    }

    /// All channels in order, one slice of samples each.
    #[must_use]
    pub fn planes(&self) -> &[Vec<f32>] {
        &self.planes
    }

    /// A value that belongs to this chunk and is made once, by whichever sink asks first; the others wait
    /// for it and share it. Analysis keeps its shared transforms (mono mix, resampled signal, spectra) here.
    ///
    /// There is one such value per chunk: a second type gives `None`.
    pub fn view<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.views.get_or_init(|| Box::new(make())).downcast_ref()
    }
}

impl std::fmt::Debug for PcmChunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PcmChunk")
            .field("spec", &self.spec)
            .field("first_frame", &self.first_frame)
            .field("frames", &self.frames())
            .finish()
    }
}
