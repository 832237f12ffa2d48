//! One round: disturb, let it end, compare.

use std::{
    net::SocketAddr,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    thread::{JoinHandle, sleep},
    time::{Duration, Instant},
};

use fanfare_model::TaskKind;
use fanfare_store::{Store, StoreOptions};
use fanfare_testkit::Seeded;
use rustix::process::Signal;
use serde_json::Value;

use super::{Library, Server, Uploads, sender::free_address};

/// How often another process's progress is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Every queue that has work.
const QUEUES: [&str; 3] = ["analyze-track", "process-track", "enrich-track-audio"];

/// What happened in a round.
#[derive(Debug)]
pub struct Round {
    /// What was killed when, in words.
    pub kills: Vec<String>,
    /// The catalog in the end.
    pub dump: Value,
    /// What is wrong with the data folder in the end.
    pub troubles: Vec<String>,
    /// From the last start to the end of all work.
    pub took: Duration,
}

impl Round {
    /// Runs the round of that seed. Kills come within `longest` of a start: as long as a run takes.
    ///
    /// # Panics
    /// When a server ends by itself, or does not stop when asked.
    #[must_use]
    pub fn run(library: &Library, uploads: &Uploads, seed: u64, longest: Duration) -> Self {
        let mut chance = Seeded::new(seed);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Place::new(library, uploads, folder.path());
        let mut kills = Vec::new();
        let mut server = place.start();
        let sending = uploads.send(place.address);
        // At most three: a track whose worker died five times is given up, which is another test.
        for _ in 0..=chance.below(3) {
            let longest_ms = usize::try_from(longest.as_millis()).unwrap_or(usize::MAX);
            let delay = Duration::from_millis(chance.below(longest_ms) as u64);
            sleep(delay);
            let when = format!("{} ms", delay.as_millis());
            match chance.below(4) {
                0 | 1 => {
                    let killed = if server.kill_worker() { "worker" } else { "no worker yet" };
                    kills.push(format!("{killed} after {when}"));
                }
                2 => {
                    server.kill();
                    kills.push(format!("server after {when}"));
                    server = place.start();
                }
                _ => {
                    let worker = if server.kill_worker() { "worker and server" } else { "server" };
                    server.kill();
                    kills.push(format!("{worker} after {when}"));
                    server = place.start();
                }
            }
        }
        let last = Instant::now();
        let (dump, troubles) = place.end(server, sending);
        Self { kills, dump, troubles, took: last.elapsed() }
    }
}

/// The catalog of a run that nobody disturbs, and how long it takes.
///
/// # Panics
/// When the data folder is not in order in the end.
#[must_use]
pub fn undisturbed(library: &Library, uploads: &Uploads) -> (Value, Duration) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = Place::new(library, uploads, folder.path());
    let began = Instant::now();
    let server = place.start();
    let (dump, troubles) = place.end(server, uploads.send(place.address));
    assert!(troubles.is_empty(), "{troubles:?}");
    (dump, began.elapsed())
}

struct Place<'a> {
    library: PathBuf,
    folder: &'a Path,
    address: SocketAddr,
}

impl<'a> Place<'a> {
    fn new(library: &Library, uploads: &Uploads, folder: &'a Path) -> Self {
        uploads.prepare(&folder.join("data"));
        // The same after every start: the client goes on sending files there.
        Self { library: library.path(), folder, address: free_address() }
    }

    fn start(&self) -> Server {
        let (data, log) = (self.folder.join("data"), self.folder.join("server.log"));
        Server::start(&self.library, &data, &log, self.address)
    }

    /// Waits for the end of all work, stops the server, and looks at what is left.
    fn end(&self, mut server: Server, sending: JoinHandle<()>) -> (Value, Vec<String>) {
        while !sending.is_finished() {
            assert!(server.has_ended().is_none(), "the server ended; its log:\n{}", self.log());
            sleep(LOOK);
        }
        assert!(sending.join().is_ok(), "a file was refused; the server's log:\n{}", self.log());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let store = self.open(&mut server).await;
            while !is_done(&store).await {
                assert!(server.has_ended().is_none(), "the server ended; its log:\n{}", self.log());
                sleep(LOOK);
            }
            store.close().await;
            let status = server.stop();
            // A server that had nothing left to do may get the signal before its handler is set: then the signal ends it.
            let ended_by_signal = status.signal() == Some(Signal::TERM.as_raw());
            assert!(status.success() || ended_by_signal, "{status}; its log:\n{}", self.log());
            let options = StoreOptions { migrate: false, readers: 1, busy_timeout_ms: 5_000 };
            let store = Store::open(&self.folder.join("data"), &options).await.expect("the store");
            let dump = store.catalog().canonical_dump().await.expect("a dump");
            let mut troubles = store.catalog().check().await.expect("a check");
            for queue in QUEUES {
                let running = store.jobs().counts(queue).await.expect("counts").running;
                if running > 0 {
                    troubles.push(format!("{running} jobs of {queue} are leased to nobody"));
                }
            }
            let left = std::fs::read_dir(store.blobs().staging()).expect("the staging folder").count();
            if left > 0 {
                troubles.push(format!("{left} unfinished files were left"));
            }
            store.close().await;
            (dump, troubles)
        })
    }

    /// Opens the store beside the server, once the server has made it.
    async fn open(&self, server: &mut Server) -> Store {
        let options = StoreOptions { migrate: false, readers: 1, busy_timeout_ms: 5_000 };
        loop {
            if let Ok(store) = Store::open(&self.folder.join("data"), &options).await {
                return store;
            }
            assert!(server.has_ended().is_none(), "the server ended; its log:\n{}", self.log());
            sleep(LOOK);
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }
}

/// Whether a scan of this folder has come to its end and every job with it.
async fn is_done(store: &Store) -> bool {
    let catalog = store.catalog();
    let tasks = catalog.tasks(50).await.expect("tasks");
    let scanned =
        catalog.folders().await.expect("folders").first().is_some_and(|folder| folder.scanned.is_some());
    // Every task: one that nobody ends is shown for ever.
    let tasks_over = tasks.iter().all(|task| task.state.is_over());
    let has_scanned = tasks.iter().any(|task| task.kind == TaskKind::Scan);
    let mut left = 0;
    for queue in QUEUES {
        let jobs = store.jobs().counts(queue).await.expect("counts");
        left += jobs.waiting + jobs.running;
    }
    scanned && has_scanned && tasks_over && left == 0
}
