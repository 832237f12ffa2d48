//! Hearing one file: hash it, decode it once, run the analyzers.
//!
//! Synchronous; knows no job and no store. Runs on a thread of its own, because a decoder may not return.

use std::{collections::HashSet, fs::Metadata, os::unix::fs::MetadataExt as _, path::Path, time::Duration};

use fanfare_analysis::{AnalyzeOptions, Selection, analyze};
use fanfare_audio::{CancelFlag, FanOutOptions, OpenOptions, StreamFacts};
use fanfare_model::{
    AudioProperties, ContentHash, Error, ErrorKind, Result, SampleSpec, Timestamp, features::AnalyzerResult,
};

use crate::scan::{
    read::{hash_file, open_regular},
    walk::modified,
};

/// The least time a track gets (CHECKLIST A21).
pub(crate) const MIN_BUDGET: Duration = Duration::from_secs(300);
/// Seconds of work that each second of audio gets.
const BUDGET_PER_SECOND: f64 = 1.5;

/// A file to hear, as the catalog knows it.
#[derive(Debug, Clone)]
pub(crate) struct Hearable {
    pub(crate) path: std::path::PathBuf,
    pub(crate) size_bytes: u64,
    pub(crate) modified: Timestamp,
    /// How long the catalog says it is.
    pub(crate) frames: Option<u64>,
    /// What was heard of it before, if anything.
    pub(crate) before: Option<HeardBefore>,
}

/// Results that the store has already.
#[derive(Debug, Clone)]
pub(crate) struct HeardBefore {
    /// The bytes they belong to.
    pub(crate) content_hash: ContentHash,
    /// Analyzers that gave a result at their present version.
    pub(crate) analyzers: HashSet<String>,
}

/// What hearing it gave.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) content_hash: ContentHash,
    pub(crate) audio: AudioProperties,
    pub(crate) results: Vec<AnalyzerResult>,
    pub(crate) warnings: Vec<String>,
}

/// How long hearing audio of that length may take.
pub(crate) fn budget(duration_s: Option<f64>) -> Duration {
    let wanted = duration_s.filter(|s| s.is_finite() && *s > 0.0).map_or(0.0, |s| s * BUDGET_PER_SECOND);
    // A day of audio is the most a file may declare.
    MIN_BUDGET.max(Duration::from_secs_f64(wanted.min(3.0 * 86_400.0)))
}

/// Hears the file; `on_progress` gets frames decoded and frames declared.
///
/// # Errors
/// `Conflict` when the file is not as the catalog knows it, before or after; `Cancelled`; all kinds of
/// opening and decoding.
pub(crate) fn hear(
    file: &Hearable,
    options: &OpenOptions,
    cancel: &CancelFlag,
    on_progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Heard> {
    let handle = open_regular(&file.path)?;
    let look = || handle.metadata().map_err(|error| Error::from_io("look at the file", error));
    check_unchanged(file, &look()?)?;
    // Slow storage takes long to hash a large file: each block is a sign of life.
    let content_hash = hash_file(&handle, cancel, &mut || on_progress(0, None))?;

    let mut source = fanfare_audio::open(&file.path, options)?;
    let (spec, facts) = (source.spec(), source.facts().clone());
    let declared = facts.declared_frames;
    let fan_out = FanOutOptions {
        budget: Some(budget(declared.or(file.frames).map(|frames| spec.rate.seconds(frames)))),
        ..FanOutOptions::default()
    };
    let analyze_options = AnalyzeOptions {
        selection: selection(file.before.as_ref(), content_hash)?,
        fan_out,
        ..AnalyzeOptions::default()
    };
    let mut progress = |frames| on_progress(frames, declared);
    let analysis = analyze(&mut *source, Vec::new(), &analyze_options, cancel, &mut progress)?;
    if cancel.is_cancelled() {
        return Err(Error::new(ErrorKind::Cancelled, "hearing was cancelled"));
    }
    if analysis.frames == 0 {
        return Err(Error::new(ErrorKind::Empty, "there is no audio in the file"));
    }
    // By path: somebody may have put another file in its place.
    let after = std::fs::metadata(&file.path).map_err(|error| Error::from_io("look at the file", error))?;
    check_unchanged(file, &after)?;
    check_unchanged(file, &look()?)?;
    let audio = properties(&facts, spec, analysis.frames, file.size_bytes);
    Ok(Heard { content_hash, audio, results: analysis.results, warnings: analysis.warnings })
}

/// The analyzers that lack a result for these bytes (CHECKLIST A34); all of them where none does, because
/// then somebody asked for the track to be heard again.
fn selection(before: Option<&HeardBefore>, content_hash: ContentHash) -> Result<Selection> {
    let Some(before) = before.filter(|before| before.content_hash == content_hash) else {
        return Ok(Selection::all());
    };
    let known = fanfare_analysis::versions();
    let missing: Vec<&str> =
        known.iter().map(|(id, _)| *id).filter(|id| !before.analyzers.contains(*id)).collect();
    if missing.is_empty() { Ok(Selection::all()) } else { Selection::only(&missing) }
}

fn check_unchanged(file: &Hearable, meta: &Metadata) -> Result<()> {
    if meta.size() == file.size_bytes && modified(meta) == file.modified {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, "the file changed since it was scanned"))
}

fn properties(facts: &StreamFacts, spec: SampleSpec, frames: u64, size_bytes: u64) -> AudioProperties {
    let seconds = spec.rate.seconds(frames);
    let bitrate = (seconds > 0.0).then(|| (size_bytes as f64 * 8.0 / seconds).round());
    AudioProperties {
        codec: facts.codec.clone(),
        container: facts.container.clone(),
        sample_rate_hz: spec.rate.hz(),
        channels: u8::try_from(spec.channels()).unwrap_or(u8::MAX),
        bit_depth: facts.bit_depth,
        frames: Some(frames),
        bitrate_bps: bitrate.filter(|bps| *bps <= f64::from(u32::MAX)).map(|bps| bps as u32),
    }
}

/// Whether that library folder cannot be reached: then a file that is not there says nothing.
pub(crate) fn storage_is_away(root: &Path) -> bool {
    // An empty mount point is what an unmounted disk looks like.
    std::fs::read_dir(root).map_or(true, |mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_for_these_bytes_is_heard() {
        let (this, other) = (ContentHash::from_bytes([1; 32]), ContentHash::from_bytes([2; 32]));
        let all: HashSet<String> =
            fanfare_analysis::versions().iter().map(|(id, _)| (*id).to_owned()).collect();
        let but_loudness: HashSet<String> = all.iter().filter(|id| *id != "loudness").cloned().collect();
        for (before, loudness, waveform) in [
            (None, true, true),
            (Some((this, HashSet::new())), true, true),
            (Some((this, but_loudness.clone())), true, false),
            (Some((other, but_loudness)), true, true),
            (Some((this, all)), true, true),
        ] {
            let before = before.map(|(content_hash, analyzers)| HeardBefore { content_hash, analyzers });
            let selection = selection(before.as_ref(), this).unwrap();
            let found = (selection.contains("loudness"), selection.contains("waveform"));
            assert_eq!(found, (loudness, waveform), "{before:?}");
        }
    }

    #[test]
    fn long_audio_gets_more_time() {
        for (duration_s, budget_s) in [
            (None, 300),
            (Some(10.0), 300),
            (Some(200.0), 300),
            (Some(3_600.0), 5_400),
            (Some(f64::NAN), 300),
        ] {
            assert_eq!(budget(duration_s).as_secs(), budget_s, "{duration_s:?}");
        }
    }
}
