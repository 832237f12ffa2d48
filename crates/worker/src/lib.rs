//! The worker process: claims jobs, does them, commits what came of them.
//!
//! [`runtime`] claims from the queues and makes attempts, and knows no product; [`handlers`] has one handler for each kind
//! of job, and tells how to add one. A handler stores what a pass brings back: [`pass`] is one decode of a file, [`products`] are what
//! it can make, [`passes`] orders them.
//!
//! It is a child of the server, because untrusted bytes may make a decoder abort, loop or eat memory: that
//! ends a worker and never a stream. Pictures are decoded in a child process of their own ([`run_pictures`]). It talks to its server by the [`protocol`](fanfare_channel::protocol); its log goes to stderr.
//!
//! Invariants: a worker whose stdin ends (its server is gone) releases its jobs and ends within 10 s, by
//! force if need be; what it commits is fenced by the job's attempt, so one whose lease ran out
//! changes nothing; it never makes or migrates a database.

mod confine;
mod demand;
mod handlers;
mod loaded;
mod parts;
mod pass;
mod passes;
mod pictures;
mod post_analysis;
mod products;
mod resources;
mod room;
mod roots;
mod runtime;

use std::{sync::Arc, time::Duration};

use fanfare_audio::OpenOptions;
use fanfare_channel::{LiveSender, inherited};
use fanfare_channel::{
    policy::{MAX_CONCURRENCY, Policy},
    protocol::{WorkerCommand, WorkerEvent, WorkerRole},
};
use fanfare_model::{Error, ErrorKind, Result};
use fanfare_store::{CACHE_FOLDER, Store, StoreOptions};
use tokio_util::sync::CancellationToken;

pub use self::parts::{TrackBudget, WorkerParts, WorkerProcessOptions};
pub use self::pictures::run_pictures;
use self::{
    resources::Resources,
    runtime::{
        context::Context,
        crash_report::say_last_words,
        event_writer::{EventWriter, listen},
        executor,
        throttle::Throttle,
    },
};
use crate::confine::confine;

/// How long a worker waits to be told its name before it ends.
const START_WAIT: Duration = Duration::from_secs(30);
/// How long a worker waits for another process's write to end, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 10_000;

/// [`run_worker_with`] the parts that there are by default.
///
/// # Errors
/// As [`run_worker_with`].
pub async fn run_worker(options: WorkerProcessOptions) -> Result<()> {
    run_worker_with(options, WorkerParts::default()).await
}

/// The body of `fanfare worker`: runs until told to stop, or until stdin ends, and ends within 10 s then.
///
/// stdin and stdout belong to the conversation with the server.
///
/// # Errors
/// Errors of opening the store; `Timeout` when a track could not be cancelled (the process must end to get
/// rid of it); `Invalid` when the server does not say `start`.
pub async fn run_worker_with(options: WorkerProcessOptions, parts: WorkerParts) -> Result<()> {
    // A nightly run may analyze more tracks at a time than there are processors, because it rests most of the time.
    let most = options.jobs.max(MAX_CONCURRENCY);
    let confined = confine(most);
    tracing::debug!(%confined, "the worker is confined");
    if let Err(error) = say_last_words() {
        tracing::warn!(%error, "an analyzer that ends this process will not be known by name");
    }
    let store_options = StoreOptions {
        migrate: false,
        readers: u32::try_from(options.jobs).unwrap_or(8).clamp(1, 8),
        busy_timeout_ms: BUSY_TIMEOUT_MS,
    };
    let throttle = Throttle::new(Policy::prompt(options.jobs.max(1)));
    let open = OpenOptions { ffmpeg: options.ffmpeg, ..OpenOptions::default() };
    let (clock, least_budget) = (parts.clock, parts.budget.least);
    // Before anything else reads from stdin.
    let resources = Resources::new(parts, open, live_channel()?);
    let taking_in = Arc::clone(&resources);
    let mut commands = listen(throttle.clone(), move |command| taking_in.take_in(command))?;
    let cache = options.cache_dir.clone().unwrap_or_else(|| options.data_dir.join(CACHE_FOLDER));
    let store = Store::open_with_cache(&options.data_dir, &cache, &store_options).await?;
    let (event_writer, all_said) = EventWriter::open()?;
    event_writer
        .say(&WorkerEvent::Ready { pid: std::process::id(), version: env!("CARGO_PKG_VERSION").to_owned() });
    let start = tokio::time::timeout(START_WAIT, async {
        loop {
            match commands.recv().await {
                Some(WorkerCommand::Start { owner, slots, role }) => return Some((owner, slots, role)),
                Some(WorkerCommand::Stop) | None => return None,
                Some(_) => {}
            }
        }
    });
    let ended = match start.await {
        Ok(Some((owner, slots, role))) => {
            if role == WorkerRole::Live {
                throttle.set(Policy::prompt(slots));
            }
            let stop = CancellationToken::new();
            let registry = handlers::registry(&resources, &store);
            let store = store.clone();
            let context = Context { store, event_writer, owner, throttle, clock, least_budget, stop };
            executor::run(Arc::new(context), registry, role, most, commands).await
        }
        Ok(None) => {
            drop(event_writer);
            Ok(())
        }
        Err(_) => Err(Error::new(ErrorKind::Invalid, "nobody told this worker to start")
            .remedy("workers are started by `fanfare serve`")),
    };
    store.close().await;
    all_said.wait().await;
    ended
}

/// The live channel to the server; none in a worker that was started by hand.
fn live_channel() -> Result<Option<LiveSender>> {
    match inherited() {
        Ok(socket) => LiveSender::new(socket).map(Some),
        Err(error) if error.kind() == ErrorKind::Unavailable => {
            tracing::debug!(%error, "this worker sends no live streams");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
