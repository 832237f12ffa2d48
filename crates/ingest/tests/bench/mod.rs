//! A library in a temporary folder, and an ingest on it.

#![allow(dead_code)] // each test file uses its own part of this

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use fanfare_ingest::{BackgroundOptions, DataLock, Ingest, IngestOptions, PictureCommand};
use fanfare_model::{Task, TaskId, Timestamp};
use fanfare_store::{Store, StoreOptions, TrackQuery, TrackRow};
use fanfare_testkit::{
    signals,
    wav::{WavFormat, wav_with_tags},
};

#[test]
#[ignore = "the body of the process that decodes pictures, which the other tests start"]
fn picture_process() {
    fanfare_ingest::run_pictures().unwrap();
}

/// What decodes pictures: this test program.
pub fn pictures() -> PictureCommand {
    let args = ["bench::picture_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    PictureCommand { exe: std::env::current_exe().unwrap(), args }
}

/// A folder of music and a data folder.
pub struct Bench {
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("music")).unwrap();
        Self { folder }
    }

    pub fn music(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("music")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a short WAV file with that title; different numbers sound different and have different times.
    pub fn song(&self, path: &str, number: u32) -> PathBuf {
        let path = self.music().join(path);
        write_song(&path, number);
        path
    }

    /// The store, with an owner: a worker refuses files beside a database in which nothing was ever stored.
    pub async fn store(&self) -> Store {
        let store = open_store(&self.data()).await;
        if store.people().users().await.unwrap().is_empty() {
            store.people().create_first_owner("owner", "no password", Timestamp(0)).await.unwrap();
        }
        store
    }

    /// An ingest whose worker never works: only scans happen.
    pub async fn scanning(&self, store: &Store) -> Ingest {
        // `cat` lives until its stdin ends, and what it says back is no event.
        self.ingest(store, "/bin/cat".into(), Vec::new(), 1).await
    }

    pub async fn ingest(&self, store: &Store, exe: PathBuf, args: Vec<OsString>, jobs: usize) -> Ingest {
        self.ingest_with(store, exe, args, jobs, BackgroundOptions::default()).await
    }

    pub async fn ingest_with(
        &self,
        store: &Store,
        exe: PathBuf,
        args: Vec<OsString>,
        jobs: usize,
        background: BackgroundOptions,
    ) -> Ingest {
        let options = IngestOptions {
            data_dir: self.data(),
            worker_exe: exe,
            worker_args: args,
            pictures: pictures(),
            jobs,
            watch: false,
            poll_interval: None,
            background,
            uploads: Default::default(),
            cache: Default::default(),
            quarantine_days: fanfare_ingest::QUARANTINE_DAYS,
            keep_missing_days: 30,
        };
        Ingest::start(DataLock::acquire(&self.data()).unwrap(), store.clone(), options).await.unwrap()
    }
}

pub async fn open_store(data: &Path) -> Store {
    let options = StoreOptions { migrate: true, readers: 2, busy_timeout_ms: 10_000 };
    Store::open(data, &options).await.unwrap()
}

/// Writes a song of 0.1 s; its number decides pitch, title and modification time.
pub fn write_song(path: &Path, number: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let tone = signals::sine(8_000, 0.1, 200.0 + f64::from(number % 1_000), 0.5);
    let title = format!("song {number}");
    let tags = [("INAM", title.as_str()), ("IART", "somebody")];
    fs::write(path, wav_with_tags(8_000, &[tone], WavFormat::I16, &tags)).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + u64::from(number));
    file.set_modified(time).unwrap();
}

/// Waits for the end of that task.
pub async fn ended(ingest: &Ingest, id: TaskId) -> Task {
    let (missed, mut events) = ingest.hub().subscribe(Some(0));
    if let Some(event) = missed.into_iter().find(|event| event.task.id == id && event.task.state.is_over()) {
        return event.task;
    }
    loop {
        match events.recv().await {
            Ok(event) if event.task.id == id && event.task.state.is_over() => return event.task,
            Ok(_) => {}
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(error) => panic!("no more events: {error}"),
        }
    }
}

/// Waits until nothing goes on.
pub async fn rest(ingest: &Ingest) {
    loop {
        let active = ingest.hub().active();
        let Some(task) = active.first() else { return };
        ended(ingest, task.id).await;
    }
}

/// Asks for a scan and waits for its end.
pub async fn scan(ingest: &Ingest) -> Task {
    let id = ingest.scan_now().await.unwrap();
    ended(ingest, id).await
}

/// All tracks, by path.
pub async fn tracks(store: &Store) -> Vec<TrackRow> {
    let mut rows = Vec::new();
    loop {
        let query = TrackQuery { limit: 500, offset: rows.len() as u64, ..TrackQuery::default() };
        let page = store.catalog().tracks(&query).await.unwrap();
        if page.items.is_empty() {
            break;
        }
        rows.extend(page.items);
    }
    rows.sort_by(|a, b| a.track.relative_path.cmp(&b.track.relative_path));
    rows
}

/// The paths of all tracks, with `!` before those that failed.
pub async fn paths(store: &Store) -> Vec<String> {
    let said = |row: TrackRow| {
        let mark = if row.track.failure.is_some() { "!" } else { "" };
        format!("{mark}{}", row.track.relative_path)
    };
    tracks(store).await.into_iter().map(said).collect()
}
