//! One worker process: start, conversation, end.

use std::{
    collections::HashMap,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use fanfare_channel::{
    clock,
    protocol::{BLOCKING_WORK, WorkerCommand, WorkerEvent, line, next_message},
};
use fanfare_model::JobId;
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
    time::Instant,
};

use super::{
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
/// How long writing one line to the worker may take.
const WRITE_WAIT: Duration = Duration::from_secs(2);
/// How long the last words of a dead worker are listened to.
const DRAIN: Duration = Duration::from_secs(1);
/// Events that wait to be taken in.
const WAITING_EVENTS: usize = 256;

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
    /// Whether at the last look no lease could be renewed, because the data folder could not be written.
    unwritable: bool,
}

impl<'a> WorkerProcess<'a> {
    pub(super) fn new(keeper: &'a Keeper, owner: &'a str) -> Self {
        let (last_message, running) = (Instant::now(), HashMap::new());
        Self { keeper, owner, last_message, running, dealt_with: false, unwritable: false }
    }

    pub(super) async fn live(mut self, orders: &mut mpsc::Receiver<Order>) -> WorkerExit {
        let command = &self.keeper.command;
        let spawned = Command::new(&command.exe)
            .args(&command.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            // Ctrl-C on a terminal reaches the server only, which stops its worker in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                return WorkerExit::died(format!("{} cannot be started: {error}", command.exe.display()));
            }
        };
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return WorkerExit::died("it has no pipes".to_owned());
        };
        locked(&self.keeper.status).pid = child.id();
        let mut input = Some(input);
        let mut events = read_events(output);
        let mut policy = self.keeper.policy.clone();
        let mut reap = tokio::time::interval(REAP);
        let mut stopping: Option<Instant> = None;
        let mut killed: Option<Instant> = None;
        let status = loop {
            let far = Instant::now() + Duration::from_secs(3_600);
            tokio::select! {
                order = orders.recv(), if stopping.is_none() => match order {
                    Some(Order::Wake) => tell(&mut input, &WorkerCommand::Wake).await,
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
        // What it said last is still in the pipe. (Its end is not waited for: some child of its own may
        // hold the pipe open.)
        let drained = Instant::now() + if stopping.is_some() { LAST_WAIT } else { DRAIN };
        while let Ok(Some(event)) = tokio::time::timeout_at(drained, events.recv()).await {
            self.on_event(event, &mut None).await;
        }
        let reason = match &status {
            Some(Ok(status)) => in_words(*status),
            Some(Err(error)) => format!("its end cannot be told: {error}"),
            None => "it cannot be ended (it waits for storage that gives no answer?) and is left behind"
                .to_owned(),
        };
        WorkerExit { reason, asked: stopping.is_some(), dealt_with: self.dealt_with }
    }

    async fn on_event(&mut self, event: WorkerEvent, input: &mut Option<ChildStdin>) {
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

/// Reads events in a task of its own, so that a select never cuts a line in two.
fn read_events(output: ChildStdout) -> mpsc::Receiver<WorkerEvent> {
    let (sender, receiver) = mpsc::channel(WAITING_EVENTS);
    tokio::spawn(async move {
        let mut reader = BufReader::new(output);
        loop {
            match next_message(&mut reader).await {
                Ok(Some(event)) => {
                    if sender.send(event).await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => return tracing::warn!(%error, "the worker cannot be understood"),
            }
        }
    });
    receiver
}

/// Says it to the worker; one that does not listen is noticed by its silence or its end.
async fn tell(input: &mut Option<ChildStdin>, command: &WorkerCommand) {
    let Some(pipe) = input else { return };
    let text = line(command);
    let said = tokio::time::timeout(WRITE_WAIT, async {
        pipe.write_all(text.as_bytes()).await?;
        pipe.flush().await
    });
    if !matches!(said.await, Ok(Ok(()))) {
        tracing::debug!(?command, "the worker does not listen");
    }
}

/// Ends it by force, without waiting for that.
fn kill(child: &mut Child) {
    if let Err(error) = child.start_kill() {
        tracing::warn!(%error, "the worker cannot be ended");
    }
}

fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(0), _) => "it ended by itself".to_owned(),
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}
