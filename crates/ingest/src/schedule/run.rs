//! One nightly run, from its first query to its verdict.
//!
//! A run takes up what lacks results when it begins, and what scans find that are under way then or begin meanwhile: it is
//! not over before they are, so that one that begins with the server does not end before the library is read. It ends
//! with its budget, when it is cancelled, and when nothing is left but tracks whose storage is away.

use std::time::Duration;

use fanfare_channel::protocol::WorkerEvent;
use fanfare_model::{Result, TaskId, TaskState, Timestamp, task::MAX_TASK_FAILURES};
use fanfare_store::JobCounts;
use tokio::sync::broadcast;

use super::{
    nightly::{LOOK_EVERY, Nightly, Run},
    plan,
};
use crate::{showing, text};

/// How often the jobs of a run are counted.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// Pauses before a run tries again to queue its tracks, where the store was busy (a backup, say), in seconds.
const BUSY_PAUSES_S: [u64; 5] = [5, 15, 30, 60, 120];

/// Why a run begins no more tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    Budget,
    Cancelled,
    /// All that is left are so many tracks whose storage is away.
    Away(u64),
}

impl Nightly {
    /// Sees a run through. `start` is when it began; it comes forward where the clock is set back meanwhile, so that a run
    /// never lasts longer than its budget from then on.
    pub(super) async fn see_through(&self, run: &Run, mut start: Timestamp) {
        let mut events = self.inner.events.subscribe();
        self.inner.work_policy.nightly(true);
        let mut failed_too = run.failed_too;
        let mut first = true;
        let mut taken = 0;
        let (counts, closing) = loop {
            // Before the query: what a scan stores between the two is found by the next one.
            let seen = self.inner.scans.seen();
            match self.queue(run, failed_too).await {
                Ok(queued) => {
                    taken += queued;
                    self.say_begun(run, queued, first, start).await;
                }
                Err(error) if first => {
                    tracing::warn!(%error, "a nightly run could not begin");
                    return run.task.end(TaskState::Failed, text::sentence(&error)).await;
                }
                Err(error) => tracing::warn!(%error, "a nightly run could not take up what scans found"),
            }
            (first, failed_too) = (false, false);
            let (counts, closing) = self.attend(run, &mut start, &mut events).await;
            let by_itself = matches!(closing, None | Some(Closing::Away(_)));
            let now = self.inner.scans.seen();
            // A scan that is still under way looks as it did before, and may find tracks yet.
            if by_itself && (now.busy || now != seen) {
                match self.scans_end(run, &mut start).await {
                    None => continue,
                    closing => break (counts, closing),
                }
            }
            break (counts, closing);
        };
        let closing = self.with_held(counts, closing, taken).await;
        self.end(run, start, counts, closing).await;
    }

    /// Why the run ends, with the tracks that it took up and a scan hid meanwhile: their jobs are held for the time when
    /// the files are back, and belong to the run no more.
    async fn with_held(&self, counts: JobCounts, closing: Option<Closing>, taken: u64) -> Option<Closing> {
        let known = counts.done + counts.parked + counts.cancelled + counts.waiting + counts.running;
        let gone = taken.saturating_sub(known);
        if gone == 0 {
            return closing;
        }
        match self.inner.store.catalog().held_analyses().await {
            Ok(held) => away_too(closing, gone.min(held)),
            Err(error) => {
                tracing::warn!(%error, "could not count what a scan took out of a nightly run");
                closing
            }
        }
    }

    async fn say_begun(&self, run: &Run, queued: u64, first: bool, start: Timestamp) {
        let budget = hours(start, self.deadline(start));
        match first {
            true => tracing::info!(tracks = queued, budget, "a nightly run begins"),
            false => tracing::info!(tracks = queued, "a nightly run takes up what scans found"),
        }
        if first || queued > 0 {
            run.task.step("analyzing tracks", queued).await;
            self.inner.supervisor.wake();
        }
    }

    /// Waits until no scan is under way; gives why no more tracks are begun, if that came first.
    async fn scans_end(&self, run: &Run, start: &mut Timestamp) -> Option<Closing> {
        if self.inner.scans.seen().busy {
            run.task.step("waiting for scans", 0).await;
        }
        loop {
            let now = self.inner.clock.now();
            *start = (*start).min(now);
            let deadline = self.deadline(*start);
            if now >= deadline {
                return Some(Closing::Budget);
            }
            let look = now.plus_ms(LOOK_EVERY.as_millis() as i64).min(deadline);
            tokio::select! {
                () = self.inner.scans.all_ended() => return None,
                () = run.cancel.cancelled() => return Some(Closing::Cancelled),
                () = self.inner.clock.sleep_until(look) => {}
            }
        }
    }

