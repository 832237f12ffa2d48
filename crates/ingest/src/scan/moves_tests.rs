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
