//! What many waiting uploads cost the one that is processed: nothing, if the queue works well (issue 4, "Speed and size").
//!
//! Both figures are taken in a steady state: for every upload that is done, another one is queued, so that as many wait at
//! the end as at the beginning. Few and many take turns; the middle of the rounds' ratios counts.

use std::time::{Duration, Instant};

use fanfare_model::{
    AudioProperties, ContentHash, Tags, Task, TaskId, TaskKind, TaskState, Timestamp, UserId, job::Products,
};
use fanfare_store::{AnalysisCommit, BlobKind, NewUpload, ProcessCommit, Store, StoreOptions, Uploaded};
use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals,
    wav::{self, WavFormat},
};
use reqwest::Method;
use rustix::process::{Signal, kill_process};

use super::Figure;
use crate::crash::child_of;

const FEW: u32 = 10;
const MANY: u32 = 1_000;
/// At least so much of the throughput at [`FEW`] waiting is left at [`MANY`] (issue 4).
const LEAST: Least = (0.9, ">= 0.90 x");
/// The same for claims alone (issue 13, F).
const LEAST_CLAIMS: Least = (0.95, ">= 0.95 x");
const ROUNDS: usize = 5;
/// Uploads that are timed, in the store alone.
const TIMED: u32 = 300;
/// Uploads that are timed from end to end, after some that are not.
const TIMED_WHOLE: u64 = 60;
const WARM_UP: u64 = 5;
const QUEUE: &str = "process-track";
const PERSON: UserId = UserId::from_bytes([7; 16]);
/// A bound, as a number and in words.
type Least = (f64, &'static str);

const LOOK: Duration = Duration::from_millis(2);

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Uploads a second at few and at many waiting, in the store and from end to end.
pub fn uploads_waiting() -> Vec<Figure> {
    let [mut claims, mut store, mut whole] = [const { (Vec::new(), Vec::new()) }; 3];
    for round in 1..=ROUNDS {
        let (few, many) = run(in_the_store());
        claims.0.push(few.claims);
        claims.1.push(many.claims);
        store.0.push(few.uploads);
        store.1.push(many.uploads);
        whole.0.push(from_end_to_end(FEW));
        whole.1.push(from_end_to_end(MANY));
        let last = |values: &[f64]| values.last().copied().unwrap_or_default();
        println!(
            "round {round} of {ROUNDS}: claims a second {:.0} at {FEW} waiting, {:.0} at {MANY}; the store's part {:.0}, {:.0}; all of it {:.1}, {:.1}",
            last(&claims.0),
            last(&claims.1),
            last(&store.0),
            last(&store.1),
            last(&whole.0),
            last(&whole.1)
        );
    }
    let figure = |name: &str, (few, many): (Vec<f64>, Vec<f64>), (least, target): Least| {
        let share = middle(many.iter().zip(&few).map(|(many, few)| many / few).collect());
        Figure { name: name.to_owned(), measured: format!("{share:.2} x"), target, ok: share >= least }
    };
    vec![
        figure("claims/s at 1,000 waiting / at 10", claims, LEAST_CLAIMS),
        figure("store: uploads/s at 1,000 waiting / at 10", store, LEAST),
        figure("uploads/s at 1,000 waiting / at 10", whole, LEAST),
    ]
}

/// A store with so many uploads waiting, one of which after the other passes through.
struct Waiting {
    store: Store,
    task: TaskId,
    waiting: u32,
    number: u32,
    took: Duration,
    claiming: Duration,
    _folder: tempfile::TempDir,
}

impl Waiting {
    async fn new(waiting: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
        let task = task();
        store.catalog().put_task(&task).await.unwrap();
        let mut new = Self {
            store,
            task: task.id,
            waiting,
            number: 0,
            took: Duration::ZERO,
            claiming: Duration::ZERO,
            _folder: folder,
        };
        for _ in 0..waiting {
            let upload = sent(&new.store, &mut new.number).await;
            add(&new.store, new.task, &upload, Timestamp(i64::from(new.number))).await;
        }
        new
    }

    /// What the store does for an upload: queueing, claiming, committing, counting.
    async fn pass_one(&mut self) {
        let upload = sent(&self.store, &mut self.number).await;
        let (store, now) = (&self.store, Timestamp(i64::from(self.number)));
        let began = Instant::now();
        add(store, self.task, &upload, now).await;
        let claiming = Instant::now();
        let job = store.jobs().claim(QUEUE, "measure", 1, now).await.unwrap().remove(0);
        self.claiming += claiming.elapsed();
        let track = job.kind.track();
        store.catalog().begin_analysis(job.id, job.attempt, "measure", track, now).await.unwrap();
        let row = store.catalog().track(track).await.unwrap().unwrap().track;
        let analyzed = AnalysisCommit {
            job: job.id,
            attempt: job.attempt,
            owner: "measure".to_owned(),
            track,
            size_bytes: row.size_bytes,
            modified: row.modified,
            changed_ns: None,
            content_hash: row.hash.unwrap(),
            audio: row.audio.unwrap(),
            results: Vec::new(),
            warnings: Vec::new(),
            enrichment: None,
        };
        let done =
            ProcessCommit { analyzed, ladder: None, small: Vec::new(), duplicate: None, is_whole: true };
        store.catalog().commit_process(&done, now).await.unwrap();
        self.took += began.elapsed();
        // Counted at most every two seconds, so no part of the price of each.
        assert_eq!(store.jobs().counts(QUEUE).await.unwrap().waiting, u64::from(self.waiting));
    }
}

/// How many a second.
struct Rates {
    claims: f64,
    uploads: f64,
}

/// Claims and uploads a second at few and at many waiting. They take turns one by one: whatever else the machine does meanwhile
/// slows both alike.
async fn in_the_store() -> (Rates, Rates) {
    let (mut few, mut many) = (Waiting::new(FEW).await, Waiting::new(MANY).await);
    for _ in 0..TIMED {
        few.pass_one().await;
        many.pass_one().await;
    }
    let rate = |waiting: &Waiting| Rates {
        claims: f64::from(TIMED) / waiting.claiming.as_secs_f64(),
        uploads: f64::from(TIMED) / waiting.took.as_secs_f64(),
    };
    (rate(&few), rate(&many))
}

fn task() -> Task {
    Task {
        id: TaskId::from_bytes([9; 16]),
        kind: TaskKind::Upload,
        state: TaskState::Running,
        step: String::new(),
        current: 0,
        total: 0,
        current_item: None,
        message: String::new(),
        failure_count: 0,
        failures: Vec::new(),
        log: Vec::new(),
        created: Timestamp(1),
        started: None,
        ended: None,
    }
}

/// The next upload, whose bytes are stored.
async fn sent(store: &Store, number: &mut u32) -> NewUpload {
    *number += 1;
    let hash: ContentHash = store.blobs().put(BlobKind::Upload, &number.to_le_bytes()).await.unwrap();
    NewUpload {
        name: format!("{number}.wav"),
        hash,
        size_bytes: 1_000,
        tags: Tags {
            title: Some(format!("song {number}")),
            artist: Some("a singer".to_owned()),
            ..Tags::default()
        },
        audio: Some(AudioProperties {
            codec: "pcm_s16le".to_owned(),
            container: "wav".to_owned(),
            sample_rate_hz: 44_100,
            channels: 1,
            bit_depth: Some(16),
            frames: Some(44_100),
            bitrate_bps: None,
        }),
        picture: false,
        uploader: PERSON,
        keep: true,
        products: Products::of_ladder("high=flac"),
    }
}

async fn add(store: &Store, task: TaskId, new: &NewUpload, now: Timestamp) {
    let added = store.catalog().add_upload(new, Some(task), 1 << 40, now).await;
    assert!(matches!(added.unwrap(), Uploaded::Added(_)));
}

/// A server with so many short uploads waiting; uploads a second that it makes ready.
fn from_end_to_end(waiting: u32) -> f64 {
    let set = |name: &str, value: &str| (name.into(), value.into());
    // The queue is measured, not encoders.
    let environment =
        vec![set("FANFARE_HLS_LADDER", "high=flac"), set("FANFARE_AUDIO_CACHE_PRECACHE_ON_UPLOAD", "false")];
    let server = TestServer::start(ServerStart { environment, ..ServerStart::default() });
    run(async {
        server.sign_in().await;
        let options = StoreOptions { migrate: false, ..StoreOptions::default() };
        let store = Store::open(server.data(), &options).await.unwrap();
        let worker = loop {
            if let Some(worker) = child_of(server.pid()) {
                break worker;
            }
            tokio::time::sleep(LOOK).await;
        };
        // Nobody works while they come in.
        kill_process(worker, Signal::STOP).unwrap();
        for number in 0..waiting {
            send(&server, number).await;
        }
        kill_process(worker, Signal::CONT).unwrap();
        let (mut sent, mut began) = (waiting, Instant::now());
        let first = WARM_UP;
        loop {
            let done = store.jobs().counts(QUEUE).await.unwrap().done;
            if done < first {
                began = Instant::now();
            }
            if done >= first + TIMED_WHOLE {
                break (done - first) as f64 / began.elapsed().as_secs_f64();
            }
            match u64::from(sent) < u64::from(waiting) + done {
                true => {
                    send(&server, sent).await;
                    sent += 1;
                }
                false => tokio::time::sleep(LOOK).await,
            }
        }
    })
}

/// Sends a second of a tone that no other upload has.
async fn send(server: &TestServer, number: u32) {
    let tone = signals::sine(22_050, 1.0, 200.0 + f64::from(number), 0.3);
    let song = wav::wav(22_050, &[tone], WavFormat::I16);
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"song.wav\"\r\n\r\n";
    let body = [head.as_bytes(), &song, b"\r\n--edge--\r\n"].concat();
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}
