//! The shared transforms: mono mix, resampled signals and spectra, computed once per chunk for everybody.
//!
//! | transform | from | what |
//! |---|---|---|
//! | `mono` | the chunk | mean of all channels at the source's rate |
//! | `mono_22k` | `mono` | 22,050 Hz |
//! | `mono_11k` | `mono_22k` | 11,025 Hz |
//! | `onset_spectra` | `mono_22k` | magnitudes, Hann 1024, hop 256 |
//! | `tonal_spectra` | `mono_11k` | magnitudes, Hann 4096, hop 1024 |
//! | `tonal_pitches` | `tonal_spectra` | peaks folded into an octave of fine bins |
//!
//! The mono mix is the plain mean, as fingerprints need it: what is in opposite phase on two channels cancels
//! there. Loudness, dynamics and the waveform read the channels themselves and miss nothing.
//!
//! The first analyzer that asks for a chunk's transform computes it, the others wait and share it; a transform that none
//! asks for costs nothing. Each transform is a stream with one state per track: since every sink takes the chunks in order,
//! chunk k is always transformed after chunk k-1. [`Ordered`] checks that.

mod halfband;
pub(crate) mod pitch;
pub(crate) mod resample;
mod spectra;
pub(crate) mod window;

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use fanfare_audio::PcmChunk;
use fanfare_model::{Error, ErrorKind, Result, SampleSpec};

use halfband::HalfBand;
use pitch::{FinePitch, PitchFolder};
use resample::Resampler;
use spectra::Stft;

pub use spectra::SpectraBlock;

/// Rate of [`AnalysisChunk::mono_22k`], in Hz.
pub const RATE_22K_HZ: u32 = 22_050;
/// Rate of [`AnalysisChunk::mono_11k`], in Hz.
pub const RATE_11K_HZ: u32 = 11_025;
/// Window length of [`AnalysisChunk::onset_spectra`], in samples at 22,050 Hz (46 ms).
pub const ONSET_SIZE: usize = 1024;
/// Hop of [`AnalysisChunk::onset_spectra`], in samples at 22,050 Hz (11.6 ms).
pub const ONSET_HOP: usize = 256;
/// Window length of [`AnalysisChunk::tonal_spectra`], in samples at 11,025 Hz (372 ms).
pub const TONAL_SIZE: usize = 4096;
/// Hop of [`AnalysisChunk::tonal_spectra`], in samples at 11,025 Hz (92.9 ms).
pub const TONAL_HOP: usize = 1024;
/// Lowest sample rate that is analyzed, in Hz: resampling from less would blow a chunk up without bound.
pub(crate) const MIN_RATE_HZ: u32 = 1_000;

/// A transform's state, with the source frame at which it stands.
struct Ordered<T> {
    next_frame: u64,
    /// `None` until an analyzer asks; making a filter or a transform costs time.
    state: Option<T>,
}

impl<T> Ordered<T> {
    const fn new() -> Mutex<Self> {
        Mutex::new(Self { next_frame: 0, state: None })
    }
}

/// The states of all transforms of one run over one track.
pub(crate) struct SharedTransforms {
    spec: SampleSpec,
    to_22k: Mutex<Ordered<Resampler>>,
    to_11k: Mutex<Ordered<HalfBand>>,
    onset: Mutex<Ordered<Stft>>,
    tonal: Mutex<Ordered<Stft>>,
    folder: PitchFolder,
    tail: Views,
    /// Set when a transform was asked out of order: its results can no longer be right.
    broken: AtomicBool,
}

/// The transforms of one chunk, or of the track's tail, as far as analyzers asked for them.
#[derive(Default)]
struct Views {
    mono: OnceLock<Vec<f32>>,
    mono_22k: OnceLock<Vec<f32>>,
    mono_11k: OnceLock<Vec<f32>>,
    onset: OnceLock<SpectraBlock>,
    tonal: OnceLock<SpectraBlock>,
    pitches: OnceLock<Vec<FinePitch>>,
}

