//! Uploads from the first byte to `ready`, with a real worker process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests say what they expect

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use fanfare_audio::{FfmpegUse, Limits, read_tags};
use fanfare_channel::PostAnalysis;
use fanfare_ingest::{BackgroundOptions, Ingest, UploadOptions, WarmOptions, WarmScope, Which};
use fanfare_model::{
    CacheOptions, EnrichmentState, ErrorKind, Features, JobState, Quality, Result, Tags, TaskKind, TaskState,
    Timestamp, Track, TrackHome, TrackId, TrackState, UploadedBytes, UserId, job::Products,
};
use fanfare_store::{BlobKind, JobCounts, NewUpload, Store, Uploaded};
use fanfare_testkit::{
    signals,
    wav::{WavFormat, wav_with_tags},
};
use fanfare_worker::{WorkerParts, WorkerProcessOptions, run_worker_with};

mod fixture;
use fixture::{Fixture, rest};

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn worker_process() {
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let mut parts = WorkerParts::default();
    parts.post_analysis.push(Arc::new(Noting(data_dir.join(NOTES))));
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run_worker_with(options, parts)).unwrap();
}

const NOTES: &str = "notes";

/// A hook that notes what was stored when it ran.
struct Noting(PathBuf);

#[async_trait::async_trait]
impl PostAnalysis for Noting {
    fn name(&self) -> &'static str {
        "noting"
    }

    async fn after(&self, track: &Track, _: &Path, features: &Features, store: &Store) -> Result<()> {
        let stored = store.catalog().track(track.id).await?.unwrap().track;
        let mut notes = fs::File::options().append(true).create(true).open(&self.0).unwrap();
        writeln!(notes, "{} {} {}", stored.relative_path, stored.state.as_str(), features.loudness.is_some())
            .unwrap();
        Ok(())
    }
}

const PERSON: UserId = UserId::from_bytes([5; 16]);

/// No AAC: a ladder that needs no other program.
fn lossless(options: UploadOptions) -> UploadOptions {
    UploadOptions { ladder: "high=flac".to_owned(), ..options }
}

async fn ingest(fixture: &Fixture, store: &Store, options: UploadOptions) -> Ingest {
    let mut args = ["worker_process", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    let ingest = fixture.ingest(store, std::env::current_exe().unwrap(), args, 2).await;
    ingest.set_uploads(options);
    ingest
}

fn song(seconds: f64, hz: f64) -> Vec<u8> {
    let tags = [("INAM", "a song"), ("IART", "a singer")];
    wav_with_tags(44_100, &[signals::sine(44_100, seconds, hz, 0.3)], WavFormat::I16, &tags)
}

async fn send(ingest: &Ingest, name: &str, bytes: &[u8]) -> Result<Uploaded> {
    let mut receiving = ingest.receive(name, PERSON).await?;
    for part in bytes.chunks(10_000) {
        receiving.write(Bytes::copy_from_slice(part)).await?;
    }
    receiving.finish().await
}

async fn added(ingest: &Ingest, name: &str, bytes: &[u8]) -> TrackId {
    match send(ingest, name, bytes).await.unwrap() {
        Uploaded::Added(id) => id,
        Uploaded::Known(id) => panic!("{id} is there already"),
    }
}

/// Bytes that a process read so far, as the kernel counts them.
fn bytes_read(pid: u32) -> u64 {
    let counts = fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

fn left_in_staging(store: &Store) -> usize {
    std::fs::read_dir(store.blobs().staging()).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_decoded_once_and_becomes_ready_with_its_ladder_and_everything_known_of_it() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, lossless(UploadOptions::default())).await;
    let id = added(&ingest, "../one.wav", &song(12.0, 440.0)).await;
    rest(&ingest).await;
    let track = store.catalog().track(id).await.unwrap().unwrap().track;
    assert_eq!(track.state, TrackState::Ready, "{:?} {:?}", track.failure, track.enrichment_error);
    assert_eq!(track.home, TrackHome::Upload(UploadedBytes::Original));
    assert_eq!((track.enrichment, track.title.as_str()), (EnrichmentState::Completed, "a song"));
    assert_eq!(track.relative_path, "one.wav");
    let (results, _) = store.catalog().analysis(id).await.unwrap();
    assert_eq!(results.len(), fanfare_analysis::versions().len());
    assert!(store.catalog().enrichment(id).await.unwrap().unwrap().embedding.is_some());
    let ladder = store.catalog().pinned_transcode(track.hash.unwrap(), "hls").await.unwrap().unwrap();
    assert_eq!(ladder.parts.len(), 1);
    let frames: u64 = ladder.parts[0].segments.iter().map(|segment| segment.frames).sum();
    assert_eq!(frames, 12 * 44_100, "to the frame");
    assert!(ladder.parts[0].facts.lossless);
    let blob = store.blobs().local(BlobKind::Media, ladder.parts[0].blob).await.unwrap().unwrap();
    assert_eq!(std::fs::metadata(blob).unwrap().len(), ladder.parts[0].size_bytes);
    assert!(store.catalog().track_path(id).await.unwrap().is_some(), "the original plays");
    let tasks = store.catalog().tasks(10).await.unwrap();
    assert!(tasks.iter().any(|task| task.kind == TaskKind::Upload), "{tasks:?}");
    assert_eq!(left_in_staging(&store), 0);
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());

    // The acceptance value of loudness comes out here as it does in a scan: see `analysis`.
    let features = Features::from_results(results);
    let measured = features.loudness.unwrap().integrated_lufs.unwrap().0;
    assert!((measured - -14.1).abs() < 0.1, "{measured}");

    // The same bytes again are that track, whatever they are called.
    assert_eq!(send(&ingest, "two.wav", &song(12.0, 440.0)).await.unwrap(), Uploaded::Known(id));

    // Public, then not, then gone with all its bytes.
    let catalog = store.catalog();
    catalog.publish(id, true, Timestamp(1)).await.unwrap();
    assert_eq!(catalog.track(id).await.unwrap().unwrap().track.state, TrackState::Published);
    catalog.publish(id, false, Timestamp(2)).await.unwrap();
    ingest.delete_track(id).await.unwrap();
    assert!(catalog.track(id).await.unwrap().is_none());
    assert_eq!(store.blobs().list(BlobKind::Upload).await.unwrap(), []);
    assert_eq!(store.blobs().list(BlobKind::Media).await.unwrap(), [], "its ladder");
    assert_eq!(ingest.delete_track(id).await.unwrap_err().kind(), ErrorKind::NotFound);
    ingest.shutdown().await;
}

