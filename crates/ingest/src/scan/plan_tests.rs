use fanfare_model::{Error, ErrorKind};

use super::*;
use crate::scan::walk::{FoundFile, Picture, Unread};

fn id(number: u8) -> TrackId {
    TrackId::from_bytes([number; 16])
}

fn content(number: u8) -> ContentHash {
    ContentHash::from_bytes([number; 32])
}

/// A known file: number (id and, if analyzed, content), path, size.
fn known(number: u8, path: &str, size_bytes: u64, analyzed: bool) -> KnownFile {
    KnownFile {
        id: id(number),
        relative_path: path.to_owned(),
        size_bytes,
        modified: Timestamp(1_000),
        changed_ns: None,
        content_hash: analyzed.then(|| content(number)),
        state: TrackState::Ready,
        presence: Presence::Here,
        missing_since: None,
        added: Timestamp(0),
    }
}

fn found(files: &[(&str, u64)]) -> Walked {
    let mut files: Vec<FoundFile> = files
        .iter()
        .map(|(path, size_bytes)| FoundFile {
            relative_path: (*path).to_owned(),
            size_bytes: *size_bytes,
            modified: Timestamp(1_000),
            changed_ns: Some(1),
            picture: None,
        })
        .collect();
    files.sort_by(|a, b| a.relative_path.cmp(&b.relative_path));
    let above =
        |path: &str| path.match_indices('/').map(|(end, _)| path[..end].to_owned()).collect::<Vec<_>>();
    let folders = files.iter().flat_map(|file| above(&file.relative_path)).chain([String::new()]).collect();
    Walked { files, folders, ..Walked::default() }
}

/// What a comparison goes by, but for the two lists.
struct Before {
    mounts: Vec<FolderMount>,
    away: Vec<AwayFolder>,
    full: bool,
    recheck_bytes: u64,
    move_bytes: u64,
    elsewhere: Vec<FileElsewhere>,
    present: Vec<KnownBytes>,
    former: Vec<FormerPlace>,
    keep_ms: Option<i64>,
}

impl Default for Before {
    fn default() -> Self {
        Self {
            mounts: Vec::new(),
            away: Vec::new(),
            full: false,
            recheck_bytes: 1_000,
            move_bytes: 1_000,
            elsewhere: Vec::new(),
            present: Vec::new(),
            former: Vec::new(),
            keep_ms: Some(100),
        }
    }
}

const NOW: Timestamp = Timestamp(10_000);

fn planned(known: Vec<KnownFile>, walked: &Walked, before: &Before, contents: &[(&str, u8)]) -> Plan {
    let mut hash = |index: usize| {
        let path = &walked.files[index].relative_path;
        contents.iter().find(|(name, _)| name == path).map(|(_, number)| content(*number))
    };
    plan(known, walked, comparison(before, &HashSet::new(), &mut hash))
}

fn comparison<'a>(
    before: &'a Before,
    reread: &'a HashSet<TrackId>,
    hash: &'a mut dyn FnMut(usize) -> Option<ContentHash>,
) -> Comparison<'a> {
    Comparison {
        reread,
        pictures_since: None,
        mounts: &before.mounts,
        away: &before.away,
        full: before.full,
        recheck_bytes: before.recheck_bytes,
        move_bytes: before.move_bytes,
        elsewhere: &before.elsewhere,
        present: &before.present,
        former: &before.former,
        keep_ms: before.keep_ms,
        now: NOW,
        hash,
    }
}

/// The plan in words: `+path`, `~n path`, `#n path` (compared), `n>path`, `=n` (back), `?n` (missing), `^n` (off its path),
/// `<n` (its place is remembered), `-n` (removed permanently), `!path reason` (away).
fn words(plan: &Plan, walked: &Walked) -> Vec<String> {
    let number = |id: TrackId| id.as_bytes()[0];
    let mut words: Vec<String> = plan
        .readings
        .iter()
        .map(|reading| {
            let path = &walked.files[reading.file].relative_path;
            match reading.verdict {
                Verdict::Added => format!("+{path}"),
                Verdict::Changed(id) => format!("~{} {path}", number(id)),
                Verdict::Replaced(id) => format!("~~{} {path}", number(id)),
                Verdict::Recheck(id, _) => format!("#{} {path}", number(id)),
                Verdict::Moved(id) => format!("{}>{path}", number(id)),
                Verdict::Repictured(id) => format!("*{} {path}", number(id)),
            }
        })
        .collect();
    words.extend(plan.back.iter().map(|(id, _)| format!("={}", number(*id))));
    words.extend(plan.missing.iter().map(|id| format!("?{}", number(*id))));
    words.extend(plan.off_path.iter().map(|id| format!("^{}", number(*id))));
    words.extend(plan.left_behind.iter().map(|id| format!("<{}", number(*id))));
    words.extend(plan.removed.iter().map(|id| format!("-{}", number(*id))));
    words.extend(plan.away.iter().map(|away| format!("!{} {}", away.path, away.reason.as_str())));
    words
}

