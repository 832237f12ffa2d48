//! `fanfare jobs ...`: parked jobs, straight in the data folder, with or without a running server.
//!
//! What is retried here is only queued: the worker of the running server finds it within seconds, or that of the next one.

use fanfare_ingest::{DataLock, retry_parked_jobs};
use fanfare_model::{ErrorKind, JobId, Result, words};
use fanfare_store::{MAX_PARKED, ParkedFilter, ParkedJob, Store};

use super::{
    cache::in_store,
    command_line::{JobsArgs, JobsCommand, ParkedArgs, PlaceArgs},
    exit::{Exit, SUCCESS},
    output::{self, Done, printable},
};
use crate::{
    http::{
        clock::{now, rfc3339},
        dto::job::ParkedJobDto,
    },
    settings::Settings,
};

/// Runs the command.
pub fn run(args: &JobsArgs) -> Done {
    match &args.command {
        JobsCommand::Parked { which, json, place } => parked(which, *json, place),
        JobsCommand::Retry { ids, which, place, .. } => retry(ids, which, place),
        JobsCommand::Discard { ids, place } => discard(ids, place),
    }
}

fn filter(which: &ParkedArgs) -> Result<ParkedFilter> {
    ParkedFilter::of(which.queue.as_deref(), which.kind.as_deref())
}

/// `1 job`, `2 jobs`.
fn jobs(count: u64) -> String {
    words::count(count, "job")
}

fn parked(which: &ParkedArgs, json: bool, place: &PlaceArgs) -> Done {
    let filter = filter(which)?;
    let listed = in_store(place, async |_, store| all(store, &filter).await)?;
    for one in &listed {
        if json {
            output::json_line(&ParkedJobDto::from(one.clone()))?;
        } else {
            output::write(told(one).as_bytes())?;
        }
    }
    if !json {
        match listed.len() {
            0 => output::line("no job is parked")?,
            some => output::note(format_args!(
                "{} parked; `fanfare jobs retry ID` or `--all` tries again, `fanfare jobs discard ID` takes one off the list",
                jobs(some as u64)
            )),
        }
    }
    Ok(Exit(SUCCESS))
}

/// All of them, read page by page.
async fn all(store: &Store, filter: &ParkedFilter) -> Result<Vec<ParkedJob>> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.catalog().parked(filter, after, MAX_PARKED).await?;
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(listed);
        }
    }
}

/// A job in three lines. Names come from files: control characters are replaced.
fn told(parked: &ParkedJob) -> String {
    let job = &parked.job;
    let name = match &parked.track {
        Some(track) => track.relative_path.clone(),
        None => format!("track {}", job.kind.track()),
    };
    let tried = if job.attempt.0 == 1 { "once".to_owned() } else { format!("{} times", job.attempt.0) };
    let since = rfc3339(parked.parked);
    let (kind, message, remedy) = match &job.last_error {
        Some(error) => (error.kind, error.message.clone(), error.remedy().to_owned()),
        None => (
            ErrorKind::Internal,
            "no reason was stored".to_owned(),
            ErrorKind::Internal.usual_remedy().to_owned(),
        ),
    };
    format!(
        "{}  {}  tried {tried}, parked since {since}\n  {}: {} [{kind}]\n  -> {}\n",
        job.id,
        job.kind.queue(),
        printable(&name),
        printable(&message),
        printable(&remedy)
    )
}

fn retry(ids: &[JobId], which: &ParkedArgs, place: &PlaceArgs) -> Done {
    let filter = filter(which)?;
    let (retried, served) = in_store(place, async |settings, store| {
        let served = is_served(settings);
        if ids.is_empty() {
            return Ok((retry_parked_jobs(store, &filter, now()).await?, served));
        }
        for id in ids {
            store.catalog().retry_parked(*id, None, None, now()).await.map_err(|error| error.context(id))?;
        }
        Ok((ids.len() as u64, served))
    })?;
    let by = if served { "the running server does them" } else { "the next `fanfare serve` does them" };
    match retried {
        0 => output::line("no job is parked")?,
        some => output::line(format_args!("{} queued again; {by}", jobs(some)))?,
    }
    Ok(Exit(SUCCESS))
}

fn discard(ids: &[JobId], place: &PlaceArgs) -> Done {
    in_store(place, async |_, store| {
        for id in ids {
            store.jobs().discard(*id, now()).await.map_err(|error| error.context(id))?;
        }
        Ok(())
    })?;
    output::line(format_args!("{} off the list; the tracks stay as they are", jobs(ids.len() as u64)))?;
    Ok(Exit(SUCCESS))
}

/// Whether a server runs on the data folder: it holds the lock.
fn is_served(settings: &Settings) -> bool {
    DataLock::acquire(&settings.data_dir).is_err_and(|error| error.kind() == ErrorKind::Busy)
}

#[cfg(test)]
mod tests {
    use fanfare_model::{Attempt, Job, JobKind, JobState, Timestamp, TrackId, Wanted, job::JobError};
    use fanfare_store::ParkedTrack;

    use super::*;

    #[test]
    fn a_parked_job_is_told_in_three_lines_that_steer_no_terminal() {
        let track = TrackId::from_bytes([1; 16]);
        let parked = ParkedJob {
            job: Job {
                id: JobId::from_bytes([2; 16]),
                kind: JobKind::make(track, Wanted::Features),
                state: JobState::Parked,
                task: None,
                attempt: Attempt(3),
                max_attempts: 3,
                run_at: Timestamp(0),
                owner: None,
                lease_until: None,
                last_error: Some(JobError {
                    kind: ErrorKind::Malformed,
                    message: "frame\n3 is broken".to_owned(),
                    offset_bytes: None,
                    remedy: None,
                }),
                without: Vec::new(),
            },
            parked: Timestamp(0),
            track: Some(ParkedTrack {
                id: track,
                title: "a".to_owned(),
                relative_path: "A/\u{1b}[2Jone.wav".to_owned(),
            }),
            attempts: Vec::new(),
        };
        let expected = "02020202020202020202020202020202  analyze-track  tried 3 times, parked since \
            1970-01-01T00:00:00.000Z\n  A/\u{fffd}[2Jone.wav: frame\u{fffd}3 is broken [malformed]\n  \
            -> put a sound copy of the file in its place\n";
        assert_eq!(told(&parked), expected);
    }
}