    async fn end(&self, run: &Run, start: Timestamp, mut counts: JobCounts, closing: Option<Closing>) {
        if let Some(closing) = closing {
            self.withdraw(run.task.id(), closing).await;
            match self.inner.store.jobs().task_counts(run.task.id()).await {
                Ok(counted) => counts = counted,
                Err(error) => tracing::warn!(%error, "could not count what a nightly run did"),
            }
        }
        // Hours may have been changed meanwhile.
        let budget = hours(start, self.deadline(start));
        let away = if let Some(Closing::Away(tracks)) = closing { tracks } else { 0 };
        let (processed, deferred) = (counts.done + counts.parked, counts.cancelled);
        tracing::info!(processed, failed = counts.parked, deferred, budget, "a nightly run is over");
        if (run.task.snapshot().failures.len() as u64) < counts.parked {
            showing::name_unsaid(&self.inner.store, &run.task).await;
        }
        run.task.change(|task| task.failure_count = counts.parked + away).await;
        let (state, message) = verdict(counts, closing, &budget);
        run.task.end(state, message).await;
    }

    /// When a run that started then begins no more tracks, as things are set now.
    pub(super) fn deadline(&self, start: Timestamp) -> Timestamp {
        plan::deadline(start, &self.inner.clock.zone, &self.inner.work_policy.options())
    }

    /// Queues what the run is to analyze; a store that is busy at that moment does not cost the night.
    async fn queue(&self, run: &Run, failed_too: bool) -> Result<u64> {
        for pause in BUSY_PAUSES_S {
            match self.try_to_queue(run, failed_too).await {
                Err(error) if error.kind().is_transient() && !run.cancel.is_cancelled() => {
                    tracing::warn!(%error, pause, "a nightly run cannot begin yet, trying again");
                    let pause = (self.inner.clock.sleep)(Duration::from_secs(pause));
                    tokio::select! { () = pause => {}, () = run.cancel.cancelled() => {} }
                }
                queued => return queued,
            }
        }
        self.try_to_queue(run, failed_too).await
    }

    async fn try_to_queue(&self, run: &Run, failed_too: bool) -> Result<u64> {
        // First the task, then the jobs that name it.
        run.task.show().await?;
        let (versions, now) = (fanfare_analysis::versions(), self.inner.clock.now());
        self.inner.store.catalog().queue_candidates(&versions, failed_too, run.task.id(), now).await
    }

    /// Follows the run until none of its jobs waits or runs, or those that wait do so for storage that is away.
    async fn attend(
        &self,
        run: &Run,
        start: &mut Timestamp,
        events: &mut broadcast::Receiver<WorkerEvent>,
    ) -> (JobCounts, Option<Closing>) {
        let task = &run.task;
        let mut closing = None;
        let mut count = tokio::time::interval(COUNT_EVERY);
        loop {
            // Read again every time: changed hours apply to the running run as well, and so does a clock that was set back.
            *start = (*start).min(self.inner.clock.now());
            let deadline = self.deadline(*start);
            tokio::select! {
                event = events.recv() => {
                    let of_it = event.ok().filter(|event| event.task() == Some(task.id()));
                    let Some(event) = of_it else { continue };
                    showing::show_event(task, &event).await;
                    // The last one ends the run without waiting for the next count.
                    let ended = matches!(event, WorkerEvent::Finished { .. } | WorkerEvent::Failed { .. });
                    if !ended || task.snapshot().current < task.snapshot().total {
                        continue;
                    }
                }
                () = self.inner.clock.sleep_until(deadline), if closing.is_none() => {
                    closing = Some(Closing::Budget);
                }
                () = run.cancel.cancelled(), if closing.is_none() => closing = Some(Closing::Cancelled),
                _ = count.tick() => {}
            }
            if let Some(closing) = closing {
                // Again and again: an attempt that fails now would wait for the next one.
                self.withdraw(task.id(), closing).await;
            }
            let counts = match self.inner.store.jobs().task_counts(task.id()).await {
                Ok(counts) => counts,
                Err(error) => {
                    tracing::warn!(%error, "could not count what is left of a nightly run");
                    continue;
                }
            };
            let over = counts.done + counts.parked + counts.cancelled;
            task.progress(|task| {
                task.current = over;
                task.total = over + counts.waiting + counts.running;
            })
            .await;
            if counts.waiting + counts.running == 0 {
                return (counts, closing);
            }
            if counts.running == 0 && closing.is_none() && self.only_away_is_left(run).await {
                return (counts, Some(Closing::Away(counts.waiting)));
            }
        }
    }

    /// Whether all that waits does so for storage that is away; then the list of failures names those tracks.
    async fn only_away_is_left(&self, run: &Run) -> bool {
        let (catalog, id) = (self.inner.store.catalog(), run.task.id());
        match catalog.only_storage_is_waited_for(id, MAX_TASK_FAILURES as u32).await {
            Ok(Some(away)) => {
                showing::name_failed(&self.inner.store, &run.task, away).await;
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(%error, "could not look what a nightly run waits for");
                false
            }
        }
    }

