//! `fanfare worker`: the child process in which tracks are heard.

use fanfare_ingest::{WorkerProcessOptions, run_worker};

use super::{
    exit::{Exit, SUCCESS},
    line::WorkerArgs,
    logging,
    output::Done,
    serve::runtime,
};
use crate::settings;

/// Runs the command.
pub fn run(args: &WorkerArgs) -> Done {
    let settings = settings::load(&args.request())?;
    logging::start(&settings.log);
    let options = WorkerProcessOptions {
        jobs: settings.jobs,
        ffmpeg: settings.ffmpeg_use(),
        data_dir: settings.data_dir,
    };
    runtime()?.block_on(run_worker(options))?;
    Ok(Exit(SUCCESS))
}
