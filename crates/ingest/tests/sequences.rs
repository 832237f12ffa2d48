//! Any sequence of changes, scanned in between or not, ends in the same catalog as a scan of the final tree.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};

mod fixture;
use fixture::{Fixture, rest, scan, write_song};

/// One thing that happens to the tree. Numbers pick names and contents.
#[derive(Debug, Clone)]
enum Step {
    Write { place: u8, content: u8 },
    Remove { place: u8 },
    Move { from: u8, to: u8 },
    MoveFolder { from: u8, to: u8 },
    Copy { from: u8, to: u8 },
    Text { place: u8 },
    Picture { folder: u8, content: u8 },
    Scan,
}

const FOLDERS: [&str; 4] = ["", "a", "a/b", "c"];

fn place(number: u8) -> String {
    let folder = FOLDERS[usize::from(number) % FOLDERS.len()];
    let name = number / 4 % 3;
    if folder.is_empty() { format!("{name}.wav") } else { format!("{folder}/{name}.wav") }
}

fn step() -> impl Strategy<Value = Step> {
    let number = || 0_u8..12;
    prop_oneof![
        6 => (number(), 0_u8..6).prop_map(|(place, content)| Step::Write { place, content }),
        2 => number().prop_map(|place| Step::Remove { place }),
        3 => (number(), number()).prop_map(|(from, to)| Step::Move { from, to }),
        2 => (1_u8..4, 1_u8..4).prop_map(|(from, to)| Step::MoveFolder { from, to }),
        2 => (number(), number()).prop_map(|(from, to)| Step::Copy { from, to }),
        1 => number().prop_map(|place| Step::Text { place }),
        1 => (number(), 0_u8..3).prop_map(|(folder, content)| Step::Picture { folder, content }),
        4 => Just(Step::Scan),
    ]
}

/// Does it; steps that make no sense on this tree do nothing.
fn act(music: &Path, step: &Step) {
    let at = |number| music.join(place(number));
    let parent = |path: &Path| fs::create_dir_all(path.parent().unwrap());
    match step {
        Step::Write { place, content } => write_song(&at(*place), u32::from(*content)),
        Step::Remove { place } => drop(fs::remove_file(at(*place))),
        Step::Move { from, to } => {
            if at(*from).exists() {
                parent(&at(*to)).unwrap();
                fs::rename(at(*from), at(*to)).unwrap();
            }
        }
        Step::MoveFolder { from, to } => {
            let folder = |number: u8| music.join(FOLDERS[usize::from(number) % FOLDERS.len()]);
            // Refused (into itself, onto a full one) is fine.
            drop(fs::rename(folder(*from), folder(*to)));
        }
        Step::Copy { from, to } => {
            if at(*from).exists() && from != to {
                parent(&at(*to)).unwrap();
                let time = fs::metadata(at(*from)).unwrap().modified().unwrap();
                fs::copy(at(*from), at(*to)).unwrap();
                fs::File::options().write(true).open(at(*to)).unwrap().set_modified(time).unwrap();
            }
        }
        Step::Text { place } => {
            parent(&at(*place)).unwrap();
            fs::write(at(*place), "no music").unwrap();
        }
        Step::Picture { folder, content } => {
            let folder = music.join(FOLDERS[usize::from(*folder) % FOLDERS.len()]);
            if folder.is_dir() {
                fs::write(folder.join("cover.png"), PICTURES[usize::from(*content)]).unwrap();
            }
        }
        Step::Scan => {}
    }
}

/// Two pictures of one pixel (black, white), and what is none.
const PICTURES: [&[u8]; 3] = [
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc\xf8\x0f\0\x01\x01\x01\0\x1b\xb6\xeeV\0\0\0\0IEND\xaeB`\x82",
    b"not a picture",
];

async fn fresh_scan(fixture: &Fixture) -> Value {
    let data = tempfile::tempdir().unwrap();
    let store = fixture::open_store(data.path()).await;
    let options = fanfare_ingest::IngestOptions {
        data_dir: data.path().to_owned(),
        worker_exe: "/bin/cat".into(),
        worker_args: Vec::new(),
        pictures: fixture::pictures(),
        jobs: 1,
        watch: false,
        poll_interval: None,
        background: Default::default(),
        uploads: Default::default(),
        cache: Default::default(),
        quarantine_days: fanfare_ingest::QUARANTINE_DAYS,
        keep_missing_days: 30,
    };
    let ingest = fanfare_ingest::Ingest::start(
        fanfare_ingest::DataLock::acquire(data.path()).unwrap(),
        store.clone(),
        options,
    )
    .await
    .unwrap();
    ingest.add_folder(&fixture.music()).await.unwrap();
    scan(&ingest).await;
    let dump = store.catalog().canonical_dump().await.unwrap();
    ingest.shutdown().await;
    dump
}

async fn both_agree(steps: &[Step]) {
    let fixture = Fixture::new();
    let store = fixture.store().await;
    let ingest = fixture.scanning(&store).await;
    let folder = ingest.add_folder(&fixture.music()).await.unwrap();
    scan(&ingest).await;
    for step in steps {
        match step {
            Step::Scan => drop(scan(&ingest).await),
            step => act(&fixture.music(), step),
        }
    }
    scan(&ingest).await;
    // What is gone is kept as missing until a user removes it (issue 12).
    ingest.remove_missing(folder.id, "").await.unwrap();
    // Files whose path a missing track still had are found by the next scan.
    scan(&ingest).await;
    let dump = store.catalog().canonical_dump().await.unwrap();
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    ingest.shutdown().await;
    similar(&dump, &fresh_scan(&fixture).await);
}

/// Compares the dumps, and shows only what differs.
///
/// A track that became unreadable keeps what was known of it (so that a person sees which one it is): of failed
/// tracks only the failure is compared, and artists and releases only where nothing failed.
fn similar(found: &Value, expected: &Value) {
    let list = |dump: &Value, part: &str| dump[part].as_array().unwrap().clone();
    let compared = |track: &Value| match track["state"].as_str() {
        Some("failed") => json!([track["path"], track["size_bytes"], track["failure"], track["results"]]),
        _ => track.clone(),
    };
    let (tracks, wanted) = (list(found, "tracks"), list(expected, "tracks"));
    for (found, expected) in tracks.iter().zip(&wanted) {
        assert_eq!(compared(found), compared(expected));
    }
    assert_eq!(tracks.len(), wanted.len());
    if wanted.iter().all(|track| track["state"] != "failed") {
        for part in ["artists", "releases"] {
            assert_eq!(list(found, part), list(expected, part), "{part}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scans_in_between_change_nothing_about_the_end(steps in prop::collection::vec(step(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(both_agree(&steps));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_scan_goes_on_later() {
    let fixture = Fixture::new();
    for number in 0..300 {
        fixture.song(&format!("{number}.wav"), number);
    }
    let store = fixture.store().await;
    let ingest = fixture.scanning(&store).await;
    ingest.add_folder(&fixture.music()).await.unwrap();
    for scan in ingest.hub().active() {
        // It may be over already: then there is nothing to cancel.
        drop(ingest.cancel(scan.id).await);
    }
    scan(&ingest).await;
    for task in ingest.hub().active() {
        ingest.cancel(task.id).await.unwrap();
    }
    rest(&ingest).await;
    let dump = store.catalog().canonical_dump().await.unwrap();
    ingest.shutdown().await;
    similar(&dump, &fresh_scan(&fixture).await);
}
