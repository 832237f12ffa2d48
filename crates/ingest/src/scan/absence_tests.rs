use fanfare_model::{ContentHash, TrackState};

use super::*;
use crate::scan::{
    plan::{Comparison, Plan, plan},
    walk::FoundFile,
};

const NOW: Timestamp = Timestamp(10_000);

/// A folder of files, as it is known or as it is found: paths with their size.
fn known(files: &[(&str, u64)]) -> Vec<KnownFile> {
    let of = |(number, (path, size_bytes)): (usize, &(&str, u64))| KnownFile {
        id: id(number),
        relative_path: (*path).to_owned(),
        size_bytes: *size_bytes,
        modified: Timestamp(1),
        changed_ns: None,
        content_hash: Some(ContentHash::from_bytes([7; 32])),
        state: TrackState::Ready,
        presence: Presence::Here,
        missing_since: None,
        added: Timestamp(0),
    };
    files.iter().enumerate().map(of).collect()
}

fn id(number: usize) -> TrackId {
    TrackId::from_bytes([u8::try_from(number).unwrap(); 16])
}

/// Also the folders that hold those files, those named besides, and what is mounted on them.
fn walked(files: &[(&str, u64)], folders: &[&str], mounts: &[FolderMount]) -> Walked {
    let mut files: Vec<FoundFile> = files
        .iter()
        .map(|(path, size_bytes)| FoundFile {
            relative_path: (*path).to_owned(),
            size_bytes: *size_bytes,
            modified: Timestamp(1),
            changed_ns: None,
            picture: None,
        })
        .collect();
    files.sort_by(|a, b| a.relative_path.cmp(&b.relative_path));
    let above = files.iter().flat_map(|file| folders_above(&file.relative_path)).map(str::to_owned);
    let folders =
        above.chain(folders.iter().map(|folder| (*folder).to_owned())).chain([String::new()]).collect();
    Walked { files, folders, mounts: mounts.to_vec(), ..Walked::default() }
}

fn mount(path: &str, device: u64) -> FolderMount {
    FolderMount { path: path.to_owned(), device, inode: 2 }
}

fn compared(known: Vec<KnownFile>, walked: &Walked, mounts: &[FolderMount], away: &[AwayFolder]) -> Plan {
    let comparison = Comparison {
        reread: &HashSet::new(),
        pictures_since: None,
        mounts,
        away,
        full: false,
        move_bytes: 0,
        elsewhere: &[],
        present: &[],
        former: &[],
        recheck_bytes: 0,
        keep_ms: None,
        now: NOW,
        hash: &mut |_| None,
    };
    plan(known, walked, comparison)
}

fn said(plan: &Plan) -> Vec<String> {
    plan.away.iter().map(|away| format!("{}: {}", away.path, away.reason.as_str())).collect()
}

/// So many files in that folder, from that number on.
fn many(folder: &str, from: usize, count: usize) -> Vec<(String, u64)> {
    (from..from + count).map(|number| (format!("{folder}/{number}.flac"), 100 + number as u64)).collect()
}

fn refs(files: &[(String, u64)]) -> Vec<(&str, u64)> {
    files.iter().map(|(path, size)| (path.as_str(), *size)).collect()
}

// issue 12: one stray file at a mount point emptied a library.
#[test]
fn a_folder_counts_as_away_when_what_is_missing_was_most_likely_not_deleted() {
    type Files<'a> = &'a [(&'a str, u64)];
    struct Case<'a> {
        name: &'a str,
        known: Files<'a>,
        found: Files<'a>,
        folders: &'a [&'a str],
        before: &'a [(&'a str, u64)],
        after: &'a [(&'a str, u64)],
        away: &'a [&'a str],
    }
    let two: Files<'_> = &[("a/1.flac", 1), ("b/2.flac", 2)];
    let nested: Files<'_> = &[("a/1.flac", 1), ("nas/2.flac", 2)];
    let cases = [
        Case {
            name: "one stray file at the library's mount point",
            known: two,
            found: &[("stray.flac", 9)],
            folders: &[],
            before: &[("", 5)],
            after: &[("", 1)],
            away: &[": other_file_system"],
        },
        Case {
            name: "the same, when nobody knows what was mounted",
            known: two,
            found: &[("stray.flac", 9)],
            folders: &[],
            before: &[],
            after: &[("", 1)],
            away: &[": all_gone"],
        },
        Case {
            name: "a nested mount with one file, and one stray file at its mount point",
            known: nested,
            found: &[("a/1.flac", 1), ("nas/stray.flac", 9)],
            folders: &[],
            before: &[("", 5), ("nas", 6)],
            after: &[("", 5)],
            away: &["nas: other_file_system"],
        },
        Case {
            name: "a nested mount whose mount point is empty, bound from the same device",
            known: nested,
            found: &[("a/1.flac", 1)],
            folders: &["nas"],
            before: &[],
            after: &[("", 5)],
            away: &["nas: all_gone"],
        },
        Case {
            name: "something mounted over known tracks",
            known: nested,
            found: &[("a/1.flac", 1), ("nas/other.flac", 9)],
            folders: &[],
            before: &[("", 5)],
            after: &[("", 5), ("nas", 6)],
            away: &["nas: other_file_system"],
        },
        Case {
            name: "a new number for the same device",
            known: nested,
            found: nested,
            folders: &[],
            before: &[("", 5), ("nas", 6)],
            after: &[("", 7), ("nas", 8)],
            away: &[],
        },
        Case {
            name: "an album deleted with its folder",
            known: two,
            found: &[("a/1.flac", 1)],
            folders: &[],
            before: &[("", 5)],
            after: &[("", 5)],
            away: &[],
        },
        Case {
            name: "an album converted to another format in its folder",
            known: nested,
            found: &[("a/1.mp3", 9), ("nas/2.flac", 2)],
            folders: &[],
            before: &[("", 5)],
            after: &[("", 5)],
            away: &[],
        },
        Case {
            name: "one of two deleted",
            known: &[("a/1.flac", 1), ("a/2.flac", 2)],
            found: &[("a/1.flac", 1)],
            folders: &[],
            before: &[("", 5)],
            after: &[("", 5)],
            away: &[],
        },
    ];
    for case in cases {
        let mounts =
            |of: &[(&str, u64)]| of.iter().map(|(path, device)| mount(path, *device)).collect::<Vec<_>>();
        let after = mounts(case.after);
        let plan =
            compared(known(case.known), &walked(case.found, case.folders, &after), &mounts(case.before), &[]);
        assert_eq!(said(&plan), case.away, "{}", case.name);
        let lost = case.known.iter().filter(|known| !case.found.contains(known)).count();
        assert_eq!(plan.missing.len(), lost, "{}: {plan:?}", case.name);
        assert_eq!(plan.removed, [], "{}: nothing is removed", case.name);
        // Away again, and it stays so however often it is scanned.
        if !case.before.is_empty() && !case.away.is_empty() {
            let gone = known(case.known).into_iter().map(|file| KnownFile {
                presence: if plan.missing.contains(&file.id) { Presence::Missing } else { Presence::Here },
                missing_since: plan.missing.contains(&file.id).then_some(NOW),
                ..file
            });
            let later =
                compared(gone.collect(), &walked(case.found, case.folders, &after), &plan.mounts, &plan.away);
            assert_eq!((said(&later), later.missing.len()), (said(&plan), 0), "{}, later", case.name);
        } else {
            assert_eq!(plan.mounts, after, "{}: the next scan goes by what is there", case.name);
        }
    }
}

