use fanfare_model::{Error, ErrorKind};

use super::*;
use crate::scan::walk::{FoundFile, Picture, Unread};

fn id(number: u8) -> TrackId {
    TrackId::from_bytes([number; 16])
}

fn content(number: u8) -> ContentHash {
    ContentHash::from_bytes([number; 32])
}

/// A known file: number (id and, if heard, content), path, size.
fn known(number: u8, path: &str, size_bytes: u64, heard: bool) -> KnownFile {
    KnownFile {
        id: id(number),
        relative_path: path.to_owned(),
        size_bytes,
        modified: Timestamp(1_000),
        content_hash: heard.then(|| content(number)),
        state: TrackState::Ready,
    }
}

fn found(files: &[(&str, u64)]) -> Walked {
    let mut files: Vec<FoundFile> = files
        .iter()
        .map(|(path, size_bytes)| FoundFile {
            relative_path: (*path).to_owned(),
            size_bytes: *size_bytes,
            modified: Timestamp(1_000),
            picture: None,
        })
        .collect();
    files.sort_by(|a, b| a.relative_path.cmp(&b.relative_path));
    Walked { files, ..Walked::default() }
}

/// Plans, and says the plan in words: `+path`, `~n path`, `n>path`, `-n`.
fn said(known: Vec<KnownFile>, walked: &Walked, contents: &[(&str, u8)]) -> Vec<String> {
    let mut hash = |index: usize| {
        let path = &walked.files[index].relative_path;
        contents.iter().find(|(name, _)| name == path).map(|(_, number)| content(*number))
    };
    let reread = HashSet::new();
    let meant_empty = HashSet::from(["meant".to_owned()]);
    let comparison =
        Comparison { reread: &reread, pictures_since: None, meant_empty: &meant_empty, hash: &mut hash };
    let plan = plan(known, walked, comparison);
    let number = |id: TrackId| id.as_bytes()[0];
    let mut words: Vec<String> = plan
        .readings
        .iter()
        .map(|reading| {
            let path = &walked.files[reading.file].relative_path;
            match reading.verdict {
                Verdict::Added => format!("+{path}"),
                Verdict::Changed(id) => format!("~{} {path}", number(id)),
                Verdict::Moved(id) => format!("{}>{path}", number(id)),
                Verdict::Repictured(id) => format!("*{} {path}", number(id)),
            }
        })
        .collect();
    words.extend(plan.removed.iter().map(|id| format!("-{}", number(*id))));
    words
}

#[test]
fn a_scan_plans_what_happened_to_the_files() {
    type Case =
        (&'static str, Vec<KnownFile>, Vec<(&'static str, u64)>, Vec<(&'static str, u8)>, Vec<&'static str>);
    let cases: Vec<Case> = vec![
        ("nothing", vec![], vec![], vec![], vec![]),
        ("same", vec![known(1, "a.wav", 10, true)], vec![("a.wav", 10)], vec![], vec![]),
        ("added", vec![], vec![("a.wav", 10)], vec![], vec!["+a.wav"]),
        ("changed", vec![known(1, "a.wav", 10, true)], vec![("a.wav", 11)], vec![], vec!["~1 a.wav"]),
        ("removed", vec![known(1, "a.wav", 10, true)], vec![], vec![], vec!["-1"]),
        (
            "moved, name kept",
            vec![known(1, "x/a.wav", 10, true)],
            vec![("y/a.wav", 10)],
            vec![],
            vec!["1>y/a.wav"],
        ),
        (
            "folder renamed, twins in it",
            vec![known(1, "x/1/a.wav", 10, false), known(2, "x/2/a.wav", 10, false)],
            vec![("y/1/a.wav", 10), ("y/2/a.wav", 10)],
            vec![],
            vec!["1>y/1/a.wav", "2>y/2/a.wav"],
        ),
        (
            "twins told apart by content",
            vec![known(1, "x/a.wav", 10, true), known(2, "y/a.wav", 10, true)],
            vec![("p/a.wav", 10), ("q/a.wav", 10)],
            vec![("p/a.wav", 2), ("q/a.wav", 1)],
            vec!["2>p/a.wav", "1>q/a.wav"],
        ),
        (
            "renamed, same content",
            vec![known(1, "a.wav", 10, true)],
            vec![("b.wav", 10)],
            vec![("b.wav", 1)],
            vec!["1>b.wav"],
        ),
        (
            "renamed, other content",
            vec![known(1, "a.wav", 10, true)],
            vec![("b.wav", 10)],
            vec![("b.wav", 9)],
            vec!["+b.wav", "-1"],
        ),
        (
            "renamed, never heard",
            vec![known(1, "a.wav", 10, false)],
            vec![("b.wav", 10)],
            vec![],
            vec!["+b.wav", "-1"],
        ),
        (
            "one copied, then one removed",
            vec![known(1, "x/a.wav", 10, false)],
            vec![("y/a.wav", 10), ("z/a.wav", 10)],
            vec![],
            vec!["1>y/a.wav", "+z/a.wav"],
        ),
    ];
    for (name, known, files, contents, expected) in cases {
        assert_eq!(said(known, &found(&files), &contents), expected, "{name}");
    }
}

