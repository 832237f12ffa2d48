//! [`IdentifyPass`]: asks AcoustID about all tracks that nobody could be asked about when they were analyzed: there was no key
//! yet, or nobody answered.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fanfare_model::{
    Error, ErrorKind, Features, Result, TaskFailure, TaskId, TaskKind, TaskState, Timestamp, TrackId,
};
use fanfare_store::{Failure, Store};
use tokio::time::MissedTickBehavior;

use super::turn::{OnePass, Turn};
use crate::{
    AcoustIdOptions, Identify, TaskHub, identify::Asked, live_task::LiveTask, text, work_policy::WorkPolicy,
};

/// The time from one question to the next. The worker's own are half a second apart: together that is the three a second
/// that AcoustID allows.
const STEP: Duration = Duration::from_secs(1);
/// Tracks looked up in the catalog at a time.
const PAGE: u32 = 200;

/// The passes that ask. Cheap to clone.
#[derive(Clone)]
pub(crate) struct IdentifyPass {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    once: OnePass,
    /// How it is asked, if it is; not known before the settings were told.
    options: Mutex<Option<Option<AcoustIdOptions>>>,
}

#[derive(Default)]
struct Done {
    asked: u64,
    known: u64,
    failed: u64,
    /// Why nobody is asked any more for now.
    rests: Option<String>,
}

