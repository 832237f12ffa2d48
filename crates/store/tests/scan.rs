//! What a scan does to the catalog.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{ErrorKind, Tags, TrackState};
use fanfare_store::{BlobKind, JobCounts, Leftover, ScanApplied, ScanChange, ScannedFile, TrackQuery};
use support::*;

async fn jobs(fixture: &Fixture) -> JobCounts {
    fixture.store.jobs().counts("analyze-track").await.unwrap()
}

#[tokio::test]
async fn added_files_become_tracks_with_artist_release_and_job() {
    let fixture = Fixture::new().await;
    let applied = fixture
        .scan(vec![
            ScanChange::Added(file("Miles Davis/Kind of Blue/So What.flac")),
            ScanChange::Added(file("miles  davis/KIND OF BLUE/Blue in Green.flac")),
            ScanChange::Added(ScannedFile { tags: Tags::default(), ..file("a/b/loose.flac") }),
        ])
        .await;
    assert_eq!(applied, ScanApplied { added: 3, ..ScanApplied::default() });
    let catalog = fixture.store.catalog();
    let page = catalog.tracks(&all()).await.unwrap();
    assert_eq!(page.total, 3);
    let titles: Vec<_> = page.items.iter().map(|row| row.track.title.as_str()).collect();
    assert_eq!(titles, ["Blue in Green", "loose", "So What"]);
    assert_eq!(page.items[0].artist_name.as_deref(), Some("Miles Davis"), "as first met");
    assert_eq!(page.items[0].track.artist, page.items[2].track.artist);
    assert_eq!(page.items[0].track.release, page.items[2].track.release);
    assert_eq!((page.items[1].track.artist, page.items[1].track.release), (None, None));
    assert!(page.items.iter().all(|row| row.track.state == TrackState::Queued));
    assert_eq!(jobs(&fixture).await, JobCounts { waiting: 3, ..JobCounts::default() });
    let artists = catalog.artists(None, 0, 10).await.unwrap();
    assert_eq!((artists.items[0].track_count, artists.items[0].release_count, artists.total), (2, 1, 1));
    let releases = catalog.releases(Some(artists.items[0].id), Some("blue"), 0, 10).await.unwrap();
    assert_eq!((releases.items[0].track_count, releases.items[0].year), (2, Some(1959)));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_batch_applied_twice_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac", "A/B/three.flac", "A/B/four.flac"]).await;
    fixture.analyze_all().await;
    let (one, two, three) = (
        fixture.id("A/B/one.flac").await,
        fixture.id("A/B/two.flac").await,
        fixture.id("A/B/three.flac").await,
    );
    let changed = ScannedFile { size_bytes: 5, ..file("A/B/one.flac") };
    let batch = vec![
        ScanChange::Changed(one, changed),
        ScanChange::Moved(two, file("A/C/two.flac")),
        ScanChange::Removed(three),
        ScanChange::Added(file("X/Y/new.flac")),
        ScanChange::Unreadable {
            relative_path: "A/B/four.flac".to_owned(),
            size_bytes: 1,
            modified: NOW,
            changed_ns: None,
            failure: failure(ErrorKind::PermissionDenied, "no access"),
        },
        ScanChange::Unreadable {
            relative_path: "bad/five.mp3".to_owned(),
            size_bytes: 1,
            modified: NOW,
            changed_ns: None,
            failure: failure(ErrorKind::Malformed, "broken"),
        },
    ];
    let applied = fixture.scan(batch.clone()).await;
    assert_eq!(
        applied,
        ScanApplied { added: 1, changed: 1, moved: 1, removed: 1, unreadable: 2, ..ScanApplied::default() }
    );
    let (before, counts) = (fixture.store.catalog().canonical_dump().await.unwrap(), jobs(&fixture).await);
    assert_eq!(fixture.scan(batch.clone()).await, ScanApplied::default());
    assert_eq!(fixture.store.catalog().canonical_dump().await.unwrap(), before);
    assert_eq!(jobs(&fixture).await, counts);
    fixture.assert_clean().await;
    // Nor once everything in it was analyzed.
    fixture.analyze_all().await;
    let before = fixture.store.catalog().canonical_dump().await.unwrap();
    assert_eq!(fixture.scan(batch).await, ScanApplied::default());
    assert_eq!(fixture.store.catalog().canonical_dump().await.unwrap(), before);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_changed_file_loses_its_results_and_is_heard_again() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    fixture.analyze_all().await;
    let id = fixture.id("A/B/one.flac").await;
    let catalog = fixture.store.catalog();
    assert_eq!(catalog.track(id).await.unwrap().unwrap().track.state, TrackState::Ready);
    fixture.scan(vec![ScanChange::Changed(id, ScannedFile { size_bytes: 9, ..file("A/B/one.flac") })]).await;
    let row = catalog.track(id).await.unwrap().unwrap();
    assert_eq!((row.track.state, row.track.content_hash, row.tempo_bpm), (TrackState::Queued, None, None));
    assert!(catalog.analysis(id).await.unwrap().0.is_empty());
    assert_eq!(jobs(&fixture).await, JobCounts { waiting: 1, done: 1, ..JobCounts::default() });
    fixture.assert_clean().await;
}

