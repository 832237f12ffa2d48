//! Nightly runs by clocks that tests set. (With a worker that works: `tests/nightly.rs`.)

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use fanfare_audio::Limits;
use fanfare_channel::{
    policy::Policy,
    protocol::{WorkerEvent, WorkerRole},
};
use fanfare_model::{Tags, Task, TaskKind, TaskState, Timestamp};
use fanfare_store::{ScanChange, ScannedFile, Store, StoreOptions};
use jiff::tz::TimeZone;
use tokio::sync::{broadcast, watch};

use super::{BackgroundOptions, NightClock, Nightly, NightlyParts};
use crate::{
    PictureCommand, Pictures, TaskHub,
    own::OwnFolders,
    passes::Passes,
    quarantine::Kept,
    scan::scheduler::ScanScheduler,
    supervisor::{Supervisor, WorkerCommandLine, stale::no_stale_tracks},
    work_policy::WorkPolicy,
    work_queues::WorkQueues,
};

/// Longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Nightly runs whose worker never works.
struct Fixture {
    nightly: Nightly,
    hub: TaskHub,
    store: Store,
    supervisor: Supervisor,
    events: broadcast::Sender<WorkerEvent>,
    stop: watch::Sender<bool>,
    _policy: watch::Sender<Policy>,
}

impl Fixture {
    async fn new(data: &Path, clock: NightClock) -> Self {
        let options = StoreOptions { migrate: true, readers: 1, busy_timeout_ms: 5_000 };
        let store = Store::open(data, &options).await.unwrap();
        let hub = TaskHub::new(store.clone());
        let work_policy = WorkPolicy::new(1, BackgroundOptions::default());
        let work_queues = WorkQueues::new(&store, &hub, &work_policy);
        let task_tracker = work_queues.analysis.clone();
        let command = WorkerCommandLine {
            // Lives until its stdin ends, and never works.
            exe: "/bin/cat".into(),
            args: Vec::new(),
            slots: 1,
            data_dir: data.to_owned(),
            role: WorkerRole::Background,
        };
        let (events, _) = broadcast::channel(16);
        let (tell, policy) = watch::channel(Policy::prompt(1));
        let supervisor =
            Supervisor::start(store.clone(), work_queues, command, no_stale_tracks(), events.clone(), policy);
        let supervisor = supervisor.await.unwrap();
        let pictures = Pictures::start(PictureCommand { exe: "/bin/cat".into(), args: Vec::new() });
        let scans = ScanScheduler::new(
            store.clone(),
            hub.clone(),
            task_tracker,
            work_policy.clone(),
            Kept::days(30),
            (OwnFolders::new([data.to_owned()]), Limits::default(), pictures),
        );
        let nightly = Nightly::new(NightlyParts {
            hub: hub.clone(),
            passes: Passes::new(&hub, &work_policy),
            work_policy,
            supervisor: supervisor.clone(),
            events: events.clone(),
            clock,
            scans,
        });
        let (stop, _) = watch::channel(false);
        Self { nightly, hub, store, supervisor, events, stop, _policy: tell }
    }

    fn run(&self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(self.nightly.clone().run(self.stop.subscribe()))
    }

    /// Adds a track that nobody analyzed yet.
    async fn track(&self, folder: &Path) {
        let catalog = self.store.catalog();
        let folder = catalog.add_folder(folder, Timestamp(1)).await.unwrap();
        let file = ScannedFile {
            relative_path: "one.wav".to_owned(),
            size_bytes: 1,
            modified: Timestamp(1),
            changed_ns: None,
            tags: Tags::default(),
            audio: None,
            cover: None,
            cover_error: None,
        };
        let changes = vec![ScanChange::Added(file)];
        catalog.apply_scan_for_later(folder.id, changes, Timestamp(1)).await.unwrap();
    }

    async fn until(&self, done: impl Fn(&Task) -> bool) -> Task {
        let (_, mut told) = self.hub.subscribe(None);
        let seen = async {
            loop {
                let event = told.recv().await.unwrap();
                if done(&event.task) {
                    return event.task;
                }
            }
        };
        tokio::time::timeout(DEADLINE, seen).await.unwrap()
    }

