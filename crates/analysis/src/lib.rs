//! Numbers out of PCM: analyzers, and the transforms they share.
//!
//! Purpose: [`analyze`] reads a [`PcmSource`](fanfare_audio::PcmSource) once and gives every selected
//! [`Analyzer`]'s part of [`Features`](fanfare_model::Features).
//!
//! Vocabulary: an *analyzer* turns a track into one part of its features; a *shared transform* (mono mix,
//! resampled signal, spectra) is computed once per chunk, by whichever analyzer asks first.
//!
//! Invariants: nothing is stored and nothing is kept from one track to the next; memory does not grow with
//! a track's length; results never depend on chunk size or thread timing (all framing is by absolute frame
//! index, and every sum is taken in an order that the frames alone decide).
//!
//! To add an analyzer: make a folder beside the others, implement [`Analyzer`], and add its
//! [`AnalyzerEntry`] to [`ANALYZERS`].

mod absence;
mod analyze;
mod analyzer;
mod list;
mod selection;
mod shared;
mod slots;

pub mod descriptors;
pub mod dynamics;
pub mod fingerprint;
pub mod key;
pub mod loudness;
pub mod rhythm;
pub mod speech_music;
pub mod timbre;
pub mod waveform;

pub use absence::{Absence, AbsenceReason};
pub use analyze::{Analysis, AnalyzeOptions, AnalyzerSinks, NamedSinks, analyze, analyze_with, check_rate};
pub use analyzer::{Analyzer, AnalyzerEntry, AnalyzerOutput, StartContext};
pub use descriptors::describe;
pub use list::{ANALYZERS, versions};
pub use selection::Selection;
pub use shared::{
    AnalysisChunk, AnalysisEnd, ONSET_HOP, ONSET_SIZE, RATE_11K_HZ, RATE_22K_HZ, SpectraBlock, TONAL_HOP,
    TONAL_SIZE,
};
pub use slots::AnalysisSlots;
