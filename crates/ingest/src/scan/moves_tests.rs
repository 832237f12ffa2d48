//! Which new files are known tracks.

use super::*;

// issue 13: a copy whose time had changed lost id, publication and results.
#[test]
fn the_same_bytes_elsewhere_are_the_same_track_whatever_their_time_and_name() {
    type Case =
        (&'static str, Vec<KnownFile>, Vec<(&'static str, u64)>, Vec<(&'static str, u8)>, Vec<&'static str>);
    let same =
        |number, path: &str| KnownFile { content_hash: Some(content(7)), ..known(number, path, 10, true) };
    let cases: Vec<Case> = vec![
        (
            "the name kept",
            vec![known(1, "x/a.wav", 10, true)],
            vec![("y/a.wav", 10)],
            vec![("y/a.wav", 1)],
            vec!["1>y/a.wav"],
        ),
        (
            "another name",
            vec![known(1, "x/a.wav", 10, true)],
            vec![("y/b.wav", 10)],
            vec![("y/b.wav", 1)],
            vec!["1>y/b.wav"],
        ),
        (
            "the same name and size, other bytes",
            vec![known(1, "x/a.wav", 10, true)],
            vec![("y/a.wav", 10)],
            vec![("y/a.wav", 9)],
            vec!["+y/a.wav", "?1"],
        ),
        (
            "missing for long",
            vec![KnownFile { presence: Presence::Missing, ..known(1, "x/a.wav", 10, true) }],
            vec![("y/b.wav", 10)],
            vec![("y/b.wav", 1)],
            vec!["1>y/b.wav", "<1"],
        ),
        (
            "files with the same bytes, by their names",
            vec![same(1, "x/intro.wav"), same(2, "x/outro.wav"), same(3, "x/pause.wav")],
            vec![("y/1 pause.wav", 10), ("y/2 outro.wav", 10), ("y/3 intro.wav", 10)],
            vec![("y/1 pause.wav", 7), ("y/2 outro.wav", 7), ("y/3 intro.wav", 7)],
            vec!["3>y/1 pause.wav", "2>y/2 outro.wav", "1>y/3 intro.wav"],
        ),
        (
            "files with the same bytes, by their folders",
            vec![same(1, "x/disc 1/a.wav"), same(2, "x/disc 2/a.wav")],
            vec![("y/disc 2/a.wav", 10), ("y/disc 1/a.wav", 10)],
            vec![("y/disc 2/a.wav", 7), ("y/disc 1/a.wav", 7)],
            vec!["1>y/disc 1/a.wav", "2>y/disc 2/a.wav"],
        ),
        (
            "more files than tracks",
            vec![same(1, "x/a.wav")],
            vec![("y/b.wav", 10), ("z/a.wav", 10)],
            vec![("y/b.wav", 7), ("z/a.wav", 7)],
            vec!["+y/b.wav", "1>z/a.wav"],
        ),
        (
            "a copy of what is there",
            vec![known(1, "x/a.wav", 10, true)],
            vec![("x/a.wav", 10), ("y/a.wav", 10)],
            vec![("y/a.wav", 1)],
            vec!["#1 x/a.wav", "+y/a.wav"],
        ),
    ];
    for (name, known, files, contents, expected) in cases {
        let mut walked = found(&files);
        walked.folders.insert("x".to_owned());
        // Another time than the tracks have, and something that stays, so that no folder counts as away.
        walked.files.iter_mut().for_each(|file| file.modified = Timestamp(2_000));
        let said = said(known, &walked, &contents);
        let said: Vec<&str> = said.iter().map(String::as_str).filter(|word| !word.starts_with('!')).collect();
        assert_eq!(said, expected, "{name}");
    }
}

#[test]
fn no_file_is_read_where_nothing_of_its_size_is_gone_and_only_so_much_in_one_scan() {
    let walked = found(&[("new.wav", 20), ("y/a.wav", 10), ("y/b.wav", 10), ("y/c.wav", 10)]);
    let gone = || vec![known(1, "x/1.wav", 10, true), known(2, "x/2.wav", 10, true)];
    let read = |known: Vec<KnownFile>, bytes| {
        let mut read = Vec::new();
        let before = Before { move_bytes: bytes, ..Before::default() };
        let mut hash = |index: usize| {
            read.push(walked.files[index].relative_path.clone());
            Some(content(9))
        };
        let reread = HashSet::new();
        let comparison = comparison(&before, &reread, &mut hash);
        let plan = plan(known, &walked, comparison);
        (read, plan.readings.len(), plan.unchecked)
    };
    assert_eq!(read(Vec::new(), 100), (vec![], 4, false), "nothing is gone");
    let all = ["y/a.wav", "y/b.wav", "y/c.wav"].map(str::to_owned);
    assert_eq!(read(gone(), 30), (all.to_vec(), 4, false));
    assert_eq!(read(gone(), 20), (all[..2].to_vec(), 3, true), "the last one is left for the next scan");
    assert_eq!(read(gone(), 1), (all[..1].to_vec(), 2, true), "one at least");
}