/// Issue 4: a corrected tag took a track out of the public catalog permanently.
#[tokio::test]
async fn a_public_track_whose_file_changes_is_public_again_when_that_is_heard() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    fixture.analyze_all().await;
    let id = fixture.id("A/B/one.flac").await;
    let catalog = fixture.store.catalog();
    let state = async || catalog.track(id).await.unwrap().unwrap().track.state;
    let change = async |size_bytes| {
        fixture.scan(vec![ScanChange::Changed(id, ScannedFile { size_bytes, ..file("A/B/one.flac") })]).await;
        assert_eq!(state().await, TrackState::Queued, "nobody has analyzed what would be public");
        fixture.assert_clean().await;
    };
    catalog.publish(id, true, NOW).await.unwrap();
    change(9).await;
    fixture.analyze_all().await;
    assert_eq!(state().await, TrackState::Published);
    // What cannot be read for a while is no reason to take it back either.
    fixture
        .scan(vec![ScanChange::Unreadable {
            relative_path: "A/B/one.flac".to_owned(),
            size_bytes: 1,
            modified: NOW,
            changed_ns: None,
            failure: failure(ErrorKind::Malformed, "broken"),
        }])
        .await;
    assert_eq!(state().await, TrackState::Failed);
    change(10).await;
    fixture.analyze_all().await;
    assert_eq!(state().await, TrackState::Published);
    // Taken back while it waits, it stays so.
    change(11).await;
    catalog.publish(id, false, NOW).await.unwrap();
    assert!(catalog.publish(id, true, NOW).await.is_err(), "not before it is analyzed");
    fixture.analyze_all().await;
    assert_eq!(state().await, TrackState::Ready);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_replaced_file_shows_its_own_length_and_format_at_once() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    fixture.analyze_all().await;
    let id = fixture.id("A/B/one.flac").await;
    let catalog = fixture.store.catalog();
    let before = catalog.track(id).await.unwrap().unwrap().track.audio.unwrap();
    let audio =
        fanfare_model::AudioProperties { codec: "other".to_owned(), frames: Some(123), ..before.clone() };
    let replaced = ScannedFile { size_bytes: 9, audio: Some(audio.clone()), ..file("A/B/one.flac") };
    fixture.scan(vec![ScanChange::Changed(id, replaced)]).await;
    let row = catalog.track(id).await.unwrap().unwrap();
    assert_eq!(row.track.audio, Some(audio));
    assert_ne!(row.track.audio, Some(before));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn covers_that_nothing_has_can_be_removed() {
    let fixture = Fixture::new().await;
    let put = async |bytes: &[u8]| fixture.store.blobs().put(BlobKind::Cover, bytes).await.unwrap();
    let (kept, forgotten) = (put(b"kept").await, put(b"forgotten").await);
    fixture.scan(vec![ScanChange::Added(ScannedFile { cover: Some(kept), ..file("A/B/one.flac") })]).await;
    let present = async || fixture.store.blobs().list(BlobKind::Cover).await.unwrap();
    assert_eq!(fixture.delete_unnamed().await, 1);
    assert_eq!(present().await, [kept]);
    assert_ne!(kept, forgotten);
    fixture.assert_clean().await;

    let id = fixture.id("A/B/one.flac").await;
    fixture.scan(vec![ScanChange::Removed(id)]).await;
    assert!(present().await.is_empty(), "at once");
}