fn said(known: Vec<KnownFile>, walked: &Walked, contents: &[(&str, u8)]) -> Vec<String> {
    words(&planned(known, walked, &Before::default(), contents), walked)
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
        ("missing", vec![known(1, "a.wav", 10, true)], vec![], vec![], vec!["?1", "! all_gone"]),
        ("other content", vec![known(1, "a.wav", 10, false)], vec![("a.wav", 11)], vec![], vec!["~1 a.wav"]),
        (
            "moved, name kept",
            vec![known(1, "x/a.wav", 10, true)],
            vec![("y/a.wav", 10)],
            vec![],
            vec!["1>y/a.wav"],
        ),
        (
            "folder renamed, duplicates in it",
            vec![known(1, "x/1/a.wav", 10, false), known(2, "x/2/a.wav", 10, false)],
            vec![("y/1/a.wav", 10), ("y/2/a.wav", 10)],
            vec![],
            vec!["1>y/1/a.wav", "2>y/2/a.wav"],
        ),
        (
            "duplicates told apart by content",
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
            vec!["+b.wav", "?1"],
        ),
        (
            "renamed, never analyzed",
            vec![known(1, "a.wav", 10, false)],
            vec![("b.wav", 10)],
            vec![],
            vec!["+b.wav", "?1"],
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
fn what_could_not_be_seen_is_not_missing() {
    let mut walked = found(&[]);
    walked.unread.push(Unread {
        relative_path: "locked".to_owned(),
        is_file: false,
        error: Error::new(ErrorKind::PermissionDenied, "no"),
    });
    let known = vec![known(1, "locked/a.wav", 1, true), known(2, "locked too/a.wav", 1, true)];
    assert_eq!(said(known, &walked, &[]), ["?2", "!locked unreadable"]);
}

#[test]
fn a_new_picture_and_a_failure_that_may_have_gone_are_read_again() {
    let mut walked = found(&[("a.wav", 1), ("b.wav", 1), ("c.wav", 1)]);
    walked.pictures.push(Picture { path: "cover.jpg".into(), changed: Timestamp(5_000) });
    walked.files[1].picture = Some(0);
    let reread = HashSet::from([id(1)]);
    let known = || vec![known(1, "a.wav", 1, true), known(2, "b.wav", 1, true), known(3, "c.wav", 1, true)];
    for (since, readings) in [(None, 1), (Some(Timestamp(4_000)), 2), (Some(Timestamp(6_000)), 1)] {
        let before = Before { recheck_bytes: 0, keep_ms: None, ..Before::default() };
        let mut hash = |_| None;
        let comparison = Comparison { pictures_since: since, ..comparison(&before, &reread, &mut hash) };
        let plan = plan(known(), &walked, comparison);
        assert_eq!(plan.readings.len(), readings, "since {since:?}");
        assert_eq!(plan.readings[0].verdict, Verdict::Changed(id(1)));
    }
}

// issue 12: tag editors can keep size and modification time.
#[test]
fn a_file_with_another_change_time_is_compared_and_no_more_of_them_than_a_scan_has_time_for() {
    let touched =
        |number, path, changed_ns, analyzed| KnownFile { changed_ns, ..known(number, path, 10, analyzed) };
    let failed =
        |number, path| KnownFile { state: TrackState::Failed, ..touched(number, path, Some(9), false) };
    let one = |known: KnownFile| vec![known];
    let cases = [
        ("the same", one(touched(1, "a.wav", Some(1), true)), Before::default(), vec![]),
        ("another one", one(touched(1, "a.wav", Some(9), true)), Before::default(), vec!["#1 a.wav"]),
        ("to look at again", one(touched(1, "a.wav", Some(0), true)), Before::default(), vec!["#1 a.wav"]),
        ("not known yet", one(touched(1, "a.wav", None, true)), Before::default(), vec![]),
        ("never analyzed", one(touched(1, "a.wav", Some(9), false)), Before::default(), vec!["~1 a.wav"]),
        ("failed", one(failed(1, "a.wav")), Before::default(), vec!["~~1 a.wav"]),
        (
            "more than there is time for",
            vec![touched(1, "a.wav", Some(9), true), touched(2, "b.wav", Some(9), true)],
            Before { recheck_bytes: 15, ..Before::default() },
            vec!["#1 a.wav"],
        ),
        (
            "all of them",
            vec![touched(1, "a.wav", Some(1), true), touched(2, "b.wav", Some(1), true)],
            Before { full: true, recheck_bytes: 20, ..Before::default() },
            vec!["#1 a.wav", "#2 b.wav"],
        ),
        (
            "another modification time, the same size",
            one(KnownFile { modified: Timestamp(999), ..known(1, "a.wav", 10, true) }),
            Before::default(),
            vec!["#1 a.wav"],
        ),
        ("another size", one(known(1, "a.wav", 11, true)), Before::default(), vec!["~1 a.wav"]),
    ];
    for (name, known, before, expected) in cases {
        let paths: Vec<(String, u64)> = known.iter().map(|file| (file.relative_path.clone(), 10)).collect();
        let paths: Vec<(&str, u64)> = paths.iter().map(|(path, size)| (path.as_str(), *size)).collect();
        let walked = found(&paths);
        let plan = planned(known, &walked, &before, &[]);
        assert_eq!(words(&plan, &walked), expected, "{name}");
        assert_eq!(plan.unchecked, name == "more than there is time for", "{name}");
        assert_eq!(plan.noted.len(), usize::from(name == "not known yet"), "{name}");
    }
}

// issue 12
#[test]
fn a_missing_track_is_back_when_its_bytes_are_and_is_kept_for_as_long_as_is_set() {
    let missing = |number, path: &str, since: i64| KnownFile {
        presence: Presence::Missing,
        missing_since: Some(Timestamp(since)),
        added: Timestamp(5),
        ..known(number, path, 10, true)
    };
    let kept = |keep_ms| Before { keep_ms, ..Before::default() };
    let cases = [
        ("where it was", missing(1, "a.wav", 9_950), kept(Some(100)), vec![("a.wav", 10)], vec!["=1"]),
        (
            "elsewhere",
            missing(1, "a.wav", 9_950),
            kept(Some(100)),
            vec![("x/a.wav", 10)],
            vec!["1>x/a.wav", "<1"],
        ),
        ("another size", missing(1, "a.wav", 9_950), kept(Some(100)), vec![("a.wav", 11)], vec!["~1 a.wav"]),
        ("not yet over", missing(1, "a.wav", 9_901), kept(Some(100)), vec![], vec![]),
        ("over", missing(1, "a.wav", 9_900), kept(Some(100)), vec![], vec!["-1"]),
        ("kept permanently", missing(1, "a.wav", 9_900), kept(None), vec![], vec![]),
        ("by a clock that was not set", missing(1, "a.wav", 4), kept(Some(100)), vec![], vec![]),
    ];
    for (name, known, before, files, expected) in cases {
        let walked = found(&files);
        assert_eq!(words(&planned(vec![known.clone()], &walked, &before, &[]), &walked), expected, "{name}");
        let gone = Walked { not_there: true, ..Walked::default() };
        let plan = planned(vec![known], &gone, &before, &[]);
        assert_eq!((plan.removed, plan.missing), (vec![], vec![]), "{name}: nothing without the folder");
    }
    // With another time its bytes are compared before anything is dropped.
    let walked = found(&[("a.wav", 10)]);
    let other_time = KnownFile { modified: Timestamp(7), ..missing(1, "a.wav", 9_950) };
    assert_eq!(said(vec![other_time], &walked, &[]), ["#1 a.wav"]);
}

#[path = "moves_tests.rs"]
mod moves;