// issue 13
#[test]
fn a_track_of_another_library_folder_is_taken_up_and_goes_back_to_where_it_was() {
    let elsewhere = |presence| FileElsewhere {
        file: KnownFile { presence, ..known(1, "old/a.wav", 10, true) },
        folder: FolderId::from_bytes([8; 16]),
        root: "/other".into(),
    };
    let walked = found(&[("b.wav", 10)]);
    let before = Before { elsewhere: vec![elsewhere(Presence::Here)], ..Before::default() };
    let plan = planned(vec![], &walked, &before, &[("b.wav", 1)]);
    assert_eq!(words(&plan, &walked), ["1>b.wav", "<1"]);
    assert!(plan.taken_from.contains(&FolderId::from_bytes([8; 16])));

    // A copy took its place while its storage was away; the file is back there with the time that it had.
    let place = |modified| FormerPlace {
        track: id(1),
        relative_path: "a.wav".to_owned(),
        size_bytes: 10,
        modified: Timestamp(modified),
        content_hash: content(1),
        folder: FolderId::from_bytes([9; 16]),
    };
    let walked = found(&[("a.wav", 10), ("b.wav", 10)]);
    let known = vec![known(1, "b.wav", 10, true)];
    for (modified, bytes, expected) in
        [(1_000, 1, vec!["1>a.wav", "+b.wav"]), (1_000, 2, vec!["+a.wav"]), (999, 1, vec!["+a.wav"])]
    {
        let before = Before { former: vec![place(modified)], ..Before::default() };
        let plan = planned(known.clone(), &walked, &before, &[("a.wav", bytes)]);
        assert_eq!(words(&plan, &walked), expected, "{modified} {bytes}");
        assert_eq!(plan.copies.len(), expected.len() - 1);
    }
}

/// A case of renamed files: its name, the known tracks, the files with their sizes, the contents, and the plan.
type Renamed =
    (&'static str, Vec<KnownFile>, Vec<(&'static str, u64)>, Vec<(&'static str, u8)>, Vec<&'static str>);

fn check_renamed(cases: Vec<Renamed>) {
    for (name, known, files, contents, expected) in cases {
        let walked = found(&files);
        let plan = planned(known, &walked, &Before::default(), &contents);
        assert_eq!(words(&plan, &walked), expected, "{name}");
        assert!(!plan.unchecked, "{name}");
    }
}

// issue 13: files renamed onto each other's paths kept ids by path: a private recording got the id and the publication of
// another one.
#[test]
fn files_renamed_onto_the_paths_of_others_are_the_tracks_whose_bytes_they_have() {
    let one = || known(1, "1.wav", 11, true);
    let two = || known(2, "2.wav", 12, true);
    let three = || known(3, "3.wav", 13, true);
    check_renamed(vec![
        (
            "swap",
            vec![one(), two()],
            vec![("1.wav", 12), ("2.wav", 11)],
            vec![("1.wav", 2), ("2.wav", 1)],
            vec!["2>1.wav", "1>2.wav"],
        ),
        (
            "rotation of three",
            vec![one(), two(), three()],
            vec![("1.wav", 13), ("2.wav", 11), ("3.wav", 12)],
            vec![("1.wav", 3), ("2.wav", 1), ("3.wav", 2)],
            vec!["3>1.wav", "1>2.wav", "2>3.wav"],
        ),
        (
            "shift by one, with a new first file",
            vec![one(), two(), three()],
            vec![("1.wav", 20), ("2.wav", 11), ("3.wav", 12), ("4.wav", 13)],
            vec![("1.wav", 9), ("2.wav", 1), ("3.wav", 2), ("4.wav", 3)],
            vec!["+1.wav", "1>2.wav", "2>3.wav", "3>4.wav"],
        ),
        (
            "shift by one, without",
            vec![one(), two(), three()],
            vec![("2.wav", 11), ("3.wav", 12), ("4.wav", 13)],
            vec![("2.wav", 1), ("3.wav", 2), ("4.wav", 3)],
            vec!["1>2.wav", "2>3.wav", "3>4.wav"],
        ),
        (
            "shift down over the first file",
            vec![one(), two(), three()],
            vec![("1.wav", 12), ("2.wav", 13)],
            vec![("1.wav", 2), ("2.wav", 3)],
            vec!["2>1.wav", "3>2.wav", "?1"],
        ),
        (
            "swap and an edit",
            vec![one(), two(), three()],
            vec![("1.wav", 12), ("2.wav", 11), ("3.wav", 14)],
            vec![("1.wav", 2), ("2.wav", 1), ("3.wav", 9)],
            vec!["2>1.wav", "1>2.wav", "~3 3.wav"],
        ),
        (
            "edits that give the sizes of others",
            vec![one(), two()],
            vec![("1.wav", 12), ("2.wav", 11)],
            vec![("1.wav", 8), ("2.wav", 9)],
            vec!["~1 1.wav", "~2 2.wav"],
        ),
        (
            "swap of files that were never read",
            vec![known(1, "1.wav", 11, false), known(2, "2.wav", 12, false)],
            vec![("1.wav", 12), ("2.wav", 11)],
            vec![],
            vec!["2>1.wav", "1>2.wav"],
        ),
        (
            "a missing track at the path of another one, which is nowhere",
            vec![KnownFile { presence: Presence::Missing, ..one() }, two()],
            vec![("2.wav", 11)],
            vec![("2.wav", 1)],
            vec!["1>2.wav", "?2", "<1"],
        ),
    ]);
}