    async fn withdraw(&self, task: TaskId, closing: Closing) {
        let (jobs, now) = (self.inner.store.jobs(), self.inner.clock.now());
        let withdrawn = match closing {
            Closing::Budget | Closing::Away(_) => jobs.cancel_task(task, now).await,
            Closing::Cancelled => jobs.stop_task(task, now).await,
        };
        if let Err(error) = withdrawn {
            tracing::warn!(%error, "could not withdraw what is left of a nightly run, trying again");
        }
    }
}

/// How long a run may last, in words.
fn hours(start: Timestamp, deadline: Timestamp) -> String {
    format!("{:.1} h", (deadline.0 - start.0) as f64 / 3_600_000.0)
}

/// Why a run ends when so many more of its tracks are away.
const fn away_too(closing: Option<Closing>, tracks: u64) -> Option<Closing> {
    match closing {
        None if tracks > 0 => Some(Closing::Away(tracks)),
        Some(Closing::Away(known)) => Some(Closing::Away(known + tracks)),
        closing => closing,
    }
}

/// How a run ended, in a word and in words.
fn verdict(counts: JobCounts, closing: Option<Closing>, budget: &str) -> (TaskState, String) {
    let away = matches!(closing, Some(Closing::Away(_)));
    let mut message = match (counts.done, counts.parked) {
        (0, 0) if counts.cancelled == 0 && !away => "every track has all its results".to_owned(),
        (analyzed, 0) => format!("{} analyzed", text::count(analyzed, "track")),
        (analyzed, failed) => format!("{} analyzed, {failed} failed", text::count(analyzed, "track")),
    };
    let left = text::count(counts.cancelled, "track");
    match closing {
        Some(Closing::Budget) if counts.cancelled > 0 => {
            message = format!("{message}, {left} deferred to the next run (its {budget} are over)");
        }
        Some(Closing::Cancelled) => message = format!("cancelled: {message}, {left} left"),
        Some(Closing::Away(tracks)) => {
            let left = text::count(tracks, "track");
            message = format!("{message}, {left} left to the next run: their storage is away");
        }
        _ => {}
    }
    let state = match (closing, counts.parked) {
        (Some(Closing::Cancelled), _) => TaskState::Cancelled,
        (Some(Closing::Away(_)), _) => TaskState::PartialSuccess,
        (_, 0) => TaskState::Succeeded,
        _ => TaskState::PartialSuccess,
    };
    (state, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_that_a_scan_hid_are_left_to_the_next_run() {
        for (closing, hidden, expected) in [
            (None, 0, None),
            (None, 3, Some(Closing::Away(3))),
            (Some(Closing::Away(2)), 3, Some(Closing::Away(5))),
            (Some(Closing::Budget), 3, Some(Closing::Budget)),
            (Some(Closing::Cancelled), 3, Some(Closing::Cancelled)),
        ] {
            assert_eq!(away_too(closing, hidden), expected);
        }
    }

    #[test]
    fn a_run_says_what_it_did_and_what_it_left() {
        let counts = |done, parked, cancelled| JobCounts { done, parked, cancelled, ..JobCounts::default() };
        for (counts, closing, state, message) in [
            (counts(0, 0, 0), None, TaskState::Succeeded, "every track has all its results"),
            (counts(7, 0, 0), None, TaskState::Succeeded, "7 tracks analyzed"),
            (counts(7, 1, 0), None, TaskState::PartialSuccess, "7 tracks analyzed, 1 failed"),
            (counts(0, 2, 0), None, TaskState::PartialSuccess, "0 tracks analyzed, 2 failed"),
            (counts(7, 0, 0), Some(Closing::Budget), TaskState::Succeeded, "7 tracks analyzed"),
            (
                counts(1, 0, 3),
                Some(Closing::Budget),
                TaskState::Succeeded,
                "1 track analyzed, 3 tracks deferred to the next run (its 4.0 h are over)",
            ),
            (
                counts(1, 1, 1),
                Some(Closing::Cancelled),
                TaskState::Cancelled,
                "cancelled: 1 track analyzed, 1 failed, 1 track left",
            ),
            (
                counts(0, 0, 0),
                Some(Closing::Away(2)),
                TaskState::PartialSuccess,
                "0 tracks analyzed, 2 tracks left to the next run: their storage is away",
            ),
            (
                counts(3, 1, 0),
                Some(Closing::Away(1)),
                TaskState::PartialSuccess,
                "3 tracks analyzed, 1 failed, 1 track left to the next run: their storage is away",
            ),
        ] {
            assert_eq!(verdict(counts, closing, "4.0 h"), (state, message.to_owned()));
        }
    }
}
