//! Tracks whose file is missing: hidden from everything that lists tracks, whole again when it is back (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests say what they expect

use fanfare_model::{AwayFolder, AwayReason, Presence, TrackState};
use fanfare_store::{FolderMount, ScanChange, ScanEnd, ScannedFile, TrackQuery};

mod support;
use support::{Fixture, NOW, all, file, later};

/// What lists, searches and counts say: tracks, matches of a search, artists, releases.
async fn listed(fixture: &Fixture) -> (u64, u64, u64, u64) {
    let catalog = fixture.store.catalog();
    let search = TrackQuery { search: Some("one".to_owned()), ..all() };
    let counts = catalog.counts().await.unwrap();
    let total = catalog.tracks(&all()).await.unwrap().total;
    assert_eq!(counts.tracks, total);
    assert_eq!(counts.artists, catalog.artists(None, 0, 10).await.unwrap().total);
    assert_eq!(counts.releases, catalog.releases(None, None, 0, 10).await.unwrap().total);
    (total, catalog.tracks(&search).await.unwrap().total, counts.artists, counts.releases)
}

#[tokio::test]
async fn a_missing_track_is_hidden_everywhere_and_whole_again_when_it_is_back() {
    let fixture = Fixture::new().await;
    fixture
        .scan(vec![ScanChange::Added(file("A/B/one.flac")), ScanChange::Added(file("C/D/two.flac"))])
        .await;
    fixture.analyze_all().await;
    let catalog = fixture.store.catalog();
    let id = fixture.id("A/B/one.flac").await;
    catalog.publish(id, true, NOW).await.unwrap();
    let before = catalog.canonical_dump().await.unwrap();
    let track = catalog.track(id).await.unwrap().unwrap().track;
    assert_eq!(listed(&fixture).await, (2, 1, 2, 2));

    let applied = fixture.scan(vec![ScanChange::Missing(id)]).await;
    assert_eq!((applied.missing, applied.removed), (1, 0));
    assert_eq!(fixture.scan(vec![ScanChange::Missing(id)]).await.missing, 0, "once is enough");
    assert_eq!(listed(&fixture).await, (1, 0, 1, 1));
    let public = TrackQuery { state: Some(TrackState::Published), ..all() };
    assert_eq!(catalog.tracks(&public).await.unwrap().total, 0, "not in the public list");
    let missing = TrackQuery { presence: Presence::Missing, search: Some("one".to_owned()), ..all() };
    assert_eq!(catalog.tracks(&missing).await.unwrap().items[0].track.id, id, "found by who asks for it");
    assert_eq!(catalog.counts().await.unwrap().missing, 1);
    let hidden = catalog.track(id).await.unwrap().unwrap().track;
    assert_eq!((hidden.published, hidden.content_hash), (track.published, track.content_hash));
    fixture.assert_clean().await;

    let applied = fixture.scan(vec![ScanChange::Same(id, None)]).await;
    assert_eq!(applied.restored, 1);
    assert_eq!(listed(&fixture).await, (2, 1, 2, 2));
    assert_eq!(catalog.canonical_dump().await.unwrap(), before, "as if nothing had been");
    assert_eq!(
        fixture.store.jobs().counts("analyze-track").await.unwrap().waiting,
        0,
        "nothing is analyzed again"
    );
    fixture.assert_clean().await;
}

#[tokio::test]
async fn jobs_of_a_missing_track_wait_until_it_is_back() {
    let fixture = Fixture::new().await;
    fixture
        .scan(vec![ScanChange::Added(file("A/B/one.flac")), ScanChange::Added(file("A/B/two.flac"))])
        .await;
    let (one, two) = (fixture.id("A/B/one.flac").await, fixture.id("A/B/two.flac").await);
    let jobs = fixture.store.jobs();
    // One runs, the other waits.
    let held = jobs.claim("analyze-track", "worker", 1, NOW).await.unwrap().remove(0);
    fixture.scan(vec![ScanChange::Missing(one), ScanChange::Missing(two)]).await;
    let counts = jobs.counts("analyze-track").await.unwrap();
    assert_eq!((counts.waiting, counts.running, counts.parked), (0, 0, 0), "{counts:?}");
    assert!(jobs.heartbeat(held.id, held.attempt, "worker", NOW).await.is_err(), "the lease is lost");
    fixture.store.catalog().forget_jobs(later(1_000_000)).await.unwrap();
    fixture.assert_clean().await;
    let applied = fixture.scan(vec![ScanChange::Same(one, None), ScanChange::Same(two, None)]).await;
    assert_eq!((applied.restored, applied.released), (2, 2));
    assert_eq!(jobs.counts("analyze-track").await.unwrap().waiting, 2);
    fixture.analyze_all().await;
    fixture.assert_clean().await;
}

