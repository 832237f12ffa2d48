//! `fanfare worker`: the child process in which tracks are heard.

use fanfare_analysis::AnalysisSlots;
use fanfare_ingest::{WorkerProcessOptions, run_worker};

use super::{
    exit::{Exit, SUCCESS},
    line::WorkerArgs,
    logging,
    output::Done,
    serve::block_on,
};
use crate::settings;

/// Runs the command.
pub fn run(args: &WorkerArgs) -> Done {
    let settings = settings::load(&args.request())?;
    logging::start(&settings.log);
    let options = WorkerProcessOptions {
        // More would only wait for each other; jobs that are not claimed stay queued, for other workers too.
        jobs: settings.jobs.min(AnalysisSlots::for_cores(settings::default_jobs()).most()),
        ffmpeg: settings.ffmpeg_use(),
        data_dir: settings.data_dir,
    };
    block_on(run_worker(options))?;
    Ok(Exit(SUCCESS))
}