    async fn end(self, running: tokio::task::JoinHandle<()>) {
        self.stop.send_replace(true);
        running.await.unwrap();
        self.supervisor.stop(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn a_run_starts_when_the_clock_says_so() {
    // 13:00 in summer; a sleep ends at once, but later by the clock.
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let begin: jiff::Timestamp = "2026-05-10T11:00:00Z".parse().unwrap();
    let time = Arc::new(AtomicI64::new(begin.as_millisecond()));
    let clock = NightClock {
        now: Arc::new({
            let time = Arc::clone(&time);
            move || Timestamp(time.load(Ordering::SeqCst))
        }),
        sleep: Arc::new(move |slept| {
            let time = Arc::clone(&time);
            Box::pin(async move {
                tokio::task::yield_now().await;
                time.fetch_add(slept.as_millis() as i64, Ordering::SeqCst);
            })
        }),
        zone: zone.clone(),
    };
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::new(folder.path(), clock).await;
    fixture.nightly.begin_schedule();
    let running = fixture.run();
    let task = fixture.until(|task| task.state.is_over()).await;
    assert_eq!((task.kind, task.state), (TaskKind::Nightly, TaskState::Succeeded), "{task:?}");
    let start = fixture.nightly.state().last_start.unwrap();
    fixture.end(running).await;
    let start = jiff::Timestamp::from_millisecond(start.0).unwrap().to_zoned(zone).datetime();
    assert_eq!(start.time(), jiff::civil::Time::midnight());
    assert!(start.date() > jiff::civil::date(2026, 5, 10));
}

const HOUR_MS: i64 = 3_600_000;

/// A clock that stands still until the test sets it.
fn set_by_hand(time: &watch::Sender<i64>) -> NightClock {
    let (now, sleep) = (time.clone(), time.clone());
    NightClock {
        now: Arc::new(move || Timestamp(*now.borrow())),
        sleep: Arc::new(move |slept| {
            let mut time = sleep.subscribe();
            let until = *time.borrow() + slept.as_millis() as i64;
            Box::pin(async move {
                let _never_closed = time.wait_for(|now| *now >= until).await;
            })
        }),
        zone: TimeZone::UTC,
    }
}

/// issue 12
#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_run_longer_than_its_budget_from_then_on() {
    let begin = 1_000 * HOUR_MS;
    let (time, _) = watch::channel(begin);
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::new(&folder.path().join("data"), set_by_hand(&time)).await;
    fixture.track(folder.path()).await;
    let running = fixture.run();
    let asked = fixture.nightly.ask(false);
    let (asked, _begun) = tokio::join!(asked, fixture.until(|task| task.total == 1));
    let set = async |hours: i64| {
        time.send_replace(begin + hours * HOUR_MS);
        // Whatever a worker says has the run look at the clock.
        fixture.events.send(WorkerEvent::Alive).unwrap();
        while !fixture.events.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    set(-5).await;
    let (task, ()) = tokio::join!(fixture.until(|task| task.state.is_over()), set(-1));
    assert_eq!(task.id, asked.unwrap());
    assert_eq!(task.message, "0 tracks analyzed, 1 track deferred to the next run (its 4.0 h are over)");
    fixture.end(running).await;
}

/// issue 12
#[tokio::test]
async fn no_run_starts_by_itself_before_the_schedule_has_begun() {
    let begin = 1_000 * HOUR_MS;
    let (time, _) = watch::channel(begin);
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::new(folder.path(), set_by_hand(&time)).await;
    let options = BackgroundOptions {
        // Quiet hours that are the whole day: a run is caught up with at once.
        schedule: "05:00".parse().unwrap(),
        quiet_hours: super::QuietHours::parse_setting("05:00-05:00").unwrap(),
        ..BackgroundOptions::default()
    };
    fixture.nightly.inner.work_policy.set_options(options);
    let running = fixture.run();
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.hub.active(), []);
    assert_eq!(fixture.nightly.state().last_start, None);
    let (task, ()) = tokio::join!(fixture.until(|task| task.state.is_over()), async {
        fixture.nightly.begin_schedule();
    });
    assert_eq!((task.kind, task.state), (TaskKind::Nightly, TaskState::Succeeded), "{task:?}");
    fixture.end(running).await;
}
