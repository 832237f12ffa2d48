//! A running server, people to call it, tracks to ask for.

use std::{
    ffi::OsString,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fanfare_ingest::{DataLock, Ingest, IngestOptions, PictureCommand};
use fanfare_model::{
    AudioProperties, ContentHash, FolderId, Role, Tags, Timestamp, TrackId, User,
    features::{AnalyzerOutcome, AnalyzerResult, FeaturePart, Waveform},
};
use fanfare_server::{
    Settings,
    http::{self, HttpState, Started},
    settings::LiveSettings,
};
use fanfare_store::{AnalysisCommit, ScanChange, ScannedFile, Store, StoreOptions, TrackQuery};
use reqwest::{Method, RequestBuilder, Response};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A server that runs until it is dropped or stopped.
pub struct Server {
    pub started: Started,
    pub state: HttpState,
    pub client: reqwest::Client,
    pub folder: tempfile::TempDir,
    pub running: JoinHandle<()>,
}

/// How a request proves who sends it.
#[derive(Debug, Clone)]
pub enum As {
    Nobody,
    Cookie(String),
    Key(String),
}

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

/// What decodes pictures: this test program, with that test.
const PICTURE_PROCESS: &str = "fixture::picture_process";

#[test]
#[ignore = "the body of the process that decodes pictures, which the other tests start"]
fn picture_process() {
    fanfare_worker::run_pictures().unwrap();
}

impl Server {
    pub async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), |_| {}).await
    }

    pub async fn start_in(folder: tempfile::TempDir, change: impl FnOnce(&mut Settings)) -> Self {
        // A worker that analyzes nothing and leaves when its input is closed: hardly a test here needs one.
        Self::start_with(folder, ("/bin/sh".into(), vec!["-c".into(), "cat >/dev/null".into()]), change).await
    }

    /// With that program and these arguments as its worker.
    pub async fn start_with(
        folder: tempfile::TempDir,
        worker: (PathBuf, Vec<OsString>),
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        std::fs::create_dir_all(folder.path().join("music")).unwrap();
        let options = StoreOptions { migrate: true, readers: 2, busy_timeout_ms: 5_000 };
        let store = Store::open(&data, &options).await.unwrap();
        let ingest = Ingest::start(
            DataLock::acquire(&data).unwrap(),
            store.clone(),
            IngestOptions {
                data_dir: data.clone(),
                worker_exe: worker.0,
                worker_args: worker.1,
                pictures: PictureCommand {
                    exe: std::env::current_exe().unwrap(),
                    args: [PICTURE_PROCESS, "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec(),
                },
                jobs: 1,
                watch: false,
                poll_interval: None,
                background: Default::default(),
                uploads: Default::default(),
                cache: Default::default(),
                quarantine_days: fanfare_ingest::QUARANTINE_DAYS,
                keep_missing_days: 30,
            },
        )
        .await
        .unwrap();
        let mut settings = Settings::defaults(data);
        settings.watch = false;
        change(&mut settings);
        let mut state = HttpState::new(store, ingest, LiveSettings::over(settings));
        state.closing = CancellationToken::new();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (ready, started) = oneshot::channel();
        let served =
            http::serve_on(listener, state.clone(), |started| ready.send(started.clone()).unwrap(), |_| {});
        let running = tokio::spawn(async move { served.await.unwrap() });
        let started = started.await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { started, state, client, folder, running }
    }

    /// Stops the server and gives its folder back.
    pub async fn stop(self) -> tempfile::TempDir {
        self.state.closing.cancel();
        self.running.await.unwrap();
        self.folder
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.started.address)
    }

    /// A request with everything that its caller would send.
    pub fn request(&self, who: &As, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.url(path));
        match who {
            As::Nobody => request,
            As::Cookie(secret) => {
                request.header("cookie", format!("fanfare_session={secret}")).header("x-fanfare", "1")
            }
            As::Key(secret) => request.bearer_auth(secret),
        }
    }

    pub async fn get(&self, who: &As, path: &str) -> Response {
        self.request(who, Method::GET, path).send().await.unwrap()
    }

    pub async fn json(&self, who: &As, path: &str) -> serde_json::Value {
        let response = self.get(who, path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn post(&self, who: &As, path: &str, body: serde_json::Value) -> Response {
        self.request(who, Method::POST, path).json(&body).send().await.unwrap()
    }

    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// A person with an account that cannot sign in by password.
    pub async fn person(&self, name: &str, role: Role) -> User {
        self.store().people().create_user(name, "no hash at all", role, now()).await.unwrap()
    }

    /// A session that ends so many milliseconds from now.
    pub async fn session(&self, user: &User, ends_in_ms: i64) -> As {
        let secret = format!("session-{}-{}", user.id, fresh());
        let hash = *blake3::hash(secret.as_bytes()).as_bytes();
        self.store().people().create_session(user.id, hash, now().plus_ms(ends_in_ms), now()).await.unwrap();
        As::Cookie(secret)
    }

    pub async fn key(&self, user: &User) -> As {
        let secret = format!("ff_{}", fresh());
        let hash = *blake3::hash(secret.as_bytes()).as_bytes();
        self.store().people().create_key(user.id, "test", hash, now()).await.unwrap();
        As::Key(secret)
    }

    /// An owner with a session.
    pub async fn owner(&self) -> As {
        let user = self.person(&format!("owner{}", fresh()), Role::Owner).await;
        self.session(&user, 3_600_000).await
    }

    pub fn music(&self) -> PathBuf {
        self.folder.path().join("music")
    }

    /// The library folder, known to the catalog.
    pub async fn library(&self) -> FolderId {
        self.store().catalog().add_folder(&self.music(), now()).await.unwrap().id
    }

    /// Has every queued track analyzed, without a worker.
    pub async fn analyze_all(&self) {
        let (jobs, catalog) = (self.store().jobs(), self.store().catalog());
        for job in jobs.claim("analyze-track", "test", 100, now()).await.unwrap() {
            let track = job.kind.track();
            let row = catalog.track(track).await.unwrap().unwrap().track;
            catalog.begin_analysis(job.id, job.attempt, "test", track, now()).await.unwrap();
            let peaks = (0..800).map(|column| column as f32 / 800.0).collect::<Vec<_>>();
            let waveform = Waveform { rms: peaks.clone(), peaks, detail: None };
            let analyzed = AnalysisCommit {
                job: job.id,
                attempt: job.attempt,
                owner: "test".to_owned(),
                track,
                size_bytes: row.size_bytes,
                modified: row.modified,
                changed_ns: None,
                content_hash: ContentHash::from_bytes(*blake3::hash(row.relative_path.as_bytes()).as_bytes()),
                audio: row.audio.unwrap(),
                results: vec![AnalyzerResult {
                    analyzer: "waveform".to_owned(),
                    version: 1,
                    outcome: AnalyzerOutcome::Ok {
                        part: FeaturePart::Waveform(waveform),
                        warnings: Vec::new(),
                    },
                }],
                warnings: Vec::new(),
                enrichment: None,
            };
            catalog.commit_analysis(analyzed, now()).await.unwrap();
        }
    }

    /// A file with those bytes, changed a minute ago, and its track.
    pub async fn track(&self, name: &str, bytes: &[u8]) -> TrackId {
        let path = self.music().join(name);
        let mut file = File::create(&path).unwrap();
        file.write_all(bytes).unwrap();
        settle(&path);
        let since =
            path.metadata().unwrap().modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let modified = Timestamp(i64::try_from(since.as_millis()).unwrap());
        let folder = self.library().await;
        let changes = vec![ScanChange::Added(ScannedFile { modified, ..scanned(name, bytes.len() as u64) })];
        self.store().catalog().apply_scan(folder, None, changes, now()).await.unwrap();
        let query = TrackQuery { limit: 500, ..TrackQuery::default() };
        let page = self.store().catalog().tracks(&query).await.unwrap();
        page.items.iter().find(|row| row.track.relative_path == name).unwrap().track.id
    }
}

/// Gives the file a time of change that lies a minute back, so that its tag is strong.
pub fn settle(path: &Path) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
}

pub fn scanned(name: &str, size_bytes: u64) -> ScannedFile {
    ScannedFile {
        changed_ns: None,
        relative_path: name.to_owned(),
        size_bytes,
        modified: Timestamp(now().0 - 60_000),
        tags: Tags {
            title: Some(format!("Title of {name}")),
            artist: Some("Some Artist".into()),
            album: Some("Some Album".into()),
            replaygain_track_gain_db: Some(-3.5),
            ..Tags::default()
        },
        audio: Some(AudioProperties {
            codec: "pcm_s16le".into(),
            container: "wav".into(),
            sample_rate_hz: 44_100,
            channels: 2,
            bit_depth: Some(16),
            frames: Some(88_200),
            bitrate_bps: None,
        }),
        cover: None,
        cover_error: None,
    }
}

/// A number that no other call gave.
pub fn fresh() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
