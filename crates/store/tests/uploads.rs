//! Uploads, ladders and enrichment in the store (issues 4 and 12).
#![allow(clippy::unwrap_used, clippy::panic)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{
    EnrichmentState, ErrorKind, Job, JobKind, JobState, Profile, Quality, Tags, Timestamp, TrackHome,
    TrackId, TrackState, TranscodeCodec, UploadedBytes, UserId, Wanted,
    enrichment::{Embedding, Enrichment},
    hls::{SegmentFacts, VariantFacts},
    job::{JobError, Products},
};
use fanfare_store::{
    AfterFailure, BlobKind, CachedFile, ENRICH_PAUSE_MS, EnrichCommit, LeaseKey, NewUpload, ProcessCommit,
    Transcode, TranscodePart, Uploaded,
};
use support::{Fixture, NOW, OWNER, all, commit_of, hash, later, properties};

const PERSON: UserId = UserId::from_bytes([9; 16]);

fn upload(content: &[u8], keep: bool) -> NewUpload {
    NewUpload {
        name: "a song.flac".to_owned(),
        hash: hash(content),
        size_bytes: content.len() as u64,
        tags: Tags { title: Some("A Song".to_owned()), album: Some("Alone".to_owned()), ..Tags::default() },
        audio: Some(properties()),
        picture: false,
        uploader: PERSON,
        keep,
        products: Products::of_ladder("low=aac:96"),
    }
}

async fn add(fixture: &Fixture, content: &[u8], keep: bool) -> TrackId {
    // The bytes are a blob before anything points at them.
    fixture.store.blobs().put(BlobKind::Upload, content).await.unwrap();
    match fixture.store.catalog().add_upload(&upload(content, keep), None, 0, NOW).await.unwrap() {
        Uploaded::Added(id) => id,
        Uploaded::Known(id) => panic!("{id} is there already"),
    }
}

async fn claim(fixture: &Fixture, queue: &str, now: Timestamp) -> Option<Job> {
    fixture.store.jobs().claim(queue, OWNER, 1, now).await.unwrap().pop()
}

async fn ladder(fixture: &Fixture, content: &[u8], profile: &str, pinned: bool) -> Transcode {
    let bytes = format!("{profile} of {}", String::from_utf8_lossy(content));
    let blob = fixture.store.blobs().put(BlobKind::Media, bytes.as_bytes()).await.unwrap();
    let facts = VariantFacts {
        name: "low".to_owned(),
        codecs: "mp4a.40.2".to_owned(),
        sample_rate_hz: 44_100,
        channels: 2,
        frames: 441_001,
        priming_frames: 1_024,
        bandwidth_bps: 100,
        average_bandwidth_bps: 90,
        init_bytes: 4,
        lossless: false,
        transport: None,
    };
    let segment = SegmentFacts { index: 0, first_frame: 0, frames: 441_001, offset_bytes: 4, len_bytes: 20 };
    let part = TranscodePart { blob, size_bytes: bytes.len() as u64, facts, segments: vec![segment] };
    Transcode { hash: hash(content), profile: profile.to_owned(), pinned, parts: vec![part] }
}

/// A transcode that lies in the cache folder.
fn small(fixture: &Fixture, content: &[u8]) -> CachedFile {
    let profile = Profile::of(Quality::Medium, TranscodeCodec::Mp3).unwrap();
    let file = profile.file_name(hash(content));
    let path = fixture.store.catalog().cache().path(&file).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    CachedFile {
        hash: hash(content),
        profile: profile.to_string(),
        quality: profile.quality,
        file,
        size_bytes: content.len() as u64,
        sum: Some(hash(content)),
        made: NOW,
        used: NOW,
    }
}

/// Everything up to the enrichment's job.
async fn processed(fixture: &Fixture, content: &[u8], keep: bool) -> TrackId {
    processed_with(fixture, content, keep, Vec::new()).await
}