#[tokio::test]
async fn missing_tracks_are_removed_when_a_user_asks_and_only_in_that_folder() {
    let fixture = Fixture::new().await;
    let files = ["nas/B/one.flac", "nas2/B/two.flac", "C/D/three.flac"];
    fixture.scan(files.iter().map(|path| ScanChange::Added(file(path))).collect()).await;
    fixture.analyze_all().await;
    let catalog = fixture.store.catalog();
    let (one, two) = (fixture.id(files[0]).await, fixture.id(files[1]).await);
    fixture.scan(vec![ScanChange::Missing(one), ScanChange::Missing(two)]).await;
    let away = AwayFolder { path: "nas".to_owned(), since: NOW, reason: AwayReason::ManyGone, tracks: 0 };
    let mount = |path: &str| FolderMount { path: path.to_owned(), device: u64::MAX, inode: 2 };
    let end =
        ScanEnd { scanned: Some(NOW), mounts: Some(vec![mount(""), mount("nas")]), away: vec![away.clone()] };
    catalog.end_scan(fixture.folder, &end).await.unwrap();
    assert_eq!(catalog.folder_mounts(fixture.folder).await.unwrap(), end.mounts.clone().unwrap());
    let missing = catalog.missing().await.unwrap().remove(&fixture.folder).unwrap();
    assert_eq!((missing.tracks, missing.away), (2, vec![AwayFolder { tracks: 1, ..away }]));

    assert_eq!(catalog.remove_missing(fixture.folder, "nas", &[], NOW).await.unwrap(), 1);
    assert!(catalog.track(one).await.unwrap().is_none() && catalog.track(two).await.unwrap().is_some());
    let missing = catalog.missing().await.unwrap().remove(&fixture.folder).unwrap();
    assert_eq!((missing.tracks, missing.away), (1, vec![]));
    assert_eq!(catalog.folder_mounts(fixture.folder).await.unwrap(), [mount("")]);
    assert_eq!(catalog.remove_missing(fixture.folder, "", &[two], NOW).await.unwrap(), 0, "it is to stay");
    assert_eq!(catalog.remove_missing(fixture.folder, "", &[], NOW).await.unwrap(), 1);
    assert!(catalog.missing().await.unwrap().is_empty());
    assert_eq!(catalog.tracks(&all()).await.unwrap().total, 1, "what is here stays");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn results_go_with_the_bytes_and_not_with_a_time() {
    let fixture = Fixture::new().await;
    fixture.scan(vec![ScanChange::Added(file("A/B/one.flac"))]).await;
    fixture.analyze_all().await;
    let id = fixture.id("A/B/one.flac").await;
    let known = async || fixture.store.catalog().track(id).await.unwrap().unwrap().track;
    let hash = known().await.content_hash;
    let touched = ScannedFile { modified: later(9), changed_ns: Some(7), ..file("A/B/one.flac") };
    fixture.scan(vec![ScanChange::Touched(id, touched.clone())]).await;
    let track = known().await;
    assert_eq!((track.content_hash, track.modified, track.changed_ns), (hash, later(9), Some(7)));
    assert_eq!(track.state, TrackState::Ready, "not analyzed again");
    fixture.scan(vec![ScanChange::Replaced(id, touched)]).await;
    let track = known().await;
    assert_eq!(
        (track.content_hash, track.state),
        (None, TrackState::Queued),
        "other bytes of the same size and time"
    );
    fixture.assert_clean().await;
}