/// One reading serves the ladder, the transcode, every analyzer and the enrichment.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_decoded_once_for_everything_that_is_made_of_it() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    // What receiving leaves: the bytes, the row and its job. Nobody is there to work yet.
    let bytes = song(120.0, 440.0);
    let hash = store.blobs().put(BlobKind::Upload, &bytes).await.unwrap();
    let small = CacheOptions::default().profile(Quality::Medium).unwrap();
    let path = store.blobs().local(BlobKind::Upload, hash).await.unwrap().unwrap();
    let audio = read_tags(&path, &Limits::default()).unwrap().audio;
    let new = NewUpload {
        name: "one.wav".to_owned(),
        hash,
        size_bytes: bytes.len() as u64,
        tags: Tags::default(),
        audio,
        picture: false,
        uploader: PERSON,
        keep: true,
        products: Products { ladder: "low=aac:96,high=flac".to_owned(), transcodes: small.to_string() },
    };
    let added = store.catalog().add_upload(&new, None, 0, Timestamp(1)).await.unwrap();
    let Uploaded::Added(id) = added else { panic!("{added:?}") };
    let ingest = ingest(&fixture, &store, UploadOptions::default()).await;
    while store.catalog().track(id).await.unwrap().unwrap().track.state != TrackState::Ready {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let track = store.catalog().track(id).await.unwrap().unwrap().track;
    assert_eq!(track.enrichment, EnrichmentState::Completed, "{track:?}");
    let (results, _) = store.catalog().analysis(id).await.unwrap();
    assert_eq!(results.len(), fanfare_analysis::versions().len());
    assert!(store.catalog().pinned_transcode(hash, "hls").await.unwrap().is_some());
    // All that the worker read of whatever file or pipe: the upload once, and little else.
    let read = bytes_read(ingest.worker_status().pid.unwrap());
    let once = bytes.len() as u64;
    assert!(read > once && read < once * 3 / 2, "{read} bytes were read, the upload has {once}");
    rest(&ingest).await;
    let tasks = store.catalog().tasks(10).await.unwrap();
    assert!(tasks.iter().all(|task| task.kind != TaskKind::Cache), "no run of its own: {tasks:?}");

    // It is the file that a run makes.
    let kept = store.catalog().cached_there(hash).await.unwrap().remove(0);
    assert_eq!((kept.profile, kept.quality), (small.for_channels(1).to_string(), Quality::Medium));
    let path = store.catalog().cache().path(&kept.file).unwrap();
    let along = fs::read(&path).unwrap();
    store.catalog().cache().remove(&kept.file).unwrap();
    let options = WarmOptions { qualities: Vec::new(), which: Which::Missing, workers: None };
    let task = ingest.warm(WarmScope::Tracks(vec![id]), options).await.unwrap();
    while !store.catalog().task(task).await.unwrap().unwrap().state.is_over() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(fs::read(&path).unwrap(), along);
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_short_to_describe_is_ready_and_says_what_it_lacks() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let options = UploadOptions { keep_originals: false, ..lossless(UploadOptions::default()) };
    let ingest = ingest(&fixture, &store, options).await;
    let silence = wav_with_tags(44_100, &[vec![0.0; 441_000]], WavFormat::I16, &[]);
    // Very short, nearly empty, and silent.
    for (name, bytes, why) in [
        ("short.wav", song(1.0, 440.0), "too short"),
        ("nearly-empty.wav", song(0.002, 440.0), "too short"),
        ("silent.wav", silence, "nothing sounds"),
    ] {
        let id = added(&ingest, name, &bytes).await;
        rest(&ingest).await;
        let track = store.catalog().track(id).await.unwrap().unwrap().track;
        assert_eq!((track.state, track.enrichment), (TrackState::Ready, EnrichmentState::Failed), "{name}");
        let error = track.enrichment_error.unwrap();
        assert!(error.contains(why), "{name}: {error}");
        let found = store.catalog().enrichment(id).await.unwrap();
        assert_eq!(found, None, "nothing is estimated, and nothing made up");
        assert_eq!(track.home, TrackHome::Upload(UploadedBytes::Gone), "originals are not kept");
        assert_eq!(store.blobs().list(BlobKind::Upload).await.unwrap(), [], "temporary audio is gone");
        assert_eq!(store.catalog().track_path(id).await.unwrap(), None);
        assert!(store.catalog().pinned_transcode(track.hash.unwrap(), "hls").await.unwrap().is_some());
    }
    ingest.shutdown().await;
}

