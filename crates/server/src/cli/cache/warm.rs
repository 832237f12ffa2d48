//! `fanfare cache warm` and `fanfare cache refresh`.
//!
//! Without a server, ingest is started here: the library is scanned, then its worker makes the files. With one, its worker
//! does ([`super::remote`]).

use std::time::Duration;

use fanfare_ingest::{DataLock, Ingest, IngestOptions, WarmOptions, Which};
use fanfare_model::{
    Error, ErrorKind, Result, Task, TaskId, TaskState,
    words::{bytes, count},
};
use fanfare_store::Store;

use super::{
    opened::{open, qualities},
    remote, scope,
    show::{Ended, Show},
};
use crate::{
    cli::{
        command_line::WarmArgs,
        exit::{Exit, INTERRUPTED, SOME_FAILED, SUCCESS},
        logging,
        output::{self, Done, printable},
        serve,
    },
    http::applied,
    settings::{Layers, Settings},
};

/// How often progress is looked at where no event says so.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs the command.
pub(super) fn run(args: &WarmArgs, which: Which) -> Done {
    let layers = Layers::read(&args.place.request())?;
    let settings = layers.settle(&Default::default());
    serve::has_library(&settings)?;
    let data_dir = settings.data_dir;
    if which != Which::Outdated
        && !args.scope.all
        && args.scope.release.is_none()
        && args.scope.search.is_none()
    {
        let nothing = || {
            Error::new(ErrorKind::Invalid, "which tracks are to be made ready is not said")
                .remedy("name files or folders, or say --search TEXT, --release ID or --all")
        };
        args.scope.paths.first().ok_or_else(nothing)?;
    }
    let (ended, cached) = serve::block_on(async {
        // First: opening the store tidies up, which would disturb a server that runs.
        let lock = match DataLock::acquire(&data_dir) {
            Ok(lock) => Some(lock),
            Err(error) if error.kind() == ErrorKind::Busy => None,
            Err(error) => return Err(error),
        };
        let (mut settings, store) = open(&layers, lock.is_some()).await?;
        if settings.log.level == "info" {
            // What is done is told by lines of their own.
            settings.log.level = "warn".to_owned();
        }
        logging::start(&settings.log);
        let ended = match lock {
            Some(lock) => own(lock, &settings, &store, args, which).await,
            None => remote::run(&settings, &store, args, which).await,
        };
        let cached = store.catalog().cached_counts().await;
        store.close().await;
        Ok((ended?, cached?))
    })?;
    let Ended::Done { message, failed, failures } = ended else { return Ok(Exit(INTERRUPTED)) };
    for line in failed {
        output::note(line);
    }
    let files: u64 = cached.iter().map(|count| count.files).sum();
    let size: u64 = cached.iter().map(|count| count.bytes).sum();
    let held = count(files, "file");
    output::line(format_args!("{message}; the cache has {held}, {}", bytes(size)))?;
    Ok(Exit(if failures > 0 { SOME_FAILED } else { SUCCESS }))
}

/// With ingest of this command's own.
async fn own(
    lock: DataLock,
    settings: &Settings,
    store: &Store,
    args: &WarmArgs,
    which: Which,
) -> Result<Ended> {
    let options = IngestOptions { watch: false, poll_interval: None, ..applied::options(settings)? };
    let ingest = Ingest::start(lock, store.clone(), options).await?;
    let ended = scan_and_warm(&ingest, settings, store, args, which).await;
    ingest.shutdown().await;
    ended
}

async fn scan_and_warm(
    ingest: &Ingest,
    settings: &Settings,
    store: &Store,
    args: &WarmArgs,
    which: Which,
) -> Result<Ended> {
    let show = Show::new();
    if !store.catalog().folders().await?.is_empty() {
        let scan = ingest.scan_now().await?;
        if follow(ingest, scan, &show).await?.is_none() {
            return Ok(Ended::Interrupted);
        }
    }
    let options = WarmOptions {
        qualities: qualities(&args.quality, settings)?,
        which,
        workers: args.workers.map(usize::from),
    };
    let scope = scope::of(store, &args.scope).await?.unwrap_or_else(scope::everything);
    let task = ingest.warm(scope, options).await?;
    let Some(latest) = follow(ingest, task, &show).await? else {
        ingest.cancel(task).await?;
        return Ok(Ended::Interrupted);
    };
    show.bar.finish_and_clear();
    let task = store.catalog().task(task).await?.unwrap_or(latest);
    let shown = |failure: &fanfare_model::TaskFailure| {
        printable(&format!("failed {}: {}", failure.subject, failure.message))
    };
    let failures = match task.state {
        TaskState::Failed => task.failure_count.max(1),
        _ => task.failure_count,
    };
    Ok(Ended::Done { failed: task.failures.iter().map(shown).collect(), message: task.message, failures })
}

/// Waits for the end of a task and shows how far it is; gives it as it was last told, `None` when it was interrupted.
async fn follow(ingest: &Ingest, id: TaskId, show: &Show) -> Result<Option<Task>> {
    let (so_far, mut events) = ingest.hub().subscribe(None);
    let mut latest = so_far.into_iter().rev().map(|event| event.task).find(|task| task.id == id);
    let mut look = tokio::time::interval(LOOK_EVERY);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    let mut told = String::new();
    loop {
        if let Some(task) = &latest {
            show.task(task, &mut told);
            if task.state.is_over() {
                return Ok(latest);
            }
        }
        tokio::select! {
            _ = &mut interrupt => return Ok(None),
            // In the order of their numbers; a listener that fell behind only missed intermediate states.
            event = events.recv() => {
                latest = event.ok().map(|event| event.task).filter(|task| task.id == id).or(latest);
            }
            _ = look.tick() => {
                let active = ingest.hub().active().iter().any(|task| task.id == id);
                if !active && events.is_empty() {
                    latest = ended(ingest, id).or(latest);
                }
            }
        }
    }
}

/// The task as it ended, where its end is still remembered.
fn ended(ingest: &Ingest, id: TaskId) -> Option<Task> {
    let (recent, _) = ingest.hub().subscribe(None);
    recent.into_iter().rev().map(|event| event.task).find(|task| task.id == id)
}