async fn processed_with(fixture: &Fixture, content: &[u8], keep: bool, small: Vec<CachedFile>) -> TrackId {
    let id = add(fixture, content, keep).await;
    let job = claim(fixture, "process-track", NOW).await.unwrap();
    let catalog = fixture.store.catalog();
    catalog.begin_analysis(job.id, job.attempt, OWNER, id, NOW).await.unwrap();
    assert_eq!(catalog.track(id).await.unwrap().unwrap().track.state, TrackState::Processing);
    let made = ladder(fixture, content, "hls1:low=aac:96", true).await;
    let done = ProcessCommit {
        analyzed: commit_of(&job, content),
        ladder: Some(made),
        small,
        duplicate: None,
        is_whole: true,
    };
    catalog.commit_process(&done, NOW).await.unwrap();
    id
}

#[tokio::test]
async fn an_upload_passes_through_its_states_and_each_step_is_one_transaction() {
    let fixture = Fixture::new().await;
    let small = small(&fixture, b"one");
    let id = processed_with(&fixture, b"one", true, vec![small.clone()]).await;
    let catalog = fixture.store.catalog();
    let track = catalog.track(id).await.unwrap().unwrap().track;
    assert_eq!((track.state, track.enrichment), (TrackState::Enriching, EnrichmentState::Pending));
    assert_eq!(track.home, TrackHome::Upload(UploadedBytes::Incoming));
    assert!(catalog.publish(id, true, NOW).await.is_err(), "not before it is ready");

    let job = claim(&fixture, "enrich-track-audio", NOW).await.unwrap();
    let embedding = Embedding { model: "m".to_owned(), version: 3, values: vec![0.6, -0.8] };
    let found = Enrichment { embedding: Some(embedding), ..Enrichment::default() };
    let done = EnrichCommit {
        job: job.id,
        attempt: job.attempt,
        owner: OWNER.to_owned(),
        track: id,
        found: found.clone(),
        duplicate: None,
    };
    catalog.commit_enrichment(&done, NOW).await.unwrap();
    let track = catalog.track(id).await.unwrap().unwrap().track;
    assert_eq!((track.state, track.enrichment), (TrackState::Ready, EnrichmentState::Completed));
    assert_eq!(track.home, TrackHome::Upload(UploadedBytes::Original));
    assert_eq!(catalog.enrichment(id).await.unwrap(), Some(found));
    let stored = catalog.transcode(hash(b"one"), "hls1:low=aac:96").await.unwrap().unwrap();
    assert_eq!(stored, ladder(&fixture, b"one", "hls1:low=aac:96", true).await);
    assert_eq!(catalog.cached_there(hash(b"one")).await.unwrap(), [small]);

    // A published one stays published while it is analyzed again.
    catalog.publish(id, true, NOW).await.unwrap();
    catalog.requeue_track(id, None, &Products::of_ladder("high=flac"), NOW).await.unwrap();
    fixture.assert_clean().await;
    assert_eq!(catalog.tracks(&all()).await.unwrap().total, 1);
}

/// Issue 12: the original was deleted after a decode that ended early, and with it the only copy of the rest.
#[tokio::test]
async fn the_original_of_an_upload_that_was_not_decoded_whole_is_kept() {
    for (is_whole, described, kept) in [
        (true, true, UploadedBytes::Gone),
        (true, false, UploadedBytes::Gone),
        (false, true, UploadedBytes::Original),
        (false, false, UploadedBytes::Original),
    ] {
        let fixture = Fixture::new().await;
        let id = add(&fixture, b"one", false).await;
        let catalog = fixture.store.catalog();
        let job = claim(&fixture, "process-track", NOW).await.unwrap();
        let analyzed = commit_of(&job, b"one");
        let done = ProcessCommit { analyzed, ladder: None, small: Vec::new(), duplicate: None, is_whole };
        catalog.commit_process(&done, NOW).await.unwrap();
        let job = claim(&fixture, "enrich-track-audio", NOW).await.unwrap();
        if described {
            let found = Enrichment::default();
            let (attempt, owner) = (job.attempt, OWNER.to_owned());
            let done = EnrichCommit { job: job.id, attempt, owner, track: id, found, duplicate: None };
            catalog.commit_enrichment(&done, NOW).await.unwrap();
        } else {
            let error = JobError {
                kind: ErrorKind::Empty,
                message: "silent".to_owned(),
                offset_bytes: None,
                remedy: None,
            };
            let lease = LeaseKey::new(job.id, job.attempt, OWNER);
            fixture.store.jobs().fail(lease, error, AfterFailure::Park, NOW).await.unwrap();
        }
        let track = catalog.track(id).await.unwrap().unwrap().track;
        assert_eq!(track.state, TrackState::Ready);
        assert_eq!(track.home, TrackHome::Upload(kept), "whole: {is_whole}, described: {described}");
        fixture.assert_clean().await;
    }
}

