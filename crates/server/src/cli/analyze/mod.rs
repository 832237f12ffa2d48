//! `fanfare analyze`: hear files and print what was heard.
//!
//! Purpose: the contract in docs/cli.md. Files are heard several at a time and reported in input order.
//!
//! Invariants: one bad file never ends the run; nothing is stored; a panic while hearing a file is that file's
//! error; memory does not grow with the number of files beyond their paths.

mod files;
mod order;
mod progress;
mod report;
mod rounding;
mod rows;

use std::{
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use fanfare_analysis::{AnalysisSlots, AnalyzeOptions, Selection, analyze};
use fanfare_audio::{CancelFlag, OpenOptions};
use fanfare_model::{Error, ErrorKind, Result};

use self::{
    files::Found,
    order::{End, in_order},
    progress::{FileProgress, Progress},
    report::Report,
};
use super::{
    exit::{Exit, INTERRUPTED, SOME_FAILED, SUCCESS},
    line::AnalyzeArgs,
    output::{Done, Stop},
    signals,
};
use crate::settings::{FfmpegSetting, default_jobs};

/// Finished files that may wait for an earlier one, per job.
const WAITING_PER_JOB: usize = 8;

/// Runs the command.
pub fn run(args: &AnalyzeArgs) -> Done {
    let only: Vec<&str> = args.only.iter().map(|name| name.trim()).collect();
    let selection = if only.is_empty() { Selection::all() } else { Selection::only(&only)? };
    let ffmpeg = FfmpegSetting::parse(&args.ffmpeg)
        .map_err(|problem| Error::new(ErrorKind::Invalid, format!("--ffmpeg: {problem}")))?;
    let open = OpenOptions { ffmpeg: ffmpeg.as_use(), ..OpenOptions::default() };
    let cancel = CancelFlag::default();
    signals::cancel_on_interrupt(&cancel)?;

    let found = files::find(&args.paths, &cancel);
    let slots = AnalysisSlots::for_cores(default_jobs());
    // More threads than slots would only wait.
    let jobs = args.jobs.map_or_else(default_jobs, usize::from).min(slots.most());
    let progress = Progress::start(found.len(), args.quiet);
    let mut rows = rows::Rows::start(args.json, args.csv)?;
    let mut failed = false;
    let window = jobs.saturating_mul(WAITING_PER_JOB);
    let hear_one = |item: &Found| -> Option<Report> {
        let file = progress.file(&item.path);
        let heard = match &item.problem {
            Some((kind, message)) => Err(Error::new(*kind, message.clone())),
            None => contained(|| hear(&item.path, &open, &selection, &cancel, &file)),
        };
        match heard {
            Err(error) if error.kind() == ErrorKind::Cancelled && cancel.is_cancelled() => None,
            Err(error) => Some(Report::failed(&item.path, &error)),
            Ok(report) => Some(report),
        }
    };
    let end = in_order(&found, jobs, window, &cancel, hear_one, |report| {
        failed |= report.is_failure();
        progress.above(|| rows.row(&report))
    });
    progress.end();
    match end {
        Ok(End::Complete) => {}
        Ok(End::Cancelled) => return Ok(Exit(INTERRUPTED)),
        Err(stop) => return Err(stop),
    }
    rows.end()?;
    Ok(Exit(if failed { SOME_FAILED } else { SUCCESS }))
}

/// A panic inside becomes an error of kind `Internal`.
fn contained(hear: impl FnOnce() -> Result<Report>) -> Result<Report> {
    panic::catch_unwind(AssertUnwindSafe(hear)).unwrap_or_else(|cause| {
        let text = cause
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| cause.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Error::new(ErrorKind::Internal, format!("a mistake in this program: {text}"))
            .remedy("please report it with the file"))
    })
}

fn hear(
    path: &Path,
    open: &OpenOptions,
    selection: &Selection,
    cancel: &CancelFlag,
    progress: &FileProgress<'_>,
) -> Result<Report> {
    let mut source = fanfare_audio::open(path, open)?;
    let declared = source.facts().declared_frames;
    let options = AnalyzeOptions { selection: selection.clone(), ..AnalyzeOptions::default() };
    let analysis = analyze(&mut *source, Vec::new(), &options, cancel, &mut |frames| {
        progress.heard(frames, declared);
    })?;
    let spec = source.spec();
    Ok(Report::heard(path, spec, source.facts(), analysis.frames, analysis.features(), selection))
}

impl From<order::Refused> for Stop {
    fn from(_: order::Refused) -> Self {
        Self::Failed(Error::new(ErrorKind::Unavailable, "the operating system refused another thread"))
    }
}
