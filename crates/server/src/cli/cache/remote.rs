//! Making files ahead by the worker of a server that runs on the same data folder: the jobs are queued, the worker finds
//! them within seconds, and they are followed in the database.

use fanfare_model::words::count;
use std::{fmt::Write as _, time::Duration};

use fanfare_ingest::{CacheQueued, DataLock, Which, queue_cache};
use fanfare_model::{
    Error, ErrorKind, JobId, JobState, Profile, Result, Task, TaskFailure, TaskId, TaskKind, TaskState,
    task::MAX_TASK_FAILURES,
};
use fanfare_store::{Store, fresh_id};

use super::{
    opened::qualities,
    scope,
    show::{Ended, Show},
};
use crate::{
    cli::{command_line::WarmArgs, output},
    http::clock::now,
    settings::Settings,
};

/// How often the jobs are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Jobs end about in the order in which they were queued: only the first are looked at.
const LOOK_AT: usize = 64;
/// After so many looks at which nothing ended it is asked whether the server still runs.
const ASK_AFTER: u32 = 60;

/// A track that is being made ready.
struct Waiting {
    job: JobId,
    title: String,
}

/// Queues, and follows to the end.
pub(super) async fn run(settings: &Settings, store: &Store, args: &WarmArgs, which: Which) -> Result<Ended> {
    if !settings.cache.enabled {
        return Err(Error::new(ErrorKind::Conflict, "the cache is switched off")
            .remedy("set `audio_cache.enabled` to true"));
    }
    if args.workers.is_some() {
        output::note("the running server decides how many at a time: `audio_cache.max_workers`");
    }
    let profiles: Vec<Profile> = qualities(&args.quality, settings)?
        .into_iter()
        .filter_map(|quality| settings.cache.profile(quality))
        .collect();
    let scope = scope::of(store, &args.scope).await?.unwrap_or_else(scope::everything);
    let mut task = begun();
    store.catalog().put_task(&task).await?;
    let (mut waiting, mut small, show) = (Vec::new(), 0_u64, Show::new());
    let queued = async {
        let mut pages = scope.pages(store);
        while let Some(rows) = pages.next().await? {
            for row in rows {
                match queue_cache(store, task.id, &row, &profiles, which).await? {
                    CacheQueued::Job(job) => waiting.push(Waiting { job, title: row.track.title }),
                    CacheQueued::UpToDate => {}
                    CacheQueued::NotNeeded => small += 1,
                }
            }
        }
        Ok(())
    };
    let queued = queued.await;
    if small > 0 {
        show.line(&format!("left {small} as they are: their files are small already, would not become smaller, or cannot be read"));
    }
    task.total = waiting.len() as u64;
    let followed: Result<Option<u64>> = match queued {
        Ok(()) => follow(settings, store, &mut task, waiting, &show).await,
        Err(error) => Err(error),
    };
    show.bar.finish_and_clear();
    let withdrawn = match followed {
        // The next server goes on with it.
        Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
        Err(error) => {
            store.jobs().stop_task(task.id, now()).await?;
            end(store, &mut task, TaskState::Failed, error.to_string()).await?;
            return Err(error);
        }
        Ok(None) => {
            store.jobs().stop_task(task.id, now()).await?;
            end(store, &mut task, TaskState::Cancelled, "cancelled".to_owned()).await?;
            return Ok(Ended::Interrupted);
        }
        Ok(Some(withdrawn)) => withdrawn,
    };
    let ready = task.total - task.failure_count - withdrawn;
    let mut message = store.catalog().cache_run(task.id).await?.to_string();
    if withdrawn > 0 {
        let why = task.failures.iter().find(|failure| failure.kind == ErrorKind::LimitExceeded);
        let why = why.map_or("the run was cancelled", |failure| failure.message.as_str());
        let tracks = count(withdrawn, "track");
        let _ = write!(message, "; stopped with {tracks} left: {why}");
    }
    let state = match (ready, task.failure_count) {
        (_, 0) if withdrawn == 0 => TaskState::Succeeded,
        (0, _) => TaskState::Failed,
        _ => TaskState::PartialSuccess,
    };
    end(store, &mut task, state, message.clone()).await?;
    let failed =
        task.failures.iter().map(|failure| format!("failed {}: {}", failure.subject, failure.message));
    Ok(Ended::Done { message, failed: failed.collect(), failures: task.failure_count })
}

/// Looks at the jobs until all ended; returns how many were withdrawn before they began, `None` when it was interrupted.
async fn follow(
    settings: &Settings,
    store: &Store,
    task: &mut Task,
    mut waiting: Vec<Waiting>,
    show: &Show,
) -> Result<Option<u64>> {
    let mut withdrawn = 0;
    show.bar.set_length(task.total);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    let mut idle = 0;
    while !waiting.is_empty() {
        let mut ended = Vec::new();
        for one in waiting.iter().take(LOOK_AT) {
            let job = store.jobs().job(one.job).await?;
            let failure = match job.as_ref().map(|job| job.state) {
                Some(JobState::Waiting | JobState::Running) => continue,
                // A job that is swept away was done.
                Some(JobState::Done) | None => None,
                Some(JobState::Parked) => {
                    let error = job.and_then(|job| job.last_error);
                    let kind = error.as_ref().map_or(ErrorKind::Internal, |error| error.kind);
                    Some((
                        kind,
                        error.map_or_else(|| "no reason is known".to_owned(), |error| error.sentence()),
                    ))
                }
                // The run stopped before it: at the cap, or because a user cancelled it.
                Some(JobState::Cancelled) => {
                    withdrawn += 1;
                    ended.push(one.job);
                    continue;
                }
            };
            match failure {
                None => show.line(&format!("ready {}", one.title)),
                Some((kind, message)) => fail(task, &one.title, kind, message),
            }
            show.bar.set_message(output::printable(&one.title));
            ended.push(one.job);
        }
        waiting.retain(|one| !ended.contains(&one.job));
        task.current = task.total - waiting.len() as u64;
        show.bar.set_position(task.current);
        idle = if ended.is_empty() { idle + 1 } else { 0 };
        if !ended.is_empty() {
            store.catalog().put_task(task).await?;
            continue;
        }
        if idle >= ASK_AFTER {
            idle = 0;
            if DataLock::acquire(&settings.data_dir).is_ok() {
                return Err(Error::new(ErrorKind::Unavailable, "the server ended before all was done")
                    .remedy("start it again: it goes on with the rest; or run this once more"));
            }
        }
        tokio::select! {
            _ = &mut interrupt => return Ok(None),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    Ok(Some(withdrawn))
}

fn begun() -> Task {
    let created = now();
    Task {
        id: TaskId::from_bytes(fresh_id(created)),
        kind: TaskKind::Cache,
        state: TaskState::Running,
        step: "caching tracks".to_owned(),
        current: 0,
        total: 0,
        current_item: None,
        message: String::new(),
        failure_count: 0,
        failures: Vec::new(),
        log: Vec::new(),
        created,
        started: Some(created),
        ended: None,
    }
}

fn fail(task: &mut Task, title: &str, kind: ErrorKind, message: String) {
    task.failure_count += 1;
    if task.failures.len() < MAX_TASK_FAILURES {
        let subject = title.to_owned();
        task.failures.push(TaskFailure { track: None, subject, kind, message, next_retry: None });
    }
}

async fn end(store: &Store, task: &mut Task, state: TaskState, message: String) -> Result<()> {
    (task.state, task.message, task.ended) = (state, message, Some(now()));
    store.catalog().put_task(task).await
}
