//! One worker process, from its start to its end.

use std::{collections::HashMap, time::Duration};

use fanfare_audio::ChildMark;
use fanfare_channel::{
    ChannelError, LiveReceiver, clock,
    protocol::{BLOCKING_WORK, WorkerCommand, WorkerEvent},
};
use fanfare_model::JobId;
use tokio::{net::UnixStream, sync::mpsc, time::Instant};

use super::{
    conversation::{Conversation, in_words, kill, next_stream, tell},
    keeper::{Keeper, locked},
    orders::Order,
};

/// A worker that says nothing for that long is ended: it sends `alive` every 5 s.
const SILENCE: Duration = Duration::from_secs(60);
/// How often leases that ran out are looked for, and silence is noticed.
const REAP: Duration = Duration::from_secs(15);
/// How long the worker gets to end when its supervisor is gone; it takes at most 8 s by itself.
const STOP_WAIT: Duration = Duration::from_millis(9_500);
/// How long one that was ended by force gets to be gone: a process that waits for storage that hangs may stay
/// for as long as that does.
const KILL_WAIT: Duration = Duration::from_secs(10);
/// The same while the server stops, which has to end in time.
const LAST_WAIT: Duration = Duration::from_millis(500);
/// How long the last words of a dead worker are listened to.
const DRAIN: Duration = Duration::from_secs(1);

/// How a worker process ended.
pub(super) struct WorkerExit {
    /// In words.
    pub(super) reason: String,
    /// Whether it was told to.
    pub(super) asked: bool,
    /// Whether it is known why, and done something about: the next start need not wait.
    pub(super) dealt_with: bool,
}

impl WorkerExit {
    pub(super) fn died(reason: String) -> Self {
        Self { reason, asked: false, dealt_with: false }
    }
}

/// A running worker process.
pub(super) struct WorkerProcess<'a> {
    keeper: &'a Keeper,
    owner: &'a str,
    last_message: Instant,
    /// The job at each place of the executor.
    running: HashMap<usize, JobId>,
    dealt_with: bool,
    /// Whether it said that it is ready.
    ready: bool,
    /// Whether at the last look no lease could be renewed, because the data folder could not be written.
    unwritable: bool,
}

impl<'a> WorkerProcess<'a> {
    pub(super) fn new(keeper: &'a Keeper, owner: &'a str) -> Self {
        let (last_message, running) = (Instant::now(), HashMap::new());
        Self { keeper, owner, last_message, running, dealt_with: false, ready: false, unwritable: false }
    }

    pub(super) async fn run(mut self, orders: &mut mpsc::Receiver<Order>) -> WorkerExit {
        let Conversation { mut child, input, mut events, live } =
            match Conversation::start(&self.keeper.command) {
                Ok(started) => started,
                Err(reason) => return WorkerExit::died(reason),
            };
        locked(&self.keeper.status).pid = child.id();
        let mark = child.id().and_then(ChildMark::of);
        let (mut input, mut live) = (Some(input), Some(live));
        let mut policy = self.keeper.policy.clone();
        let mut reap = tokio::time::interval(REAP);
        let mut stopping: Option<Instant> = None;
        let mut killed: Option<Instant> = None;
        let status = loop {
            let far = Instant::now() + Duration::from_secs(3_600);
            tokio::select! {
                order = orders.recv(), if stopping.is_none() => match order {
                    Some(Order::Wake) => tell(&mut input, &WorkerCommand::Wake).await,
                    Some(Order::Live) => self.tell_live_requests(&mut input).await,
                    Some(Order::Tell(command)) => tell(&mut input, &command).await,
                    stop @ (Some(Order::Stop(_)) | None) => {
                        let within = if let Some(Order::Stop(within)) = stop { within } else { STOP_WAIT };
                        tell(&mut input, &WorkerCommand::Stop).await;
                        // The end of its stdin says the same.
                        input = None;
                        stopping.get_or_insert(Instant::now() + within);
                    }
                },
                Ok(()) = policy.changed() => {
                    let policy = *policy.borrow_and_update();
                    tell(&mut input, &WorkerCommand::Policy { policy }).await;
                }
                Some(event) = events.recv() => self.on_event(event, &mut input).await,
                stream = next_stream(&mut live) => match stream {
                    Ok(stream) => self.keeper.live_requests.open(stream),
                    Err(end) => {
                        live = None;
                        if let ChannelError::Violation(violation) = end && killed.is_none() {
                            tracing::error!(%violation, "the worker broke the rules of the live channel, it is ended");
                            kill(&mut child);
                            killed = Some(Instant::now() + KILL_WAIT);
                        }
                    }
                },
                status = child.wait() => break Some(status),
                _ = reap.tick() => {
                    self.reap().await;
                    if stopping.is_none() && killed.is_none() && self.last_message.elapsed() > SILENCE {
                        tracing::warn!("the worker says nothing any more, it is ended");
                        kill(&mut child);
                        killed = Some(Instant::now() + KILL_WAIT);
                    }
                }
                () = tokio::time::sleep_until(stopping.unwrap_or(far)), if stopping.is_some() && killed.is_none() => {
                    tracing::warn!("the worker did not end in time, it is ended by force");
                    kill(&mut child);
                    killed = Some(Instant::now() + LAST_WAIT);
                }
                () = tokio::time::sleep_until(killed.unwrap_or(far)), if killed.is_some() => break None,
            }
        };
        end_children(mark).await;
        self.drain(events, live, Instant::now() + if stopping.is_some() { LAST_WAIT } else { DRAIN }).await;
        WorkerExit { reason: in_words(status), asked: stopping.is_some(), dealt_with: self.dealt_with }
    }