#[test]
fn half_of_a_library_gone_at_once_counts_as_away_from_twenty_tracks_on() {
    for (lost, left, away) in [
        (20, 20, Some("nas")),
        (20, 21, None),
        (19, 1, None),
        (19, 0, Some("")),
        (40, 0, Some("")),
        (30, 29, Some("nas")),
    ] {
        let (gone, stays) = (many("nas/deep", 0, lost), many("a", lost, left));
        let both: Vec<_> = gone.iter().chain(&stays).cloned().collect();
        // The folder went with its files: nothing but their number says that they were not deleted.
        let plan =
            compared(known(&refs(&both)), &walked(&refs(&stays), &[], &[mount("", 1)]), &[mount("", 1)], &[]);
        let found = plan.away.first().map(|away| (away.path.as_str(), away.reason));
        let expected = away.map(|path| match path {
            // None of it is left, which says more.
            "" => ("", AwayReason::AllGone),
            _ => ("nas/deep", AwayReason::ManyGone),
        });
        assert_eq!(
            found.map(|(_, reason)| reason),
            expected.map(|(_, reason)| reason),
            "{lost} of {}",
            lost + left
        );
        assert_eq!((plan.missing.len(), plan.removed.len()), (lost, 0));
    }
}

#[test]
fn on_another_file_system_another_file_of_the_same_name_is_no_change_of_the_track() {
    let three = [("1.flac", 1), ("2.flac", 2), ("3.flac", 3)];
    let stray = walked(&[("1.flac", 99), ("new.flac", 5)], &[], &[mount("", 1)]);
    let plan = compared(known(&three), &stray, &[mount("", 5)], &[]);
    assert_eq!((plan.missing.len(), said(&plan)), (3, vec![": other_file_system".to_owned()]));
    let files: Vec<&str> =
        plan.readings.iter().map(|reading| stray.files[reading.file].relative_path.as_str()).collect();
    assert_eq!(files, ["new.flac"], "what is new is taken in all the same");
    // Where most are there, on a device with another number, it is a change: a user edited tags elsewhere.
    let edited = walked(&[("1.flac", 99), ("2.flac", 2)], &[], &[mount("", 1)]);
    let plan = compared(known(&three), &edited, &[mount("", 5)], &[]);
    assert_eq!((plan.readings.len(), plan.missing.len()), (1, 1), "{plan:?}");
}

#[test]
fn a_folder_is_no_longer_away_when_most_of_it_is_back() {
    let away =
        |path: &str, reason| AwayFolder { path: path.to_owned(), since: Timestamp(77), reason, tracks: 0 };
    let before = [away("nas", AwayReason::ManyGone), away("b", AwayReason::Unreadable)];
    let files = [("nas/0.flac", 1), ("nas/1.flac", 2), ("nas/2.flac", 3), ("b/3.flac", 4)];
    for (found, still) in [
        (&files[3..], true),
        (&[files[0], files[3]][..], true),
        (&[files[0], files[1], files[3]][..], false),
        (&files[..], false),
    ] {
        let missing = known(&files).into_iter().map(|file| match file.relative_path.starts_with("nas") {
            true => KnownFile { presence: Presence::Missing, missing_since: Some(Timestamp(77)), ..file },
            false => file,
        });
        let plan =
            compared(missing.collect(), &walked(found, &[], &[mount("", 1)]), &[mount("", 1)], &before);
        let expected = if still { vec![away("nas", AwayReason::ManyGone)] } else { vec![] };
        assert_eq!(plan.away, expected, "{} found", found.len());
    }
}

#[test]
fn a_library_folder_that_is_not_there_loses_nothing() {
    let gone = Walked { not_there: true, ..Walked::default() };
    let plan = compared(known(&[("a/1.flac", 1)]), &gone, &[mount("", 5)], &[]);
    assert_eq!((said(&plan), plan.missing.len()), (vec![": not_there".to_owned()], 1));
    assert_eq!(plan.mounts, [mount("", 5)], "what was there is what is compared with");
}
