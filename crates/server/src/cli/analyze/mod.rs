//! `fanfare analyze`: analyze files and print what was analyzed.
//!
//! Purpose: the contract in docs/cli.md. Files are analyzed several at a time and reported in input order.
//!
//! Invariants: one bad file never ends the run, nor does a picture that cannot be written; nothing else is stored;
//! a panic while analyzing a file is that file's error; memory does not grow with the number of files beyond their
//! paths (with `--album`, and the gating blocks of the folder that is being analyzed).

mod albums;
mod files;
mod folder;
mod names;
mod order;
mod outputs;
mod plot;
mod progress;
mod report;
mod rounding;
mod rows;

use std::{
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
};

use fanfare_analysis::{AnalysisSlots, AnalyzeOptions, Selection, analyze};
use fanfare_audio::{CancelFlag, OpenOptions};
use fanfare_model::{AudioProperties, Error, ErrorKind, Result};

use self::{
    albums::{Albums, Analyzed},
    files::Found,
    order::{End, in_order},
    outputs::{AnalyzedFile, Outputs},
    progress::{FileProgress, Progress},
    report::Report,
};
use super::{
    command_line::AnalyzeArgs,
    exit::{Exit, INTERRUPTED, SOME_FAILED, SUCCESS, code_of},
    output::{self, Done, Stop},
    signals,
};
use crate::settings::{FfmpegSetting, default_jobs};

/// Finished files that may wait for an earlier one, per job.
const WAITING_PER_JOB: usize = 8;

/// Runs the command.
pub fn run(args: &AnalyzeArgs) -> Done {
    let only: Vec<&str> = args.only.iter().map(|name| name.trim()).collect();
    let selection = if only.is_empty() { Selection::all() } else { Selection::only(&only)? };
    needs(&selection, "loudness", "--album", args.album)?;
    needs(&selection, "waveform", "--waveform", args.waveform.is_some())?;
    let ffmpeg = FfmpegSetting::parse(&args.ffmpeg)
        .map_err(|problem| Error::new(ErrorKind::Invalid, format!("--ffmpeg: {problem}")))?;
    let open = OpenOptions { ffmpeg: ffmpeg.as_use(), ..OpenOptions::default() };
    let cancel = CancelFlag::default();
    signals::cancel_on_interrupt(&cancel)?;

    let mut found = files::find(&args.paths, &cancel);
    let outputs = Outputs::open(args, &mut found)?;
    let mut albums = if args.album { Albums::of(&mut found) } else { Albums::default() };
    let slots = AnalysisSlots::for_cores(default_jobs());
    // More threads than slots would only wait.
    let jobs = args.jobs.map_or_else(default_jobs, usize::from).min(slots.most());
    let progress = Progress::start(found.len(), args.quiet);
    let mut rows = rows::Rows::start(args.json, args.csv)?;
    let mut failed = false;
    let mut unwritten = Unwritten::default();
    let window = jobs.saturating_mul(WAITING_PER_JOB);
    let analyze_one = |item: &Found| -> Option<Answer> {
        let file = progress.file(&item.path);
        let analyzed = match &item.problem {
            Some(problem) => Err(problem.error()),
            None => contained(|| analyze_file(item, &open, &selection, &cancel, &file, &outputs)),
        };
        match analyzed {
            Err(error) if error.kind() == ErrorKind::Cancelled && cancel.is_cancelled() => None,
            Err(error) => Some(Answer {
                report: Report::failed(&item.path, &error),
                unwritten: None,
                album: item.album,
                path: item.path.clone(),
                for_album: None,
            }),
            Ok(answer) => Some(answer),
        }
    };
    let end = in_order(&found, jobs, window, &cancel, analyze_one, |answer| {
        failed |= answer.report.is_failure();
        progress.above(|| {
            unwritten.note(answer.unwritten);
            rows.row(&answer.report)?;
            let album = answer.album.and_then(|number| albums.take(number, &answer.path, answer.for_album));
            album.map_or(Ok(()), |album| rows.row(&Report::Album(album)))
        })
    });
    progress.end();
    match end {
        Ok(End::Complete) => {}
        Ok(End::Cancelled) => return Ok(Exit(INTERRUPTED)),
        Err(stop) => return Err(stop),
    }
    rows.end()?;
    let analyzed = if failed { SOME_FAILED } else { SUCCESS };
    Ok(Exit(unwritten.end().unwrap_or(analyzed)))
}

