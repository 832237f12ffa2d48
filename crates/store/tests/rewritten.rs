//! A rewritten file: the same track, the same results, other bytes; and nothing is analyzed again.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{ErrorKind, Tags, TrackId, TrackState};
use fanfare_store::{FileFacts, ScanChange, ScannedFile};
use support::*;

const OLD: &str = "A/B/one.flac";

fn facts(bytes: &[u8], size_bytes: u64, seconds: i64) -> FileFacts {
    FileFacts { size_bytes, modified: later(seconds), changed_ns: None, hash: hash(bytes) }
}

fn louder(tags: &mut Tags) {
    tags.replaygain_track_gain_db = Some(-8.88);
}

/// The file as a scan finds it after it was rewritten.
fn found(path: &str, facts: FileFacts) -> ScannedFile {
    let mut found = file(path);
    louder(&mut found.tags);
    ScannedFile { size_bytes: facts.size_bytes, modified: facts.modified, ..found }
}

async fn waiting(fixture: &Fixture) -> usize {
    fixture.store.jobs().claim("analyze-track", OWNER, 100, later(9_999)).await.unwrap().len()
}

async fn note(fixture: &Fixture, id: TrackId, before: FileFacts, after: FileFacts) -> Result<(), ErrorKind> {
    let noted = fixture.store.catalog().note_rewritten(id, before, after, louder, later(60)).await;
    noted.map_err(|error| error.kind())
}

#[tokio::test]
async fn the_same_track_has_other_bytes_and_is_not_heard_again() {
    let fixture = Fixture::new().await;
    fixture.add(&[OLD, "A/B/two.flac"]).await;
    fixture.analyze_all().await;
    let (id, catalog) = (fixture.id(OLD).await, fixture.store.catalog());
    let results = catalog.analysis(id).await.unwrap();
    let shown = catalog.track(id).await.unwrap().unwrap();
    let (before, after) = (facts(OLD.as_bytes(), 1_000, 0), facts(b"with gains", 1_200, 50));
    note(&fixture, id, before, after).await.unwrap();

    let row = catalog.track(id).await.unwrap().unwrap();
    assert_eq!((row.track.size_bytes, row.track.modified), (after.size_bytes, after.modified));
    assert_eq!((row.track.hash, row.track.content_hash), (Some(after.hash), Some(after.hash)));
    assert_eq!(row.track.tags.replaygain_track_gain_db, Some(-8.88));
    assert_eq!((row.track.state, row.tempo_bpm, row.key), (TrackState::Ready, shown.tempo_bpm, shown.key));
    assert_eq!(catalog.analysis(id).await.unwrap(), results);
    // Whether the next scan compares it with the catalog, or the watcher has it read: nothing is to be done.
    let known = catalog.known_files(fixture.folder).await.unwrap();
    let known = known.iter().find(|known| known.id == id).unwrap();
    assert_eq!((known.size_bytes, known.modified), (after.size_bytes, after.modified));
    let applied = fixture.scan(vec![ScanChange::Changed(id, found(OLD, after))]).await;
    assert_eq!(applied.changed, 0);
    assert_eq!(waiting(&fixture).await, 0);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_copy_of_the_old_bytes_keeps_what_is_known_of_them() {
    let fixture = Fixture::new().await;
    fixture.add(&[OLD, "A/B/copy.flac"]).await;
    // Both are analyzed as the same bytes.
    for _ in 0..2 {
        let job = fixture.claim_one(NOW).await;
        fixture.store.catalog().commit_analysis(commit_of(&job, b"same"), NOW).await.unwrap();
    }
    let (one, copy, catalog) =
        (fixture.id(OLD).await, fixture.id("A/B/copy.flac").await, fixture.store.catalog());
    let results = catalog.analysis(one).await.unwrap();
    let after = facts(b"with gains", 1_200, 50);
    note(&fixture, one, facts(b"same", 1_000, 0), after).await.unwrap();
    let hash_of = async |id| catalog.track(id).await.unwrap().unwrap().track.content_hash;
    assert_eq!((hash_of(one).await, hash_of(copy).await), (Some(after.hash), Some(hash(b"same"))));
    assert_eq!(catalog.analysis(one).await.unwrap(), results);
    assert_eq!(catalog.analysis(copy).await.unwrap(), results);
    fixture.assert_clean().await;
    // The copy gets the same tags, so that they are one content again; the old one is gone.
    note(&fixture, copy, facts(b"same", 1_000, 0), after).await.unwrap();
    assert_eq!(hash_of(copy).await, Some(after.hash));
    assert_eq!(catalog.analysis(copy).await.unwrap(), results);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn what_became_another_file_meanwhile_is_left_as_it_is() {
    let fixture = Fixture::new().await;
    fixture.add(&[OLD]).await;
    let id = fixture.id(OLD).await;
    let (before, after) = (facts(OLD.as_bytes(), 1_000, 0), facts(b"with gains", 1_200, 50));
    assert_eq!(note(&fixture, id, before, after).await, Err(ErrorKind::Conflict), "not analyzed yet");
    fixture.analyze_all().await;
    let dump = fixture.store.catalog().canonical_dump().await.unwrap();
    for (what, before) in [
        ("size", FileFacts { size_bytes: 999, ..before }),
        ("time", FileFacts { modified: later(1), ..before }),
        ("bytes", FileFacts { hash: hash(b"other"), ..before }),
    ] {
        assert_eq!(note(&fixture, id, before, after).await, Err(ErrorKind::Conflict), "{what}");
    }
    let nobody = TrackId::from_bytes([9; 16]);
    assert_eq!(note(&fixture, nobody, before, after).await, Err(ErrorKind::NotFound));
    assert_eq!(fixture.store.catalog().canonical_dump().await.unwrap(), dump);
}

#[tokio::test]
async fn the_gain_in_a_files_tags_counts_until_it_is_measured() {
    let fixture = Fixture::new().await;
    let mut tagged = file(OLD);
    tagged.tags.replaygain_track_gain_db = Some(-3.25);
    fixture.scan(vec![ScanChange::Added(tagged), ScanChange::Added(file("A/B/two.flac"))]).await;
    let gain = async |path| {
        let id = fixture.id(path).await;
        fixture.store.catalog().track(id).await.unwrap().unwrap().replaygain_track_gain_db
    };
    assert_eq!((gain(OLD).await, gain("A/B/two.flac").await), (Some(-3.25), None));
    fixture.analyze_all().await;
    let measured = Some(-8.876_543_210_987_655);
    assert_eq!((gain(OLD).await, gain("A/B/two.flac").await), (measured, measured));
}
