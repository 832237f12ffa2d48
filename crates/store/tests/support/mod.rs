//! What the store's tests share: a store in a temporary folder, and files, results and claims to put into it.
#![allow(dead_code, clippy::unwrap_used)] // every test binary uses some of it, and it is test code

use fanfare_model::{
    AudioProperties, ContentHash, ErrorKind, FolderId, Job, Lufs, Tags, Timestamp, TrackId,
    features::{
        AnalyzerOutcome, AnalyzerResult, FeaturePart, Key, Loudness, Mode, Rhythm, Waveform, WaveformDetail,
    },
    job::JobError,
    track::TrackFailure,
};
use fanfare_store::{
    AnalysisCommit, Keeping, ScanApplied, ScanChange, ScannedFile, Store, StoreOptions, TrackQuery,
};
use tempfile::TempDir;

pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const OWNER: &str = "worker-1";

/// A time so many seconds after [`NOW`].
pub fn later(seconds: i64) -> Timestamp {
    NOW.plus_ms(seconds * 1_000)
}

/// A store in a folder of its own, with one library folder.
pub struct Fixture {
    pub store: Store,
    pub folder: FolderId,
    pub data: TempDir,
}

impl Fixture {
    pub async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path(), &StoreOptions::default()).await.unwrap();
        let folder = store.catalog().add_folder("/music".as_ref(), NOW).await.unwrap().id;
        Self { store, folder, data }
    }

    /// Another process's worth of connections to the same folder.
    pub async fn reopen(&self) -> Store {
        Store::open(self.data.path(), &StoreOptions::worker()).await.unwrap()
    }

    pub async fn scan(&self, changes: Vec<ScanChange>) -> ScanApplied {
        self.store.catalog().apply_scan(self.folder, None, changes, NOW).await.unwrap()
    }

    pub async fn add(&self, paths: &[&str]) {
        self.scan(paths.iter().map(|path| ScanChange::Added(file(path))).collect()).await;
    }

    pub async fn id(&self, path: &str) -> TrackId {
        let known = self.store.catalog().known_files(self.folder).await.unwrap();
        known.iter().find(|known| known.relative_path == path).unwrap().id
    }

    pub async fn claim_one(&self, now: Timestamp) -> Job {
        self.store.jobs().claim("analyze-track", OWNER, 1, now).await.unwrap().pop().unwrap()
    }

    /// Analyzes every queued track, giving each content by its path.
    pub async fn analyze_all(&self) {
        loop {
            let jobs = self.store.jobs().claim("analyze-track", OWNER, 16, later(3_600)).await.unwrap();
            if jobs.is_empty() {
                return;
            }
            for job in jobs {
                let track = job.kind.track();
                let row = self.store.catalog().track(track).await.unwrap().unwrap();
                let path = row.track.relative_path.clone();
                let mut done = commit_of(&job, path.as_bytes());
                (done.size_bytes, done.modified) = (row.track.size_bytes, row.track.modified);
                let catalog = self.store.catalog();
                catalog.begin_analysis(job.id, job.attempt, OWNER, track, NOW).await.unwrap();
                catalog.commit_analysis(done, NOW).await.unwrap();
            }
        }
    }

    /// Deletes every file that no row names at once; returns how many.
    pub async fn delete_unnamed(&self) -> u64 {
        let much_later = later(3_600 * 24 * 365);
        let keeping = Keeping { blobs_ms: i64::MAX / 4, cache_ms: i64::MAX / 4, young_ms: 0 };
        self.store.catalog().sweep(&keeping, much_later).await.unwrap();
        self.store.catalog().empty_quarantine().await.unwrap().0
    }

    pub async fn assert_clean(&self) {
        assert_eq!(self.store.catalog().check().await.unwrap(), Vec::<String>::new());
    }
}