/// What is asked for needs an analyzer that was left out by `--only`.
fn needs(selection: &Selection, analyzer: &str, option: &str, asked: bool) -> Result<()> {
    if !asked || selection.contains(analyzer) {
        return Ok(());
    }
    let message = format!("{option} needs the analyzer {analyzer}, which --only leaves out");
    Err(Error::new(ErrorKind::Invalid, message)
        .remedy(format!("add {analyzer} to --only, or leave {option} away")))
}

/// What is known of one file.
struct Answer {
    report: Report,
    /// Why a file that was asked for could not be written beside it.
    unwritten: Option<Error>,
    /// The number of its folder, where albums are asked for.
    album: Option<usize>,
    path: PathBuf,
    /// Kept for its album.
    for_album: Option<Analyzed>,
}

/// The files that could not be written: told of once, counted, and remembered for the exit code.
#[derive(Default)]
struct Unwritten {
    first: Option<ErrorKind>,
    more: u64,
}

impl Unwritten {
    fn note(&mut self, error: Option<Error>) {
        let Some(error) = error else { return };
        if self.first.is_none() {
            self.first = Some(error.kind());
            output::complain(&error);
        } else {
            self.more += 1;
        }
    }

    /// The exit code that they ask for, if there are any.
    fn end(&self) -> Option<u8> {
        if self.more > 0 {
            output::note(format_args!("fanfare: the same for {} more files", self.more));
        }
        self.first.map(code_of)
    }
}

/// A panic inside becomes an error of kind `Internal`.
fn contained<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|cause| {
        let text = cause
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| cause.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Error::new(ErrorKind::Internal, format!("a mistake in this program: {text}"))
            .remedy("please report it with the file"))
    })
}

fn analyze_file(
    item: &Found,
    open: &OpenOptions,
    selection: &Selection,
    cancel: &CancelFlag,
    progress: &FileProgress<'_>,
    outputs: &Outputs,
) -> Result<Answer> {
    let mut source = fanfare_audio::open(&item.path, open)?;
    let declared = source.facts().declared_frames;
    let options = AnalyzeOptions { selection: selection.clone(), ..AnalyzeOptions::default() };
    let analysis = analyze(&mut *source, Vec::new(), &options, cancel, &mut |frames| {
        progress.analyzed(frames, declared);
    })?;
    let (spec, facts, features) = (source.spec(), source.facts(), analysis.features());
    let analyzed = AnalyzedFile {
        path: &item.path,
        name: &item.name,
        spec,
        facts,
        frames: analysis.frames,
        features: &features,
        limits: &open.limits,
    };
    // What was analyzed is told even where it cannot be drawn.
    let unwritten = contained(|| outputs.write(&analyzed)).err();
    // Tags that are larger than the limit are no damage.
    let tag_damage = match fanfare_audio::read_tags(&item.path, &open.limits) {
        Ok(reading) if !reading.cut => reading.damaged,
        _ => Vec::new(),
    };
    // An album of tracks without a loudness is one of silence: the analyzer was asked for.
    let for_album = item.album.map(|_| Analyzed {
        loudness: features.loudness.clone().unwrap_or_default(),
        audio: AudioProperties {
            codec: facts.codec.clone(),
            container: facts.container.clone(),
            sample_rate_hz: spec.rate.hz(),
            channels: u8::try_from(spec.channels()).unwrap_or(u8::MAX),
            bit_depth: facts.bit_depth,
            frames: Some(analysis.frames),
            bitrate_bps: None,
        },
    });
    let damage = (&*analysis.warnings, tag_damage);
    Ok(Answer {
        album: item.album,
        path: item.path.clone(),
        for_album,
        report: Report::analyzed(&item.path, facts, (spec, analysis.frames), features, damage, selection),
        unwritten,
    })
}

impl From<order::Refused> for Stop {
    fn from(_: order::Refused) -> Self {
        Self::Failed(Error::new(ErrorKind::Unavailable, "the operating system refused another thread"))
    }
}