/// Issue 12: the original of an upload was deleted although only a part of it could be decoded.
#[tokio::test(flavor = "multi_thread")]
async fn the_original_of_a_damaged_upload_is_kept_whatever_the_setting_says() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let options = UploadOptions { keep_originals: false, ..lossless(UploadOptions::default()) };
    let ingest = ingest(&fixture, &store, options).await;
    let whole = song(12.0, 440.0);
    for (name, bytes, home) in [
        ("whole.wav", &whole[..], UploadedBytes::Gone),
        ("cut.wav", &whole[..whole.len() / 2], UploadedBytes::Original),
    ] {
        let id = added(&ingest, name, bytes).await;
        rest(&ingest).await;
        let track = store.catalog().track(id).await.unwrap().unwrap().track;
        assert_eq!(track.state, TrackState::Ready, "{name}: {:?}", track.failure);
        assert_eq!(track.home, TrackHome::Upload(home), "{name}");
    }
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_made_smaller_along_with_an_upload_is_made_as_soon_as_it_is_ready() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, lossless(UploadOptions::default())).await;
    assert!(ingest.cache().precache, "that is how it is set by itself");
    // It was sent before that was so.
    let (_, mut events) = ingest.hub().subscribe(None);
    ingest.set_cache(CacheOptions { precache: false, ..CacheOptions::default() });
    let id = added(&ingest, "a song.wav", &song(30.0, 440.0)).await;
    ingest.set_cache(CacheOptions::default());
    let task = loop {
        let task = events.recv().await.unwrap().task;
        if task.kind == TaskKind::Cache && task.state.is_over() {
            break task;
        }
    };
    assert_eq!((task.state, task.failure_count), (TaskState::Succeeded, 0), "{}", task.message);
    assert!(task.message.starts_with("1 cached"), "{}", task.message);
    assert_eq!(store.catalog().track(id).await.unwrap().unwrap().track.state, TrackState::Ready);
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upload_fails_with_its_reason_is_parked_and_can_be_tried_again() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, lossless(UploadOptions::default())).await;
    // A header that promises audio, and none of it.
    let id = added(&ingest, "header.wav", &song(1.0, 440.0)[..44]).await;
    rest(&ingest).await;
    let track = store.catalog().track(id).await.unwrap().unwrap().track;
    assert_eq!(track.state, TrackState::Failed);
    let failure = track.failure.unwrap();
    assert!(matches!(failure.kind, ErrorKind::Empty | ErrorKind::Malformed), "{failure:?}");
    let enrichments = store.jobs().counts("enrich-track-audio").await.unwrap();
    assert_eq!(enrichments, JobCounts::default(), "nobody enriches what could not be processed");
    let counts = store.jobs().counts("process-track").await.unwrap();
    assert_eq!((counts.parked, counts.waiting), (1, 0), "no attempt follows by itself (D17)");
    ingest.retry_track(id).await.unwrap();
    rest(&ingest).await;
    assert_eq!(store.jobs().counts("process-track").await.unwrap().parked, 1);
    assert_eq!(left_in_staging(&store), 0);
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_audio_or_too_much_is_refused_and_leaves_nothing() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, lossless(UploadOptions::default())).await;
    for (bytes, kind) in [
        (&b""[..], ErrorKind::Empty),
        (b"no music at all, whatever it is called", ErrorKind::NotAudio),
        (b"#EXTM3U\nhttp://127.0.0.1:9/a.mp3\n", ErrorKind::NotAudio),
    ] {
        assert_eq!(send(&ingest, "song.mp3", bytes).await.unwrap_err().kind(), kind);
    }
    let small = UploadOptions { max_bytes: 1_000, ..lossless(UploadOptions::default()) };
    ingest.set_uploads(small);
    let error = send(&ingest, "song.wav", &song(1.0, 300.0)).await.unwrap_err();
    assert_eq!(
        error.limit_hit().map(|limit| (limit.name.as_str(), limit.max)),
        Some(("upload.max_bytes", 1_000))
    );
    // A client that disconnects in the middle leaves nothing either.
    ingest.set_uploads(UploadOptions { quota_bytes: 200_000, ..lossless(UploadOptions::default()) });
    let mut away = ingest.receive("song.wav", PERSON).await.unwrap();
    away.write(Bytes::from_static(b"RIFF")).await.unwrap();
    drop(away);
    assert_eq!(left_in_staging(&store), 0);
    assert_eq!(store.blobs().list(BlobKind::Upload).await.unwrap(), []);
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_holds_however_many_send_at_once() {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = Arc::new(ingest(&fixture, &store, UploadOptions::default()).await);
    let size = song(1.0, 300.0).len() as u64;
    ingest.set_uploads(UploadOptions { quota_bytes: 3 * size, ..lossless(UploadOptions::default()) });
    let sends = (0..20_u32).map(|number| {
        let ingest = Arc::clone(&ingest);
        tokio::spawn(async move { send(&ingest, "a.wav", &song(1.0, 300.0 + f64::from(number))).await })
    });
    let mut taken = 0;
    for sent in sends.collect::<Vec<_>>() {
        match sent.await.unwrap() {
            Ok(_) => taken += 1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::LimitExceeded),
        }
    }
    assert_eq!(taken, 3);
    assert!(store.catalog().uploaded_bytes(PERSON).await.unwrap() <= 3 * size);
    rest(&ingest).await;
    assert_eq!(store.blobs().list(BlobKind::Upload).await.unwrap().len(), 3);
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_track_gets_one_ladder_however_many_listeners_ask() {
    let fixture = Fixture::new();
    fixture.song("one.wav", 1);
    let store = fixture.store().await;
    // Nobody works yet, so all of them ask before there is a ladder.
    let idle = fixture.scanning(&store).await;
    idle.set_uploads(lossless(UploadOptions::default()));
    idle.add_folder(&fixture.music()).await.unwrap();
    while fixture::tracks(&store).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let id = fixture::tracks(&store).await[0].track.id;
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(idle.ask_for_ladder(id).await.unwrap());
    }
    idle.shutdown().await;
    let ingest = ingest(&fixture, &store, lossless(UploadOptions::default())).await;
    jobs.push(ingest.ask_for_ladder(id).await.unwrap());
    jobs.dedup();
    assert_eq!(jobs.len(), 1);
    rest(&ingest).await;
    let job = store.jobs().job(jobs[0]).await.unwrap().unwrap();
    assert_eq!(job.state, JobState::Done, "{:?}", job.last_error);
    let hash = store.catalog().track_hash(id).await.unwrap().unwrap();
    let counts = store.catalog().transcode_counts().await.unwrap();
    assert_eq!((counts.transcodes, counts.pinned_bytes), (1, 0));
    assert!(store.catalog().pinned_transcode(hash, "hls").await.unwrap().is_none());
    assert_eq!(store.catalog().evict_transcodes(0, None, Timestamp(i64::MAX)).await.unwrap(), 1);
    ingest.shutdown().await;
}