/// A file with tags made from its path: `Artist/Album/Title.flac`.
pub fn file(path: &str) -> ScannedFile {
    let parts: Vec<&str> = path.split('/').collect();
    let title = parts.last().unwrap().rsplit_once('.').unwrap().0;
    let above = |up: usize| parts.len().checked_sub(up + 1).map(|at| parts[at].to_owned());
    ScannedFile {
        relative_path: path.to_owned(),
        size_bytes: 1_000,
        modified: NOW,
        changed_ns: None,
        tags: Tags {
            title: Some(title.to_owned()),
            artist: above(2),
            album_artist: above(2),
            album: above(1),
            genre: Some("Jazz".to_owned()),
            year: Some(1959),
            ..Tags::default()
        },
        audio: Some(properties()),
        cover: None,
        cover_error: None,
    }
}

pub fn properties() -> AudioProperties {
    AudioProperties {
        codec: "flac".to_owned(),
        container: "flac".to_owned(),
        sample_rate_hz: 44_100,
        channels: 2,
        bit_depth: Some(16),
        frames: Some(441_000),
        bitrate_bps: Some(900_000),
    }
}

pub fn failure(kind: ErrorKind, message: &str) -> TrackFailure {
    TrackFailure { kind, message: message.to_owned(), offset_bytes: Some(7), at: NOW, next_retry: None }
}

/// The reason as a job keeps it.
pub fn reason_of(failure: &TrackFailure) -> JobError {
    let TrackFailure { kind, message, offset_bytes, .. } = failure.clone();
    JobError { kind, message, offset_bytes, remedy: None }
}

pub fn hash(bytes: &[u8]) -> ContentHash {
    fanfare_store::blob_name(bytes)
}

pub fn ok(analyzer: &str, version: u32, part: FeaturePart) -> AnalyzerResult {
    let outcome = AnalyzerOutcome::Ok { part, warnings: Vec::new() };
    AnalyzerResult { analyzer: analyzer.to_owned(), version, outcome }
}

/// Results as four analyzers of version 1 would give them.
pub fn results() -> Vec<AnalyzerResult> {
    let loudness = Loudness {
        integrated_lufs: Some(Lufs(-9.123_456_789_012_345)),
        true_peak_dbtp: Some(fanfare_model::DbTp(-0.1)),
        replaygain_track_gain_db: Some(-8.876_543_210_987_655),
        ..Loudness::default()
    };
    let rhythm = Rhythm {
        tempo_bpm: Some(fanfare_model::Bpm(0.1 + 0.2)),
        beats_s: (0..400).map(|beat| f64::from(beat) / 3.0).collect(),
        ..Rhythm::default()
    };
    let column = |number: u16| f32::from(number) / 799.3;
    vec![
        ok("key", 1, FeaturePart::Key(Some(Key::new(9, Mode::Minor, 0.8)))),
        ok("loudness", 1, FeaturePart::Loudness(loudness)),
        ok("rhythm", 1, FeaturePart::Rhythm(rhythm)),
        ok(
            "waveform",
            1,
            FeaturePart::Waveform(Waveform {
                peaks: (0..800).map(column).collect(),
                rms: (0..800).map(|number| column(number) / 2.0).collect(),
                detail: Some(WaveformDetail {
                    frames_per_cell: 2_048,
                    extremes: (0..5_000).map(|cell| (-((cell % 128) as i8), (cell % 128) as i8)).collect(),
                    bands: (0..5_000).map(|cell| [(cell % 256) as u8, 0, 255, 7]).collect(),
                }),
            }),
        ),
    ]
}

/// The end of that job: a file of that content, analyzed by [`OWNER`].
pub fn commit_of(job: &Job, content: &[u8]) -> AnalysisCommit {
    let track = job.kind.track();
    AnalysisCommit {
        job: job.id,
        attempt: job.attempt,
        owner: OWNER.to_owned(),
        track,
        size_bytes: 1_000,
        modified: NOW,
        changed_ns: None,
        content_hash: hash(content),
        audio: AudioProperties { frames: Some(441_001), ..properties() },
        results: results(),
        warnings: vec!["3 bytes of junk at the end".to_owned()],
        enrichment: None,
    }
}

pub fn all() -> TrackQuery {
    TrackQuery { limit: 500, ..TrackQuery::default() }
}