/// Issue 12: a track that one decode cut stayed cut, and its ladder was always sent.
#[tokio::test]
async fn a_track_that_gets_another_length_loses_what_was_made_of_it() {
    let fixture = Fixture::new().await;
    let id = processed(&fixture, b"one", true).await;
    let catalog = fixture.store.catalog();
    let job = claim(&fixture, "enrich-track-audio", NOW).await.unwrap();
    let error =
        JobError { kind: ErrorKind::Empty, message: "short".to_owned(), offset_bytes: None, remedy: None };
    fixture
        .store
        .jobs()
        .fail(LeaseKey::new(job.id, job.attempt, OWNER), error, AfterFailure::Park, NOW)
        .await
        .unwrap();
    for (frames, is_there) in [(441_001, true), (882_000, false)] {
        // Its warnings have a retry decode it again, not only describe it.
        catalog.requeue_track(id, None, &Products::of_ladder("high=flac"), NOW).await.unwrap();
        let job = claim(&fixture, "analyze-track", NOW).await.unwrap();
        let mut analyzed = commit_of(&job, b"one");
        analyzed.audio.frames = Some(frames);
        catalog.commit_analysis(analyzed, NOW).await.unwrap();
        let ladder = catalog.transcode(hash(b"one"), "hls1:low=aac:96").await.unwrap();
        assert_eq!(ladder.is_some(), is_there, "{frames}");
    }
}