#[test]
fn what_could_not_be_seen_is_not_removed() {
    let mut walked = found(&[]);
    walked.unread.push(Unread {
        relative_path: "locked".to_owned(),
        is_file: false,
        error: Error::new(ErrorKind::PermissionDenied, "no"),
    });
    let known = vec![known(1, "locked/a.wav", 1, true), known(2, "locked too/a.wav", 1, true)];
    assert_eq!(said(known, &walked, &[]), ["-2"]);
}

#[test]
fn what_was_in_a_folder_that_is_empty_now_is_kept_unless_it_moved_or_that_is_meant() {
    let mut walked = found(&[("b/moved.wav", 3)]);
    walked.empty = ["nas", "meant", "x/deep"].map(str::to_owned).into();
    for (path, expected) in [
        ("nas/a.wav", &["+b/moved.wav"][..]),
        ("nas/b/c/a.wav", &["+b/moved.wav"]),
        ("x/deep/a.wav", &["+b/moved.wav"]),
        ("nas too/a.wav", &["+b/moved.wav", "-1"]),
        ("x/a.wav", &["+b/moved.wav", "-1"]),
        ("meant/a.wav", &["+b/moved.wav", "-1"]),
    ] {
        assert_eq!(said(vec![known(1, path, 1, true)], &walked, &[]), expected, "{path}");
    }
    assert_eq!(said(vec![known(1, "nas/moved.wav", 3, true)], &walked, &[]), ["1>b/moved.wav"]);
}

#[test]
fn a_new_picture_and_a_failure_that_may_have_gone_are_read_again() {
    let mut walked = found(&[("a.wav", 1), ("b.wav", 1), ("c.wav", 1)]);
    walked.pictures.push(Picture { path: "cover.jpg".into(), changed: Timestamp(5_000) });
    walked.files[1].picture = Some(0);
    let reread = HashSet::from([id(1)]);
    let known = || vec![known(1, "a.wav", 1, true), known(2, "b.wav", 1, true), known(3, "c.wav", 1, true)];
    for (since, readings) in [(None, 1), (Some(Timestamp(4_000)), 2), (Some(Timestamp(6_000)), 1)] {
        let meant_empty = HashSet::new();
        let comparison = Comparison {
            reread: &reread,
            pictures_since: since,
            meant_empty: &meant_empty,
            hash: &mut |_| None,
        };
        let plan = plan(known(), &walked, comparison);
        assert_eq!(plan.readings.len(), readings, "since {since:?}");
        assert_eq!(plan.readings[0].verdict, Verdict::Changed(id(1)));
    }
}