// issue 13
#[test]
fn files_of_the_same_size_and_time_that_swap_paths_are_told_apart_by_their_bytes() {
    let touched = |number, path: &str| KnownFile { changed_ns: Some(9), ..known(number, path, 10, true) };
    check_renamed(vec![
        (
            "swap",
            vec![touched(1, "1.wav"), touched(2, "2.wav")],
            vec![("1.wav", 10), ("2.wav", 10)],
            vec![("1.wav", 2), ("2.wav", 1)],
            vec!["2>1.wav", "1>2.wav"],
        ),
        (
            "another owner",
            vec![touched(1, "1.wav"), touched(2, "2.wav")],
            vec![("1.wav", 10), ("2.wav", 10)],
            vec![("1.wav", 1), ("2.wav", 2)],
            vec!["#1 1.wav", "#2 2.wav"],
        ),
        (
            "another owner, and a copy",
            vec![touched(1, "1.wav")],
            vec![("1.wav", 10), ("2.wav", 10)],
            vec![("1.wav", 1), ("2.wav", 1)],
            vec!["#1 1.wav", "+2.wav"],
        ),
        (
            "the one edited, a copy of the other over it",
            vec![touched(1, "1.wav"), touched(2, "2.wav")],
            vec![("1.wav", 10), ("2.wav", 10)],
            vec![("1.wav", 2), ("2.wav", 9)],
            vec!["2>1.wav", "+2.wav", "?1"],
        ),
    ]);
    // What is too much to read in one scan is left for the next one, with the tracks as they are.
    let walked = found(&[("1.wav", 10), ("2.wav", 10), ("3.wav", 10)]);
    let before = Before { move_bytes: 15, ..Before::default() };
    let contents = [("1.wav", 2), ("2.wav", 1), ("3.wav", 9)];
    let plan = planned(vec![touched(1, "1.wav"), touched(2, "2.wav")], &walked, &before, &contents);
    assert_eq!(words(&plan, &walked), ["#1 1.wav"; 0]);
    assert!(plan.unchecked);
}

// issue 13
#[test]
fn files_that_swap_paths_across_two_library_folders_keep_their_ids() {
    // The other folder has not been scanned yet: its track's path has the file of this one.
    let other = FolderId::from_bytes([8; 16]);
    let file = known(2, "2.wav", 12, true);
    let before = Before {
        elsewhere: vec![FileElsewhere { file, folder: other, root: "/other".into() }],
        ..Before::default()
    };
    let walked = found(&[("1.wav", 12)]);
    let plan = planned(vec![known(1, "1.wav", 11, true)], &walked, &before, &[("1.wav", 2)]);
    let said = words(&plan, &walked);
    assert_eq!(said, ["2>1.wav", "?1", "<2"]);
    assert!(plan.taken_from.contains(&other));
    // Then that one: the track of this folder is missing, and its path is taken.
    let file = KnownFile { presence: Presence::Missing, ..known(1, "1.wav/1", 11, true) };
    let before = Before {
        elsewhere: vec![FileElsewhere { file, folder: other, root: "/music".into() }],
        ..Before::default()
    };
    let walked = found(&[("2.wav", 11)]);
    let plan = planned(vec![], &walked, &before, &[("2.wav", 1)]);
    assert_eq!(words(&plan, &walked), ["1>2.wav", "<1"]);
}