impl IdentifyPass {
    pub(super) fn new(hub: &TaskHub, work_policy: &WorkPolicy) -> Self {
        let once = OnePass::new(TaskKind::Identify, hub, work_policy);
        let inner = Inner { store: hub.store().clone(), once, options: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Tells how AcoustID is asked, if it is. With a new key or another address a pass begins; without a key one under
    /// way ends. (What is told first is how things are, no change.)
    pub(crate) fn set(&self, options: Option<AcoustIdOptions>) {
        let before = {
            let mut known = self.inner.options.lock().unwrap_or_else(PoisonError::into_inner);
            known.replace(options.clone())
        };
        match (before, options) {
            (_, None) => self.inner.once.cancel_whatever_runs(),
            (Some(before), Some(now)) if before.as_ref() != Some(&now) => drop(self.begin(now, None)),
            _ => {}
        }
    }

    pub(super) fn after_the_night(&self, until: Timestamp) {
        if let Some(options) = self.options() {
            self.begin(options, Some(until));
        }
    }

    /// Begins a pass, unless one is under way; gives its task.
    ///
    /// # Errors
    /// `Conflict` without a key; errors of the store.
    pub(crate) async fn ask(&self) -> Result<TaskId> {
        let options = self.options().ok_or_else(|| {
            Error::new(ErrorKind::Conflict, "there is no key for AcoustID any more")
                .remedy("set `acoustid.key`")
        })?;
        let task = self.begin(options, None);
        task.show().await?;
        Ok(task.id())
    }

    pub(super) fn cancel(&self, id: TaskId) -> bool {
        self.inner.once.cancel(id)
    }

    pub(super) async fn stop(&self) {
        self.inner.once.stop().await;
    }

    #[cfg(test)]
    pub(crate) fn is_under_way(&self) -> bool {
        self.inner.once.is_under_way()
    }

    fn options(&self) -> Option<AcoustIdOptions> {
        self.inner.options.lock().unwrap_or_else(PoisonError::into_inner).clone().flatten()
    }

    fn begin(&self, options: AcoustIdOptions, until: Option<Timestamp>) -> LiveTask {
        let pass = self.clone();
        self.inner.once.begin(until, move |turn| async move { pass.see_through(&turn, options).await })
    }

    async fn see_through(self, turn: &Turn, options: AcoustIdOptions) {
        if turn.asked
            && let Err(error) = turn.task.show().await
        {
            tracing::warn!(%error, "could not store the task of asking AcoustID");
        }
        let mut done = Done::default();
        let ended = self.pass(turn, options, &mut done).await;
        let (state, message) = match ended {
            Err(error) => (TaskState::Failed, text::sentence(&error)),
            Ok(()) => verdict(&done, turn.cancel.is_cancelled(), turn.time_is_up()),
        };
        turn.task.end(state, message).await;
    }

    async fn pass(&self, turn: &Turn, options: AcoustIdOptions, done: &mut Done) -> Result<()> {
        let (store, task) = (&self.inner.store, &turn.task);
        // Its own: that the worker reached nobody some minutes ago is no reason not to try.
        let asks = Identify::default();
        let mut pace = tokio::time::interval(STEP);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        task.step("asking AcoustID", store.catalog().count_unidentified().await?).await;
        let mut last = None;
        loop {
            let page = store.catalog().unidentified(last, PAGE).await?;
            last = page.last().copied();
            if page.is_empty() {
                return Ok(());
            }
            for id in page {
                if !turn.goes_on().await {
                    return Ok(());
                }
                let asked = tokio::select! {
                    // Its answer is nobody's then; it is asked again with the next pass.
                    () = turn.cancel.cancelled() => return Ok(()),
                    asked = self.one(id, &asks, &options, &mut pace, turn) => asked?,
                };
                match asked {
                    One::Nothing => {}
                    One::Answered { known } => {
                        done.asked += 1;
                        done.known += u64::from(known);
                    }
                    One::Rests(reason) => {
                        done.rests = Some(reason);
                        return Ok(());
                    }
                    One::Failed(failure) => {
                        done.failed += 1;
                        task.note_failed(failure);
                    }
                }
                task.progress(|task| task.current = (task.current + 1).min(task.total)).await;
            }
        }
    }

    async fn one(
        &self,
        id: TrackId,
        asks: &Identify,
        options: &AcoustIdOptions,
        pace: &mut tokio::time::Interval,
        turn: &Turn,
    ) -> Result<One> {
        let catalog = self.inner.store.catalog();
        let Some(row) = catalog.track(id).await? else { return Ok(One::Nothing) };
        let features = Features::from_results(catalog.analysis(id).await?.0);
        let shown = row.track.relative_path.clone();
        turn.task.progress(|task| task.current_item = Some(shown.clone())).await;
        pace.tick().await;
        let asked = asks.ask(options.clone(), &row.track, &features, &self.inner.store).await;
        // Nobody sees a night on which nobody answered.
        if !matches!(asked, Ok(Asked::Nothing | Asked::Rests(_))) {
            turn.task.show().await?;
        }
        Ok(match asked {
            Ok(Asked::Nothing) => One::Nothing,
            Ok(Asked::Stored { known }) => One::Answered { known },
            Ok(Asked::Rests(reason)) => One::Rests(reason),
            // What is wrong with the key, or with the service, is so for every track.
            Err(error) if Identify::rests_for(error.kind()) => return Err(error),
            Err(error) => {
                Failure::new("asking AcoustID", Some(id), shown.clone(), &error).tell();
                let (kind, message) = (error.kind(), text::sentence(&error));
                One::Failed(TaskFailure { track: Some(id), subject: shown, kind, message, next_retry: None })
            }
        })
    }
}

/// What came of one track.
enum One {
    Nothing,
    Answered { known: bool },
    Rests(String),
    Failed(TaskFailure),
}

/// How a pass ended, and how that is said.
fn verdict(done: &Done, cancelled: bool, late: bool) -> (TaskState, String) {
    let asked = format!("{} looked up, {} of them known", text::count(done.asked, "track"), done.known);
    let said = match done.failed {
        0 if done.asked == 0 => "every track was looked up".to_owned(),
        0 => asked.clone(),
        failed => format!("{asked}; {failed} got no answer that makes sense"),
    };
    let next = "the others follow after the next nightly run";
    if cancelled {
        (TaskState::Cancelled, format!("cancelled: {asked}"))
    } else if let Some(reason) = &done.rests {
        (TaskState::PartialSuccess, format!("{asked}; {reason}; {next}"))
    } else if late {
        (TaskState::Succeeded, format!("{asked}; {next}"))
    } else if done.failed > 0 {
        (TaskState::PartialSuccess, said)
    } else {
        (TaskState::Succeeded, said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_says_what_it_did_and_what_it_left() {
        let done = |asked, known, failed| Done { asked, known, failed, rests: None };
        let offline = Done { rests: Some("AcoustID was not reached".to_owned()), ..done(2, 1, 0) };
        for (done, cancelled, late, state, message) in [
            (done(0, 0, 0), false, false, TaskState::Succeeded, "every track was looked up"),
            (done(1, 1, 0), false, false, TaskState::Succeeded, "1 track looked up, 1 of them known"),
            (
                done(3, 1, 1),
                false,
                false,
                TaskState::PartialSuccess,
                "3 tracks looked up, 1 of them known; 1 got no answer that makes sense",
            ),
            (
                offline,
                false,
                false,
                TaskState::PartialSuccess,
                "2 tracks looked up, 1 of them known; AcoustID was not reached; the others follow after the next nightly run",
            ),
            (
                done(9, 9, 0),
                false,
                true,
                TaskState::Succeeded,
                "9 tracks looked up, 9 of them known; the others follow after the next nightly run",
            ),
            (
                done(9, 9, 0),
                true,
                false,
                TaskState::Cancelled,
                "cancelled: 9 tracks looked up, 9 of them known",
            ),
        ] {
            assert_eq!(verdict(&done, cancelled, late), (state, message.to_owned()));
        }
    }
}