impl SharedTransforms {
    pub(crate) fn new(spec: SampleSpec) -> Self {
        Self {
            spec,
            to_22k: Ordered::new(),
            to_11k: Ordered::new(),
            onset: Ordered::new(),
            tonal: Ordered::new(),
            folder: PitchFolder::new(TONAL_SIZE / 2 + 1, f64::from(RATE_11K_HZ)),
            tail: Views::default(),
            broken: AtomicBool::new(false),
        }
    }

    fn check(&self) -> Result<()> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(Error::new(
                ErrorKind::Internal,
                "a shared transform was not asked for in every chunk, so its spectra have a hole",
            ));
        }
        Ok(())
    }

    /// Moves one transform on from source frame `from` by `frames`, and gives what `step` made of it.
    fn advance<T, R: Default>(
        &self,
        transform: &Mutex<Ordered<T>>,
        make: impl FnOnce() -> T,
        (from, frames): (u64, u64),
        step: impl FnOnce(&mut T) -> R,
    ) -> R {
        // A thread that panicked inside leaves an older `next_frame`, and the next one sees the hole.
        let mut guard = transform.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.next_frame != from {
            self.broken.store(true, Ordering::Relaxed);
            return R::default();
        }
        let out = step(guard.state.get_or_insert_with(make));
        guard.next_frame = from + frames;
        out
    }

    fn resampler(&self) -> Resampler {
        Resampler::new(self.spec.rate.hz(), RATE_22K_HZ)
    }
}

/// A chunk with its shared transforms, as analyzers read it.
pub struct AnalysisChunk<'a> {
    pcm: &'a PcmChunk,
    shared: &'a SharedTransforms,
    views: &'a Views,
}

impl<'a> AnalysisChunk<'a> {
    pub(crate) fn new(pcm: &'a PcmChunk, shared: &'a Arc<SharedTransforms>) -> Result<Self> {
        let views = pcm
            .view(Views::default)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "the chunk's view is used by another fan-out"))?;
        Ok(Self { pcm, shared, views })
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.shared.check()
    }

    fn span(&self) -> (u64, u64) {
        (self.pcm.first_frame().0, self.pcm.frames() as u64)
    }

    /// The frames themselves, all channels.
    #[must_use]
    pub const fn pcm(&self) -> &PcmChunk {
        self.pcm
    }

    /// The mean of all channels at the source's rate: as many samples as the chunk has frames.
    #[must_use]
    pub fn mono(&self) -> &[f32] {
        match self.pcm.planes() {
            [only] => only,
            planes => self.views.mono.get_or_init(|| mean(planes)),
        }
    }

    /// The mono mix at 22,050 Hz: the samples that this chunk completed. Sample n of the whole stream is the
    /// sound at n / 22,050 s (the filter's delay is taken out), so a chunk gives a little less than its
    /// share and [`AnalysisEnd::mono_22k`] the rest.
    #[must_use]
    pub fn mono_22k(&self) -> &[f32] {
        self.views.mono_22k.get_or_init(|| {
            let mono = self.mono();
            let shared = self.shared;
            shared.advance(&shared.to_22k, || shared.resampler(), self.span(), |state| state.push(mono))
        })
    }

    /// The mono mix at 11,025 Hz, as [`mono_22k`](Self::mono_22k).
    #[must_use]
    pub fn mono_11k(&self) -> &[f32] {
        self.views.mono_11k.get_or_init(|| {
            let mono = self.mono_22k();
            self.shared.advance(&self.shared.to_11k, HalfBand::new, self.span(), |state| state.push(mono))
        })
    }

    /// Spectra of [`mono_22k`](Self::mono_22k): [`ONSET_SIZE`], [`ONSET_HOP`]; those this chunk completed.
    #[must_use]
    pub fn onset_spectra(&self) -> &SpectraBlock {
        self.views.onset.get_or_init(|| {
            let mono = self.mono_22k();
            self.shared.advance(&self.shared.onset, onset_stft, self.span(), |state| state.push(mono))
        })
    }

    /// Spectra of [`mono_11k`](Self::mono_11k): [`TONAL_SIZE`], [`TONAL_HOP`]; those this chunk completed.
    #[must_use]
    pub fn tonal_spectra(&self) -> &SpectraBlock {
        self.views.tonal.get_or_init(|| {
            let mono = self.mono_11k();
            self.shared.advance(&self.shared.tonal, tonal_stft, self.span(), |state| state.push(mono))
        })
    }

    /// Pitch content of each of the [`tonal_spectra`](Self::tonal_spectra).
    #[must_use]
    pub(crate) fn tonal_pitches(&self) -> &[FinePitch] {
        self.views.pitches.get_or_init(|| self.shared.folder.fold_all(self.tonal_spectra()))
    }
}