/// issue 12: it was refused until a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_ladder_that_could_not_be_made_is_made_by_a_retry() {
    let fixture = Fixture::new();
    fixture.song("one.wav", 1);
    let store = fixture.store().await;
    // The worker has no AAC encoder.
    let aac = UploadOptions { ladder: "low=aac:96".to_owned(), ..UploadOptions::default() };
    let ingest = ingest(&fixture, &store, aac).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let id = fixture::tracks(&store).await[0].track.id;
    let job = ingest.ask_for_ladder(id).await.unwrap();
    let task = store.jobs().job(job).await.unwrap().unwrap().task.unwrap();
    rest(&ingest).await;
    let failed = store.catalog().task(task).await.unwrap().unwrap();
    assert_eq!((failed.kind, failed.state), (TaskKind::Transcode, TaskState::Failed), "{failed:?}");

    // Still no encoder, and nothing stays behind.
    let again = ingest.retry(task).await.unwrap();
    rest(&ingest).await;
    assert_eq!(store.catalog().task(again).await.unwrap().unwrap().state, TaskState::Failed);
    assert_eq!(store.jobs().counts("transcode-track").await.unwrap().parked, 1);

    ingest.set_uploads(lossless(UploadOptions::default()));
    let last = ingest.retry(again).await.unwrap();
    rest(&ingest).await;
    let made = store.catalog().task(last).await.unwrap().unwrap();
    assert_eq!((made.state, &*made.message), (TaskState::Succeeded, "1 track encoded"), "{made:?}");
    assert_eq!(store.jobs().counts("transcode-track").await.unwrap().parked, 0);
    // What has nothing left to do says so.
    let nothing = ingest.retry(again).await.unwrap();
    rest(&ingest).await;
    let nothing = store.catalog().task(nothing).await.unwrap().unwrap();
    assert_eq!((nothing.state, &*nothing.message), (TaskState::Succeeded, "0 tracks encoded"));
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_is_analyzed_while_a_listener_plays_it_and_by_no_other_job_meanwhile() {
    let fixture = Fixture::new();
    fs::write(fixture.music().join("one.wav"), song(12.0, 440.0)).unwrap();
    let store = fixture.store().await;
    let ingest = ingest(&fixture, &store, lossless(UploadOptions::default())).await;
    // Nothing is analyzed by itself before the night.
    ingest.set_background(BackgroundOptions { on_arrival: false, ..BackgroundOptions::default() }).unwrap();
    ingest.add_folder(&fixture.music()).await.unwrap();
    rest(&ingest).await;
    let track = fixture::tracks(&store).await.remove(0).track;
    assert_eq!((track.state, track.content_hash), (TrackState::Queued, None));
    let job = ingest.ask_for_ladder(track.id).await.unwrap();
    rest(&ingest).await;
    assert_eq!(store.jobs().job(job).await.unwrap().unwrap().state, JobState::Done);
    let analyzed = store.catalog().track(track.id).await.unwrap().unwrap().track;
    assert_eq!(analyzed.state, TrackState::Ready, "{:?}", analyzed.failure);
    let (results, _) = store.catalog().analysis(track.id).await.unwrap();
    assert_eq!(results.len(), fanfare_analysis::versions().len());
    // Live playback measures what a scan and an upload measure (issue 4).
    let features = fanfare_model::Features::from_results(results);
    let measured = features.loudness.unwrap().integrated_lufs.unwrap().0;
    assert!((measured - -14.1).abs() < 0.1, "{measured}");
    let counts = store.jobs().counts("analyze-track").await.unwrap();
    assert_eq!((counts.done, counts.waiting, counts.running), (1, 0, 0));
    ingest.shutdown().await;
    // What follows an analysis followed, once, and found it stored.
    assert_eq!(fs::read_to_string(fixture.data().join(NOTES)).unwrap(), "one.wav ready true\n");
}