    /// Takes in what the worker sent last. (The end of its pipe is not waited for: some child of its own may hold the pipe open.)
    async fn drain(
        &mut self,
        mut events: mpsc::Receiver<WorkerEvent>,
        mut live: Option<LiveReceiver>,
        until: Instant,
    ) {
        let keeper = self.keeper;
        let said = async {
            while let Ok(Some(event)) = tokio::time::timeout_at(until, events.recv()).await {
                self.on_event(event, &mut None).await;
            }
        };
        // Until the end of the live channel is read, chunks that had arrived may still be on their way to their readers.
        let sent = async {
            while live.is_some()
                && let Ok(Ok(stream)) = tokio::time::timeout_at(until, next_stream(&mut live)).await
            {
                keeper.live_requests.open(stream);
            }
        };
        tokio::join!(said, sent);
        drop(live);
        keeper.live_requests.worker_ended();
    }

    /// Tells the worker what live streams to open, as far as it was not told. A worker that is not ready is told later.
    async fn tell_live_requests(&self, input: &mut Option<UnixStream>) {
        if !self.ready {
            return;
        }
        for command in self.keeper.live_requests.take_untold() {
            tell(input, &command).await;
        }
    }

    async fn on_event(&mut self, event: WorkerEvent, input: &mut Option<UnixStream>) {
        self.last_message = Instant::now();
        match &event {
            WorkerEvent::Ready { pid, version } => {
                tracing::info!(pid, version, "the worker is ready");
                let owner = self.owner.to_owned();
                tell(
                    input,
                    &WorkerCommand::Start {
                        owner,
                        slots: self.keeper.command.slots,
                        role: self.keeper.command.role,
                    },
                )
                .await;
                let policy = *self.keeper.policy.borrow();
                tell(input, &WorkerCommand::Policy { policy }).await;
                let (slots, cap_bytes) = *locked(&self.keeper.ahead);
                tell(input, &WorkerCommand::Ahead { slots, cap_bytes }).await;
                self.ready = true;
                self.tell_live_requests(input).await;
            }
            WorkerEvent::Stale { track } => {
                self.keeper.stale.say(*track);
            }
            WorkerEvent::Started { job, place, .. } => {
                self.running.insert(*place, *job);
            }
            WorkerEvent::CrashReport { thread } => self.blame(thread).await,
            WorkerEvent::Tainted => {
                tracing::warn!("an analyzer hangs; the worker is replaced");
                self.dealt_with = true;
            }
            _ => {}
        }
        self.keeper.work_queues.on_event(&event).await;
        // Without a subscriber this is no failure.
        let _listeners = self.keeper.events.send(event);
    }

    /// Notes on the running job which analyzer ended the worker, if one did.
    async fn blame(&mut self, thread: &str) {
        let named = thread.split_once(':').and_then(|(place, name)| Some((place.parse().ok()?, name)));
        let Some((place, analyzer)) = named.filter(|(_, name)| *name != BLOCKING_WORK) else {
            return tracing::warn!(thread, "a thread ends the worker");
        };
        let Some(job) = self.running.get::<usize>(&place) else { return };
        tracing::warn!(%job, analyzer, "an analyzer ends the worker; the next attempt leaves it out");
        match self.keeper.store.jobs().blame(*job, self.owner, analyzer).await {
            Ok(()) => self.dealt_with = true,
            Err(error) => tracing::warn!(%job, analyzer, %error, "could not note which analyzer it was"),
        }
    }

    async fn reap(&mut self) {
        // A worker that could not renew its lease on a full disk gets some time to end it when there is room again.
        if std::mem::replace(&mut self.unwritable, self.keeper.store.unwritable().is_some())
            || self.unwritable
        {
            return;
        }
        match self.keeper.store.jobs().reap(clock::now()).await {
            Ok(0) => {}
            Ok(reaped) => tracing::info!(reaped, "ended leases that ran out"),
            Err(error) => tracing::warn!(%error, "could not look for leases that ran out"),
        }
    }
}

/// Ends what a worker that is gone left behind: a child that hangs notices no end of its pipes.
async fn end_children(mark: Option<ChildMark>) {
    let Some(mark) = mark else { return };
    let ended = tokio::task::spawn_blocking(move || mark.end_children()).await;
    if let Ok(count @ 1..) = ended {
        tracing::info!(count, "child processes of a worker that is gone were ended");
    }
}