#[tokio::test]
async fn an_upload_whose_work_was_withdrawn_goes_on_when_a_user_retries() {
    let fixture = Fixture::new().await;
    let id = add(&fixture, b"one", true).await;
    let (catalog, jobs) = (fixture.store.catalog(), fixture.store.jobs());
    let withdraw = async |queue: &str| {
        let job = claim(&fixture, queue, NOW).await.unwrap();
        jobs.withdraw(job.id, job.attempt, OWNER, NOW).await.unwrap();
        assert!(claim(&fixture, queue, NOW).await.is_none());
    };
    withdraw("process-track").await;
    assert_eq!(catalog.requeue_failed(None, &Products::of_ladder("high=flac"), NOW).await.unwrap(), 1);
    assert_eq!(
        catalog.requeue_failed(None, &Products::of_ladder("high=flac"), NOW).await.unwrap(),
        0,
        "it is queued"
    );
    let job = claim(&fixture, "process-track", NOW).await.unwrap();
    assert_eq!(job.kind, JobKind::make(id, Wanted::Upload(Products::of_ladder("high=flac"))));
    let made = ladder(&fixture, b"one", "hls1:high=flac", true).await;
    let done = ProcessCommit {
        analyzed: commit_of(&job, b"one"),
        ladder: Some(made),
        small: Vec::new(),
        duplicate: None,
        is_whole: true,
    };
    catalog.commit_process(&done, NOW).await.unwrap();
    withdraw("enrich-track-audio").await;
    assert_eq!(catalog.requeue_failed(None, &Products::of_ladder("high=flac"), NOW).await.unwrap(), 1);
    withdraw("enrich-track-audio").await;
    catalog.requeue_track(id, None, &Products::of_ladder("high=flac"), NOW).await.unwrap();
    assert_eq!(claim(&fixture, "enrich-track-audio", NOW).await.unwrap().kind.track(), id);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_retry_makes_the_ladder_that_is_set_now() {
    let fixture = Fixture::new().await;
    let id = add(&fixture, b"one", true).await;
    let job = claim(&fixture, "process-track", NOW).await.unwrap();
    assert_eq!(job.kind, JobKind::make(id, Wanted::Upload(Products::of_ladder("low=aac:96"))));
    let error = JobError {
        kind: ErrorKind::Unsupported,
        message: "no ffmpeg".to_owned(),
        offset_bytes: None,
        remedy: None,
    };
    fixture
        .store
        .jobs()
        .fail(LeaseKey::new(job.id, job.attempt, OWNER), error, AfterFailure::Park, NOW)
        .await
        .unwrap();
    fixture.store.catalog().requeue_track(id, None, &Products::of_ladder("high=flac"), NOW).await.unwrap();
    let job = claim(&fixture, "process-track", NOW).await.unwrap();
    assert_eq!(job.kind, JobKind::make(id, Wanted::Upload(Products::of_ladder("high=flac"))));
}

#[tokio::test]
async fn an_upload_is_never_acknowledged_without_its_bytes_while_the_same_are_deleted() {
    let fixture = Fixture::new().await;
    let (catalog, blobs) = (fixture.store.catalog(), fixture.store.blobs());
    let mut added = 0;
    for round in 0..40_u32 {
        let content = round.to_le_bytes();
        let new = upload(&content, true);
        blobs.put(BlobKind::Upload, &content).await.unwrap();
        let (gone, came) = match round % 2 {
            0 => tokio::join!(catalog.delete_unused_upload(new.hash), catalog.add_upload(&new, None, 0, NOW)),
            _ => {
                let (came, gone) = tokio::join!(
                    catalog.add_upload(&new, None, 0, NOW),
                    catalog.delete_unused_upload(new.hash)
                );
                (gone, came)
            }
        };
        gone.unwrap();
        match came {
            Ok(_) => {
                added += 1;
                assert!(blobs.contains(BlobKind::Upload, new.hash).await.unwrap(), "round {round}");
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Busy, "{error}"),
        }
    }
    assert!(added > 0 && added < 40, "both came first at times: {added}");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn an_enrichment_that_goes_on_failing_fails_open_after_three_attempts() {
    let fixture = Fixture::new().await;
    let id = processed(&fixture, b"one", false).await;
    let mut now = NOW;
    for attempt in 1..=3 {
        let job = claim(&fixture, "enrich-track-audio", now).await.unwrap();
        assert_eq!(job.attempt.0, attempt);
        assert!(claim(&fixture, "enrich-track-audio", now).await.is_none());
        let error = JobError {
            kind: ErrorKind::Io,
            message: "it broke".to_owned(),
            offset_bytes: None,
            remedy: None,
        };
        now = now.plus_ms(ENRICH_PAUSE_MS);
        let after = AfterFailure::RetryAt(now);
        fixture
            .store
            .jobs()
            .fail(LeaseKey::new(job.id, job.attempt, OWNER), error, after, now)
            .await
            .unwrap();
        let early = now.plus_ms(-1);
        assert!(claim(&fixture, "enrich-track-audio", early).await.is_none(), "five minutes apart");
    }
    let track = fixture.store.catalog().track(id).await.unwrap().unwrap().track;
    assert_eq!((track.state, track.enrichment), (TrackState::Ready, EnrichmentState::Failed));
    assert_eq!(track.enrichment_error.as_deref(), Some("it broke"));
    assert_eq!(track.home, TrackHome::Upload(UploadedBytes::Gone), "temporary audio is not needed any more");
    assert_eq!(fixture.store.jobs().counts("enrich-track-audio").await.unwrap().parked, 1);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_worker_that_dies_of_an_enrichment_costs_an_attempt_and_fails_open_at_last() {
    let fixture = Fixture::new().await;
    let id = processed(&fixture, b"one", true).await;
    let mut now = NOW;
    for _ in 1..=3 {
        claim(&fixture, "enrich-track-audio", now).await.unwrap();
        assert_eq!(fixture.store.jobs().release_owner(OWNER, now).await.unwrap(), 1);
        now = now.plus_ms(ENRICH_PAUSE_MS);
    }
    let track = fixture.store.catalog().track(id).await.unwrap().unwrap().track;
    assert_eq!((track.state, track.enrichment), (TrackState::Ready, EnrichmentState::Failed));
    assert!(track.enrichment_error.unwrap().contains("died"));
}

#[tokio::test]
async fn a_deleted_upload_leaves_nothing_and_its_worker_is_fenced_out() {
    let fixture = Fixture::new().await;
    let id = add(&fixture, b"one", true).await;
    let job = claim(&fixture, "process-track", NOW).await.unwrap();
    let catalog = fixture.store.catalog();
    catalog.delete_upload(id, NOW).await.unwrap();
    let done = ProcessCommit {
        analyzed: commit_of(&job, b"one"),
        ladder: None,
        small: Vec::new(),
        duplicate: None,
        is_whole: true,
    };
    assert_eq!(catalog.commit_process(&done, NOW).await.unwrap_err().kind(), ErrorKind::Conflict);
    let row = fixture.store.jobs().job(job.id).await.unwrap().unwrap();
    assert_eq!(row.state, JobState::Cancelled);
    assert_eq!(catalog.releases(None, None, 0, 10).await.unwrap().total, 0);
    fixture.assert_clean().await;

    // Files of the library are not ours to delete.
    fixture.add(&["A/B/one.flac"]).await;
    let in_folder = fixture.id("A/B/one.flac").await;
    assert_eq!(catalog.delete_upload(in_folder, NOW).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(catalog.delete_upload(id, NOW).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_ladder_used_longest_ago_goes_first_and_those_of_uploads_stay() {
    let fixture = Fixture::new().await;
    fixture.add(&["a.flac", "b.flac", "c.flac"]).await;
    fixture.analyze_all().await;
    processed(&fixture, b"upload", true).await;
    let catalog = fixture.store.catalog();
    let mut size = 0;
    for (number, path) in ["a.flac", "b.flac", "c.flac"].into_iter().enumerate() {
        let made = ladder(&fixture, path.as_bytes(), "hls1:x", false).await;
        size = made.size_bytes();
        let job = fanfare_store::NewJob {
            kind: JobKind::make(fixture.id(path).await, Wanted::Hls(String::new())),
            task: None,
            dedupe_key: None,
            priority: 0,
            run_at: NOW,
            max_attempts: 1,
        };
        fixture.store.jobs().enqueue(job, NOW).await.unwrap();
        let job = claim(&fixture, "transcode-track", NOW).await.unwrap();
        let at = later(number as i64);
        catalog.commit_transcode(job.id, job.attempt, OWNER, &made, at).await.unwrap();
    }
    catalog.touch_transcode(hash(b"a.flac"), "hls1:x", later(60));
    assert_eq!(catalog.evict_transcodes(2 * size, None, later(1_000_000)).await.unwrap(), 1);
    let there = |content: &'static [u8]| async move {
        catalog.transcode(hash(content), "hls1:x").await.unwrap().is_some()
    };
    assert_eq!((there(b"a.flac").await, there(b"b.flac").await, there(b"c.flac").await), (true, false, true));
    let blobs = fixture.store.blobs().list(BlobKind::Media).await.unwrap();
    assert_eq!(blobs.len(), 3, "the bytes of the evicted ladders are gone");
    assert_eq!(catalog.evict_transcodes(0, None, later(1_000_000)).await.unwrap(), 2);
    let counts = catalog.transcode_counts().await.unwrap();
    assert_eq!((counts.transcodes, counts.bytes), (1, counts.pinned_bytes));
    fixture.assert_clean().await;
}

/// issue 12: one cap over ladders and transcodes, and what was used longest ago is evicted first.
#[tokio::test]
async fn one_cap_holds_ladders_and_transcodes_and_the_least_recently_used_go_first() {
    const BYTES: u64 = 1_000;
    let fixture = Fixture::new().await;
    fixture.add(&["a.flac", "b.flac", "c.flac", "d.flac"]).await;
    fixture.analyze_all().await;
    let catalog = fixture.store.catalog();
    let job = async |kind: JobKind| {
        let queue = kind.queue();
        let new = fanfare_store::NewJob {
            kind,
            task: None,
            dedupe_key: None,
            priority: 0,
            run_at: NOW,
            max_attempts: 1,
        };
        fixture.store.jobs().enqueue(new, NOW).await.unwrap();
        claim(&fixture, queue, NOW).await.unwrap()
    };
    // Made in this order: a transcode, a ladder, a transcode, a ladder.
    for (number, path) in ["a.flac", "b.flac", "c.flac", "d.flac"].into_iter().enumerate() {
        let (track, at, content) = (fixture.id(path).await, later(number as i64), path.as_bytes());
        if number % 2 == 0 {
            let job = job(JobKind::make(track, Wanted::Transcodes(String::new()))).await;
            let mut file = small(&fixture, content);
            let path = catalog.cache().path(&file.file).unwrap();
            std::fs::write(path, vec![7; BYTES as usize]).unwrap();
            (file.size_bytes, file.used) = (BYTES, at);
            catalog.commit_cached(job.id, job.attempt, OWNER, (&[file], false), at).await.unwrap();
        } else {
            let job = job(JobKind::make(track, Wanted::Hls(String::new()))).await;
            let mut made = ladder(&fixture, content, "hls1:x", false).await;
            made.parts[0].size_bytes = BYTES;
            catalog.commit_transcode(job.id, job.attempt, OWNER, &made, at).await.unwrap();
        }
    }
    let there = async || {
        let mut there = String::new();
        for path in ["a.flac", "b.flac", "c.flac", "d.flac"] {
            let hash = hash(path.as_bytes());
            let files = catalog.cached_of(hash).await.unwrap();
            for file in &files {
                let on_disk = std::fs::metadata(catalog.cache().path(&file.file).unwrap());
                assert_eq!(on_disk.unwrap().len(), BYTES, "a row never points at nothing");
            }
            let is_there = !files.is_empty() || catalog.transcode(hash, "hls1:x").await.unwrap().is_some();
            there.push_str(if is_there { &path[..1] } else { "-" });
        }
        there
    };
    let soon = later(1_000_000);
    assert_eq!(catalog.evict_transcodes(4 * BYTES, None, soon).await.unwrap(), 0);
    assert_eq!(there().await, "abcd");
    // The oldest of all is a transcode, and it was listened to just now: then the ladder is the oldest.
    let profile = Profile::of(Quality::Medium, TranscodeCodec::Mp3).unwrap().to_string();
    catalog.touch_transcode(hash(b"a.flac"), &profile, later(60));
    assert_eq!(catalog.evict_transcodes(3 * BYTES, None, soon).await.unwrap(), 1);
    assert_eq!(there().await, "a-cd");
    assert_eq!(catalog.evict_transcodes(3 * BYTES - 1, None, soon).await.unwrap(), 1);
    assert_eq!(there().await, "a--d", "then the transcode");
    let profile = Profile::of(Quality::Medium, TranscodeCodec::Mp3).unwrap();
    let gone = catalog.cache().path(&profile.file_name(hash(b"c.flac"))).unwrap();
    assert!(!gone.exists(), "its bytes are gone too");
    // What is being used is not evicted, whatever the cap says.
    assert_eq!(catalog.evict_transcodes(0, None, later(30)).await.unwrap(), 1);
    assert_eq!(there().await, "a---");
}
