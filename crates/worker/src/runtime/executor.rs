//! The executor: claims jobs as far as there is room, follows the server's commands, and ends in order.

use std::{sync::Arc, time::Duration};

use fanfare_audio::ChildMark;
use fanfare_channel::protocol::{WorkerCommand, WorkerEvent, WorkerRole};
use fanfare_model::{Error, ErrorKind, Result};
use tokio::{sync::mpsc, time::Instant};

use super::{
    context::Context, job::AttemptEnd, registry::Registry, running_jobs::RunningJobs, signals::Signals,
};

/// How often the queue is looked at by itself: retries come due at their time.
const POLL: Duration = Duration::from_secs(3);
/// How often a sign of life is given.
const ALIVE: Duration = Duration::from_secs(5);
/// How long held jobs get to end by themselves before a worker with a thread that hangs releases them.
const LEAVE_GRACE: Duration = Duration::from_secs(10);
/// Later than anything here.
const FAR: Duration = Duration::from_secs(86_400 * 365);
/// How long held jobs get to end after a stop.
const STOP_GRACE: Duration = Duration::from_secs(8);

/// How often child processes are looked for after a stop.
const END_EVERY: Duration = Duration::from_millis(100);

/// Works until told to stop.
///
/// # Errors
/// `Timeout` when a job could not be cancelled.
pub(crate) async fn run(
    context: Arc<Context>,
    registry: Registry,
    role: WorkerRole,
    max_slots: usize,
    mut commands: mpsc::Receiver<WorkerCommand>,
) -> Result<()> {
    let mut running = RunningJobs::new(Arc::clone(&context), registry, role, max_slots);
    let mut alive = tokio::time::interval(ALIVE);
    let mut idle_said = false;
    let mut stuck = false;
    // Once a thread hangs nothing new is begun; held jobs get a while to end, then they are given back.
    let mut leaving: Option<Instant> = None;
    let far = Instant::now() + FAR;
    let mut signals = Signals::new()?;
    let mut look = true;
    while !stuck && (leaving.is_none() || running.at_work() > 0) {
        // No result could be stored: the jobs wait, and are looked for again later.
        if look && leaving.is_none() && context.store.look_at_disk().await.is_some() {
            look = false;
        }
        if look && leaving.is_none() {
            let before = running.at_work();
            look = running.fill().await;
            idle_said &= running.at_work() == 0 && before == 0;
            if running.at_work() == 0 && !idle_said {
                context.event_writer.say(&WorkerEvent::Idle);
                idle_said = true;
                running.catch_up();
            }
        }
        tokio::select! {
            command = commands.recv() => match command {
                Some(WorkerCommand::Wake) => {
                    look = true;
                    idle_said = false;
                }
                Some(WorkerCommand::Start { .. } | WorkerCommand::Policy { .. }) => look = true,
                Some(WorkerCommand::Ahead { slots, .. }) => {
                    running.ahead = Some(slots);
                    look = true;
                }
                Some(WorkerCommand::Stop) | None => break,
                // Taken in where it was read.
                Some(_) => {}
            },
            Some(ended) = running.next_end() => {
                stuck = ended == AttemptEnd::Stuck;
                if ended == AttemptEnd::Tainted && leaving.is_none() {
                    context.event_writer.say(&WorkerEvent::Tainted);
                    leaving = Some(Instant::now() + LEAVE_GRACE);
                }
                look = true;
            }
            () = tokio::time::sleep_until(leaving.unwrap_or(far)), if leaving.is_some() => break,
            _ = alive.tick() => context.event_writer.say(&WorkerEvent::Alive),
            () = tokio::time::sleep(POLL) => look = true,
            () = signals.told_to_stop() => break,
        }
    }
    context.stop.cancel();
    let _ending = Ending::begin();
    let deadline = Instant::now() + STOP_GRACE;
    while let Ok(Some(_)) = tokio::time::timeout_at(deadline, running.next_end()).await {}
    if stuck || running.at_work() > 0 {
        return Err(Error::new(ErrorKind::Timeout, "a job could not be cancelled, the worker ends with it"));
    }
    Ok(())
}

/// Ends the child processes of this one for as long as it exists: one that hangs keeps its job from ending. A job may start another
/// one before it notices the stop.
struct Ending(tokio::task::JoinHandle<()>);

impl Ending {
    fn begin() -> Self {
        Self(tokio::spawn(async {
            let Some(mark) = ChildMark::own() else { return };
            loop {
                let mark = mark.clone();
                let _ended = tokio::task::spawn_blocking(move || mark.end_children()).await;
                tokio::time::sleep(END_EVERY).await;
            }
        }))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}
