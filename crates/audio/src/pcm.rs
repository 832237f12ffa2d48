//! The two traits between which all audio flows: [`PcmSource`] and [`PcmSink`].

use fanfare_model::{FrameIndex, Result, SampleSpec};

use crate::{PcmChunk, SharedChunk};

/// What a source knows about its audio before decoding it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFacts {
    /// Codec name as in [`fanfare_model::AudioProperties::codec`].
    pub codec: String,
    /// Container name as in [`fanfare_model::AudioProperties::container`].
    pub container: String,
    /// Bits per sample of the source, where that means something.
    pub bit_depth: Option<u8>,
    /// Frames after gapless trimming, as declared; the count of decoded frames is the truth.
    pub declared_frames: Option<u64>,
}

/// The way from a file (or any other origin) to PCM.
///
/// A caller may expect: chunks follow each other without gap or overlap, the first one at frame 0 or where
/// the last [`seek`](Self::seek) landed; encoder delay and padding are trimmed; every chunk has the
/// source's [`spec`](Self::spec); no chunk is empty; after `Ok(None)` or an error it stays at its end.
///
/// An implementer must: never panic on any input; keep memory independent of the audio's length; stop with
/// [`ErrorKind::Malformed`](fanfare_model::ErrorKind::Malformed) when nothing could be decoded, and with a
/// warning and `Ok(None)` when something could (a damaged file is partly heard, never silently whole).
pub trait PcmSource: Send {
    /// What its frames look like.
    fn spec(&self) -> SampleSpec;

    /// What is known beforehand.
    fn facts(&self) -> &StreamFacts;

    /// The next run of frames, or `None` at the end.
    ///
    /// # Errors
    /// Any kind that the documentation of this trait names, and I/O.
    fn next_chunk(&mut self) -> Result<Option<PcmChunk>>;

    /// Moves to exactly that frame (or the end, if the track is shorter): the next chunk begins there.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](fanfare_model::ErrorKind::Unsupported) for a source that only runs forwards.
    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex>;

    /// Frames that the file declares beyond its end: it was cut. They are not among the
    /// [declared frames](StreamFacts::declared_frames), which are those that can be there.
    fn lost_frames(&self) -> u64 {
        0
    }

    /// How many frames the whole track has, as the file says, to about a tenth of a second; `None` where it says nothing.
    /// Unlike the [declared frames](StreamFacts::declared_frames) this includes lengths that a container rounds, and what
    /// lies beyond the end of a cut file.
    fn whole_frames(&self) -> Option<u64> {
        self.facts().declared_frames.map(|declared| declared.saturating_add(self.lost_frames()))
    }

    /// What was odd so far, one sentence each: damage skipped, an early end, samples that were not finite.
    fn warnings(&self) -> &[String];
}

/// Something that hears a track: an analyzer, an encoder, a live stream.
///
/// A sink may expect: chunks in order without gaps, all of one spec, on one thread of its own, and
/// [`finish`](Self::finish) exactly once after the last chunk and only when the source ended cleanly.
/// A sink that returns an error, panics or misses its deadline is evicted and only dropped.
pub trait PcmSink: Send {
    /// Takes the next chunk. Blocking here is the back-pressure.
    ///
    /// # Errors
    /// Any error evicts the sink.
    fn push(&mut self, chunk: &SharedChunk) -> Result<()>;

    /// Takes the end of the track.
    ///
    /// # Errors
    /// Any error is the sink's outcome in the report.
    fn finish(&mut self) -> Result<()>;
}