// issue 12: a private track copied over the file of a published one counted as an edit of it, and its bytes were public.
#[test]
fn a_copy_of_a_track_over_another_one_is_a_new_track_and_an_edit_is_the_same_one() {
    let one = || known(1, "1.wav", 11, true);
    let two = || known(2, "2.wav", 12, true);
    let files = || vec![("1.wav", 12), ("2.wav", 12)];
    let copied = || vec!["+1.wav", "?1", "^1"];
    let other_size = |number, path| KnownFile { modified: Timestamp(9), ..known(number, path, 12, true) };
    check_renamed(vec![
        ("a copy", vec![one(), two()], files(), vec![("1.wav", 2)], copied()),
        (
            "an edit that gives the size of another one",
            vec![one(), two()],
            files(),
            vec![("1.wav", 9)],
            vec!["~1 1.wav"],
        ),
        (
            "a copy of the same size",
            vec![other_size(1, "1.wav"), two()],
            files(),
            vec![("1.wav", 2)],
            copied(),
        ),
        (
            "an edit of the same size",
            vec![other_size(1, "1.wav"), two()],
            files(),
            vec![("1.wav", 9)],
            vec!["#1 1.wav"],
        ),
        (
            "one of two files with the same bytes has another time",
            vec![other_size(1, "1.wav"), KnownFile { content_hash: Some(content(1)), ..two() }],
            files(),
            vec![("1.wav", 1)],
            vec!["#1 1.wav"],
        ),
        (
            "a copy of a track that was not analyzed yet",
            vec![one(), known(2, "2.wav", 12, false)],
            files(),
            vec![("1.wav", 7), ("2.wav", 7)],
            copied(),
        ),
        (
            "a copy over a track that waits to be analyzed again",
            vec![known(1, "1.wav", 11, false), two()],
            files(),
            vec![("1.wav", 2)],
            copied(),
        ),
        (
            "another owner of two tracks with the same bytes that were not analyzed yet",
            vec![
                KnownFile { changed_ns: Some(9), ..known(1, "1.wav", 12, false) },
                KnownFile { changed_ns: Some(9), ..known(2, "2.wav", 12, false) },
            ],
            files(),
            vec![("1.wav", 7), ("2.wav", 7)],
            vec!["~1 1.wav", "~2 2.wav"],
        ),
        (
            "a copy over a track that is somewhere else now",
            vec![one(), two()],
            vec![("1.wav", 12), ("2.wav", 12), ("3.wav", 11)],
            vec![("1.wav", 2), ("3.wav", 1)],
            vec!["+1.wav", "1>3.wav"],
        ),
        (
            "two copies of a track that is not where it was",
            vec![one(), two()],
            vec![("1.wav", 12), ("x/2.wav", 12)],
            vec![("1.wav", 2), ("x/2.wav", 2)],
            vec!["+1.wav", "2>x/2.wav", "?1", "^1"],
        ),
    ]);
    // The other track was edited first, or is new.
    let published = || KnownFile { state: TrackState::Published, ..one() };
    let both = || vec![("1.wav", 15), ("2.wav", 15)];
    let alike = || vec![("1.wav", 9), ("2.wav", 9)];
    for (name, known, changed_ns, expected) in [
        (
            "edited, then copied over a published one",
            vec![published(), two()],
            [2, 1],
            vec!["+1.wav", "~2 2.wav", "?1", "^1"],
        ),
        (
            "touched after it was copied",
            vec![published(), two()],
            [1, 2],
            vec!["+1.wav", "~2 2.wav", "?1", "^1"],
        ),
        ("neither is published", vec![one(), two()], [1, 2], vec!["~1 1.wav", "+2.wav", "?2", "^2"]),
        (
            "two with the same bytes are edited alike",
            vec![published(), KnownFile { content_hash: Some(content(1)), ..two() }],
            [2, 1],
            vec!["~1 1.wav", "~2 2.wav"],
        ),
        ("a new file is copied over one", vec![published()], [2, 1], vec!["+1.wav", "+2.wav", "?1", "^1"]),
        ("an edited file is copied elsewhere", vec![published()], [1, 2], vec!["~1 1.wav", "+2.wav"]),
    ] {
        let mut walked = found(&both());
        for (file, changed_ns) in walked.files.iter_mut().zip(changed_ns) {
            file.changed_ns = Some(changed_ns);
        }
        let plan = planned(known, &walked, &Before::default(), &alike());
        assert_eq!(words(&plan, &walked), expected, "{name}");
    }
    // Of a track of another library folder, or an upload.
    let present = vec![KnownBytes::of(&two(), None)];
    let walked = found(&[("1.wav", 12)]);
    for (bytes, expected) in [(2, copied()), (9, vec!["~1 1.wav"])] {
        let before = Before { present: present.clone(), ..Before::default() };
        let plan = planned(vec![one()], &walked, &before, &[("1.wav", bytes)]);
        assert_eq!(words(&plan, &walked), expected);
        assert_eq!(plan.copies.len(), usize::from(bytes == 2));
    }
}
