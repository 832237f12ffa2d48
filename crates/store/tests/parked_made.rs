//! What another job has made is parked no more (issue 12).
#![allow(clippy::unwrap_used, clippy::panic)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{
    Error, ErrorKind, Job, JobId, JobKind, Profile, Quality, Timestamp, TranscodeCodec, Wanted, job::JobError,
};
use fanfare_store::{AfterFailure, BlobKind, CachedFile, LeaseKey, NewJob, TRANSCODE_ATTEMPTS, Transcode};
use support::{Fixture, NOW, OWNER, hash, later};

async fn claim(fixture: &Fixture, queue: &str, now: Timestamp) -> Option<Job> {
    fixture.store.jobs().claim(queue, OWNER, 1, now).await.unwrap().pop()
}

/// The next job of that queue is given up for that reason.
async fn park(fixture: &Fixture, queue: &str, error: &Error, now: Timestamp) -> JobId {
    let job = claim(fixture, queue, now).await.unwrap();
    let (error, park) = (JobError::from(error), AfterFailure::Park);
    fixture.store.jobs().fail(LeaseKey::new(job.id, job.attempt, OWNER), error, park, now).await.unwrap();
    job.id
}

async fn parked(fixture: &Fixture) -> u64 {
    let counts = fixture.store.catalog().parked_counts().await.unwrap();
    counts.iter().map(|(_, jobs)| jobs).sum()
}

#[tokio::test]
async fn a_file_that_another_job_made_is_parked_no_more() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    fixture.analyze_all().await;
    let (catalog, jobs) = (fixture.store.catalog(), fixture.store.jobs());
    let (id, content) = (fixture.id("A/B/one.flac").await, b"A/B/one.flac");
    let profile = Profile::of(Quality::Medium, TranscodeCodec::Mp3).unwrap();
    let (profile, name) = (profile.to_string(), profile.file_name(hash(content)));
    let kinds = [
        JobKind::make(id, Wanted::Stream(profile.clone())),
        JobKind::make(id, Wanted::Transcodes(format!("!{profile}"))),
        JobKind::make(id, Wanted::Hls("low=aac:64".to_owned())),
    ];
    for (number, kind) in kinds.iter().enumerate() {
        let job = NewJob {
            kind: kind.clone(),
            task: None,
            dedupe_key: Some(format!("key {number}")),
            priority: 0,
            run_at: NOW,
            max_attempts: TRANSCODE_ATTEMPTS,
        };
        jobs.enqueue(job, NOW).await.unwrap();
        park(&fixture, kind.queue(), &Error::new(ErrorKind::NoSpace, "the disk is full"), NOW).await;
    }
    assert_eq!(parked(&fixture).await, 3);
    let made = async |kind: JobKind, key: &str| {
        let job = NewJob {
            kind: kind.clone(),
            task: None,
            dedupe_key: Some(key.to_owned()),
            priority: 0,
            run_at: NOW,
            max_attempts: 1,
        };
        jobs.enqueue(job, NOW).await.unwrap();
        claim(&fixture, kind.queue(), NOW).await.unwrap()
    };
    let path = catalog.cache().path(&name).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"small").unwrap();
    let file = CachedFile {
        hash: hash(content),
        profile: profile.clone(),
        quality: Quality::Medium,
        file: name,
        size_bytes: 5,
        sum: None,
        made: NOW,
        used: NOW,
    };
    let job = made(JobKind::make(id, Wanted::Transcodes(profile)), "another").await;
    catalog.commit_cached(job.id, job.attempt, OWNER, (&[file], false), later(1)).await.unwrap();
    assert_eq!(catalog.parked_counts().await.unwrap(), [("transcode-track".to_owned(), 1)]);
    let blob = fixture.store.blobs().put(BlobKind::Media, b"ladder").await.unwrap();
    let ladder = Transcode {
        hash: hash(content),
        profile: "hls1:low=aac:64".to_owned(),
        pinned: false,
        parts: vec![part(blob)],
    };
    let job = made(JobKind::make(id, Wanted::Hls("low=aac:64".to_owned())), "one more").await;
    catalog.commit_transcode(job.id, job.attempt, OWNER, &ladder, later(2)).await.unwrap();
    assert_eq!(parked(&fixture).await, 0);
    fixture.assert_clean().await;
}

fn part(blob: fanfare_model::ContentHash) -> fanfare_store::TranscodePart {
    let facts = fanfare_model::hls::VariantFacts {
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
    fanfare_store::TranscodePart { blob, size_bytes: 6, facts, segments: Vec::new() }
}