/// The end of a track: its length, and what the shared transforms still held.
pub struct AnalysisEnd<'a> {
    shared: &'a SharedTransforms,
    frames: u64,
}

impl<'a> AnalysisEnd<'a> {
    pub(crate) fn new(shared: &'a Arc<SharedTransforms>, frames: u64) -> Self {
        Self { shared, frames }
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.shared.check()
    }

    fn span(&self) -> (u64, u64) {
        (self.frames, 0)
    }

    /// What the track's frames looked like.
    #[must_use]
    pub const fn spec(&self) -> SampleSpec {
        self.shared.spec
    }

    /// How many frames the track had.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// How long the track was, in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.shared.spec.rate.seconds(self.frames)
    }

    /// The last samples at 22,050 Hz, beyond those of the chunks; together ceil(frames * 22,050 / rate).
    #[must_use]
    pub fn mono_22k(&self) -> &[f32] {
        let shared = self.shared;
        shared.tail.mono_22k.get_or_init(|| {
            shared.advance(&shared.to_22k, || shared.resampler(), self.span(), Resampler::finish)
        })
    }

    /// The last samples at 11,025 Hz.
    #[must_use]
    pub fn mono_11k(&self) -> &[f32] {
        let shared = self.shared;
        shared.tail.mono_11k.get_or_init(|| {
            let mono = self.mono_22k();
            shared.advance(&shared.to_11k, HalfBand::new, self.span(), |state| {
                let mut out = state.push(mono);
                out.extend(state.finish());
                out
            })
        })
    }

    /// The last onset spectra: windows that reach beyond the end see zeros there.
    #[must_use]
    pub fn onset_spectra(&self) -> &SpectraBlock {
        let shared = self.shared;
        shared.tail.onset.get_or_init(|| {
            let mono = self.mono_22k();
            shared.advance(&shared.onset, onset_stft, self.span(), |state| state.finish(mono))
        })
    }

    /// The last tonal spectra: windows that reach beyond the end see zeros there.
    #[must_use]
    pub fn tonal_spectra(&self) -> &SpectraBlock {
        let shared = self.shared;
        shared.tail.tonal.get_or_init(|| {
            let mono = self.mono_11k();
            shared.advance(&shared.tonal, tonal_stft, self.span(), |state| state.finish(mono))
        })
    }

    /// Pitch content of each of the last tonal spectra.
    #[must_use]
    pub(crate) fn tonal_pitches(&self) -> &[FinePitch] {
        self.shared.tail.pitches.get_or_init(|| self.shared.folder.fold_all(self.tonal_spectra()))
    }
}

fn onset_stft() -> Stft {
    Stft::new(ONSET_SIZE, ONSET_HOP)
}

fn tonal_stft() -> Stft {
    Stft::new(TONAL_SIZE, TONAL_HOP)
}

/// The mean of all planes, summed in the order of the channels.
fn mean(planes: &[Vec<f32>]) -> Vec<f32> {
    let Some((first, rest)) = planes.split_first() else { return Vec::new() };
    let scale = 1.0 / planes.len() as f32;
    let mut sum = first.clone();
    for plane in rest {
        for (sum, sample) in sum.iter_mut().zip(plane) {
            *sum += sample;
        }
    }
    for sum in &mut sum {
        *sum *= scale;
    }
    sum
}