/// issue 12: covers that a scan replaced, and those of tracks that it removed, stayed for 30 days.
#[tokio::test]
async fn a_cover_that_a_scan_replaces_is_removed_at_once_and_one_that_is_needed_stays() {
    let fixture = Fixture::new().await;
    let put = async |bytes: &[u8]| fixture.store.blobs().put(BlobKind::Cover, bytes).await.unwrap();
    let present = async || fixture.store.blobs().list(BlobKind::Cover).await.unwrap();
    let (old, new) = (put(b"old").await, put(b"new").await);
    let with = |path: &str, cover| ScannedFile { cover: Some(cover), ..file(path) };
    let paths = ["A/B/one.flac", "A/B/two.flac"];
    fixture.scan(paths.iter().map(|path| ScanChange::Added(with(path, old))).collect()).await;
    let (one, two) = (fixture.id(paths[0]).await, fixture.id(paths[1]).await);

    fixture.scan(vec![ScanChange::Changed(one, with(paths[0], new))]).await;
    assert_eq!(present().await.len(), 2, "the other track has it");
    // Of a scan of several batches, what one of them leaves may be named by a later one.
    let catalog = fixture.store.catalog();
    let mut left = Leftover::default();
    let changes = vec![ScanChange::Changed(two, with(paths[1], new))];
    catalog.apply_scan_leaving(fixture.folder, None, changes, &mut left, NOW).await.unwrap();
    assert_eq!(present().await.len(), 2, "the scan is not over");
    catalog.remove_unnamed(left).await.unwrap();
    assert_eq!(present().await, [new]);
    fixture.scan(vec![ScanChange::Moved(two, with("A/B/three.flac", put(b"third").await))]).await;
    assert_eq!(present().await.len(), 2);
    fixture.scan(vec![ScanChange::Removed(two)]).await;
    assert_eq!(present().await, [new]);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_heard_is_heard_again() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let id = fixture.id("A/B/one.flac").await;
    let job = fixture.claim_one(NOW).await;
    fixture.store.catalog().begin_analysis(job.id, job.attempt, OWNER, id, NOW).await.unwrap();
    fixture.scan(vec![ScanChange::Changed(id, ScannedFile { size_bytes: 9, ..file("A/B/one.flac") })]).await;
    let error = fixture.store.catalog().commit_analysis(commit_of(&job, b"old"), NOW).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let counts = jobs(&fixture).await;
    assert_eq!((counts.waiting, counts.running, counts.cancelled), (1, 0, 1));
    fixture.analyze_all().await;
    assert_eq!(fixture.store.catalog().track(id).await.unwrap().unwrap().track.state, TrackState::Ready);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn other_tags_alone_keep_the_results() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    fixture.analyze_all().await;
    let id = fixture.id("A/B/one.flac").await;
    let mut retagged = file("A/B/one.flac");
    retagged.tags.artist = Some("Émile".to_owned());
    retagged.tags.album_artist = None;
    let applied = fixture.scan(vec![ScanChange::Changed(id, retagged)]).await;
    assert_eq!(applied.changed, 1);
    let row = fixture.store.catalog().track(id).await.unwrap().unwrap();
    assert_eq!(row.track.state, TrackState::Ready);
    assert_eq!(row.artist_name.as_deref(), Some("Émile"));
    assert_eq!(row.track.audio.unwrap().frames, Some(441_001), "as counted while analyzing");
    let found = TrackQuery { search: Some("emil".to_owned()), ..all() };
    assert_eq!(fixture.store.catalog().tracks(&found).await.unwrap().total, 1);
    let artists = fixture.store.catalog().artists(None, 0, 10).await.unwrap();
    assert_eq!(artists.total, 1, "the artist nothing is filed under is gone");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn files_may_swap_names_and_a_track_whose_path_is_taken_is_kept() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac", "A/B/three.flac"]).await;
    fixture.analyze_all().await;
    let (one, two) = (fixture.id("A/B/one.flac").await, fixture.id("A/B/two.flac").await);
    let three = fixture.id("A/B/three.flac").await;
    let applied = fixture
        .scan(vec![
            ScanChange::Moved(one, file("A/B/two.flac")),
            ScanChange::Moved(two, file("A/B/one.flac")),
        ])
        .await;
    assert_eq!(applied, ScanApplied { moved: 2, ..ScanApplied::default() });
    assert_eq!((fixture.id("A/B/one.flac").await, fixture.id("A/B/two.flac").await), (two, one));
    let applied = fixture.scan(vec![ScanChange::Moved(one, file("A/B/three.flac"))]).await;
    assert_eq!((applied.moved, applied.removed), (1, 0));
    assert_eq!(fixture.id("A/B/three.flac").await, one);
    assert_eq!(fixture.id(&format!("A/B/three.flac/{three}")).await, three);
    // issue 13: its file is found by a later batch.
    let applied = fixture.scan(vec![ScanChange::Moved(three, file("A/B/two.flac"))]).await;
    assert_eq!((applied.moved, applied.removed), (1, 0));
    assert_eq!(fixture.id("A/B/two.flac").await, three);
    let row = fixture.store.catalog().track(one).await.unwrap().unwrap();
    assert_eq!(row.track.state, TrackState::Ready);
    assert_eq!(
        fixture.store.catalog().track_path(one).await.unwrap().unwrap(),
        std::path::Path::new("/music/A/B/three.flac")
    );
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_file_that_can_be_read_again_is_heard() {
    let fixture = Fixture::new().await;
    let unreadable = |message: &str| ScanChange::Unreadable {
        relative_path: "A/B/one.flac".to_owned(),
        size_bytes: 1_000,
        modified: NOW,
        changed_ns: None,
        failure: failure(ErrorKind::PermissionDenied, message),
    };
    fixture.scan(vec![unreadable("no access")]).await;
    let id = fixture.id("A/B/one.flac").await;
    let row = fixture.store.catalog().track(id).await.unwrap().unwrap();
    assert_eq!((row.track.state, row.track.title.as_str()), (TrackState::Failed, "one"));
    assert_eq!(row.track.failure.unwrap().message, "no access");
    assert_eq!(jobs(&fixture).await, JobCounts::default());
    // Access was given: neither size nor time is another one.
    let applied = fixture.scan(vec![ScanChange::Changed(id, file("A/B/one.flac"))]).await;
    assert_eq!(applied.changed, 1);
    fixture.analyze_all().await;
    let row = fixture.store.catalog().track(id).await.unwrap().unwrap();
    assert_eq!((row.track.state, row.track.failure), (TrackState::Ready, None));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn compilations_are_one_release_and_credit_nobody() {
    let fixture = Fixture::new().await;
    let from = |path: &str, artist: &str| {
        let mut file = file(path);
        file.tags.album_artist = None;
        file.tags.artist = Some(artist.to_owned());
        file.tags.album = Some("Now".to_owned());
        ScanChange::Added(file)
    };
    fixture
        .scan(vec![
            from("Now/CD1/a.mp3", "Abba"),
            from("Now/CD2/b.mp3", "Blur"),
            from("Solo/c.mp3", "Cher"),
            from("Solo/d.mp3", "Cher"),
        ])
        .await;
    let releases = fixture.store.catalog().releases(None, None, 0, 10).await.unwrap();
    let mut credits: Vec<_> =
        releases.items.iter().map(|release| (release.artist_name.as_deref(), release.track_count)).collect();
    credits.sort();
    assert_eq!(credits, [(None, 2), (Some("Cher"), 2)]);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_removed_folder_takes_its_tracks_along() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac"]).await;
    fixture.claim_one(NOW).await;
    fixture.store.catalog().remove_folder(fixture.folder).await.unwrap();
    assert_eq!(fixture.store.catalog().tracks(&all()).await.unwrap().total, 0);
    assert_eq!(fixture.store.catalog().counts().await.unwrap().artists, 0);
    assert_eq!(jobs(&fixture).await, JobCounts { cancelled: 2, ..JobCounts::default() });
    assert_eq!(
        fixture.store.catalog().remove_folder(fixture.folder).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    fixture.assert_clean().await;
}
