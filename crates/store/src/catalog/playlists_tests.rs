use proptest::prelude::*;

use super::*;

fn known(number: u8, path: &str, label: &str, duration_s: f64) -> Known {
    Known {
        id: TrackId::from_bytes([number; 16]),
        path: path.to_owned(),
        label: Label::of(label),
        duration_s: Some(duration_s),
    }
}

fn library() -> Vec<Known> {
    vec![
        known(1, "Ann/One/01 Hello.flac", "Ann - Hello", 100.0),
        known(2, "Ann/Two/01 Hello.flac", "Ann - Hello", 200.0),
        known(3, "Bob/Best/01.flac", "Bob - Café", 300.0),
        known(4, "Bob/Rest/01.flac", "Bob - Rest", 400.0),
        known(5, "50% off\\now.mp3", "Eve - Now", 500.0),
        known(6, "Single.mp3", "Single", 600.0),
        known(7, "Björk/Post/army.flac", "Björk - Army", 700.0),
        known(8, "Tab/a\u{fffd}b.flac", "Tab - Stop", 800.0),
    ]
}

fn found(path: &str, label: Option<&str>, duration_s: Option<f64>) -> Option<u8> {
    found_from(path, label, duration_s, None)
}

fn found_from(path: &str, label: Option<&str>, duration_s: Option<f64>, folder: Option<&str>) -> Option<u8> {
    let known = library();
    let file = Listed { path: path.to_owned(), label: label.map(ToOwned::to_owned), duration_s };
    Matcher::new(&known).find(&file, folder).map(|id| id.as_bytes()[0])
}

#[test]
fn files_are_found_by_the_end_of_their_path() {
    for (path, track) in [
        ("Ann/One/01 Hello.flac", Some(1)),
        ("./Ann/Two/01 Hello.flac", Some(2)),
        ("/mnt/music/Ann/Two/01 Hello.flac", Some(2)),
        ("D:\\Music\\ann\\ONE\\01 hello.FLAC", Some(1)),
        ("file:///home/x/Ann/One/01%20Hello.flac", Some(1)),
        ("../One/01 Hello.flac", Some(1)),
        ("Best/01.flac", Some(3)),
        ("elsewhere/Best/01.flac", Some(3)),
        ("01.flac", None),
        ("01 Hello.flac", None),
        ("Single.mp3", Some(6)),
        ("/a/b/Single.mp3", Some(6)),
        ("50% off\\now.mp3", Some(5)),
        ("/music/50% off\\now.mp3", Some(5)),
        ("Bjo\u{308}rk/Post/army.flac", Some(7)),
        ("/etc/passwd", None),
        ("../../../../etc/shadow", None),
        ("http://evil.example/x.mp3", None),
        ("..", None),
        ("/", None),
        ("%2e%2e%2fpasswd", None),
        ("%", None),
        ("%zz%f", None),
    ] {
        assert_eq!(found(path, None, None), track, "{path}");
    }
}

/// Issue 13: how programs of all kinds write paths.
#[test]
fn every_way_to_write_a_path_leads_to_its_file() {
    for (path, folder, track) in [
        ("Ann\\One\\01 Hello.flac", None, Some(1)),
        ("C:\\Music\\Ann\\One\\01 Hello.flac\t ", None, Some(1)),
        ("c:Ann\\One\\01 Hello.flac", None, Some(1)),
        ("\\\\nas\\music\\Ann\\One\\01 Hello.flac", None, Some(1)),
        (" \tAnn/One/01 Hello.flac", None, Some(1)),
        ("file:///C:/Music/Ann/One/01%20Hello.flac", None, Some(1)),
        ("file:///C:\\Music\\Ann\\One\\01%20Hello.flac", None, Some(1)),
        ("FILE://localhost/Ann/One/01%20Hello.flac", None, Some(1)),
        ("file:/m/Ann/One/01%20Hello.flac", None, Some(1)),
        ("file:///m/Bj%C3%B6rk/Post/army.flac", None, Some(7)),
        ("file:///m/Bjo%CC%88rk/Post/army.flac", None, Some(7)),
        ("file:///m/Bj%F6rk/Post/army.flac", None, Some(7)),
        ("BJÖRK/post/ARMY.FLAC", None, Some(7)),
        ("Ann/Two/../One/./01 Hello.flac", None, Some(1)),
        ("Ann/One/x/y/../../01 Hello.flac", None, Some(1)),
        ("..\\..\\Ann\\.\\One\\01 Hello.flac", None, Some(1)),
        ("Tab/a\tb.flac", None, Some(8)),
        // From the playlist's own folder on.
        ("01.flac", Some("/music/Bob/Best"), Some(3)),
        ("./01.flac", Some("/music/Bob/Rest"), Some(4)),
        ("..\\Best\\01.flac", Some("/music/Bob/Rest"), Some(3)),
        ("../../Ann/Two/01%20Hello.flac", Some("/music/Bob/Rest"), Some(2)),
        ("Ann/Two/01 Hello.flac", Some("/elsewhere"), Some(2)),
        ("/music/Bob/Best/01.flac", Some("/music/Bob/Rest"), Some(3)),
        ("01.flac", Some("/elsewhere"), None),
        // Whatever leads out of the library leads nowhere.
        ("../../../../../etc/passwd", Some("/music/Bob"), None),
        ("file:///etc/passwd", Some("/music"), None),
        ("Bob/../../../01.flac", None, None),
    ] {
        assert_eq!(found_from(path, None, None, folder), track, "{path} in {folder:?}");
    }
}

#[test]
fn what_is_said_of_a_file_decides_where_its_path_does_not() {
    for (path, label, duration_s, track) in [
        ("01 Hello.flac", Some("Ann - Hello"), Some(199.0), Some(2)),
        ("x.mp3", Some("ANN  -  hello"), Some(101.0), Some(1)),
        ("x.mp3", Some("Ann - Hello"), Some(150.0), None),
        ("x.mp3", Some("Ann - Hello"), None, None),
        ("x.mp3", Some("Bob - Cafe\u{301}"), None, Some(3)),
        ("01.flac", Some("Bob - Rest"), Some(400.0), Some(4)),
        // A name alone does not stand against what is said of the file.
        ("/a/Single.mp3", Some("Another - Singer"), Some(600.0), None),
        ("/a/Bob/Best/01.flac", Some("Another - Singer"), Some(1.0), Some(3)),
    ] {
        assert_eq!(found(path, label, duration_s), track, "{path} {label:?}");
    }
}

/// Issue 13: artist and title are compared as search compares them.
#[test]
fn artist_and_title_are_found_as_they_are_searched() {
    let library = [
        known(1, "1.flac", "Kamil Łódź - Øresund", 100.0),
        known(2, "2.flac", "Æon - Straße", 100.0),
        known(3, "3.flac", "Sinéad O’Connor - Journey’s End", 100.0),
        known(4, "4.flac", "東京事変 - 林檎の唄", 100.0),
        known(5, "5.flac", "宇多田ヒカル - ガールズ・オンリー", 100.0),
        known(6, "6.flac", "Émile - Été", 100.0),
        known(7, "7.flac", "Emile - Ete", 100.0),
        known(8, "8.flac", "Ann - Hello", 100.0),
    ];
    let matcher = Matcher::new(&library);
    for (label, duration_s, track) in [
        ("Kamil Lodz - Oresund", None, Some(1)),
        ("KAMIL ŁÓDŹ - ØRESUND", Some(101.0), Some(1)),
        ("kamil lodz - oresund", Some(200.0), None),
        ("aeon - strasse", None, Some(2)),
        ("AEON - STRASSE", Some(99.0), Some(2)),
        ("Æon - straße", None, Some(2)),
        ("Sinead O'Connor - Journey's End", None, Some(3)),
        ("sinead oconnor - journeys end", None, Some(3)),
        ("東京事変 - 林檎の唄", None, Some(4)),
        ("東京 - 林檎の唄", None, None),
        ("宇多田ﾋｶﾙ - ｶﾞｰﾙｽﾞ･ｵﾝﾘｰ", None, Some(5)),
        // Two that fold alike: the one in these very letters, or none when it is neither or both.
        ("Émile - Été", None, Some(6)),
        ("E\u{301}MILE - E\u{301}te\u{301}", Some(100.0), Some(6)),
        ("emile - ete", None, Some(7)),
        ("Émile - Ete", None, None),
        ("ANN - HELLO", None, Some(8)),
        ("An - Hello", None, None),
    ] {
        let file = Listed { path: "x.mp3".to_owned(), label: Some(label.to_owned()), duration_s };
        assert_eq!(matcher.find(&file, None).map(|id| id.as_bytes()[0]), track, "{label}");
    }
}

proptest! {
    /// Exporting and importing gives the same tracks, whatever files are called.
    #[test]
    fn a_list_survives_being_a_playlist(
        names in proptest::collection::hash_set("[^\\pC/]{1,12}(/[^\\pC/]{1,12}){0,2}", 1..20),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let library: Vec<Known> =
            (0..).zip(&names).map(|(number, path)| known(number, path, "Same - Name", 100.0)).collect();
        let chosen: Vec<&Known> = order.iter().map(|index| index.get(&library)).collect();
        let files = chosen
            .iter()
            .map(|track| Listed {
                path: track.path.clone(),
                label: Some(track.label.written.clone()),
                duration_s: track.duration_s,
            })
            .collect();
        let text = m3u8::write(&Playlist { title: None, files });
        let matcher = Matcher::new(&library);
        let read = m3u8::read(text.as_bytes()).unwrap();
        let again: Vec<_> = read.files.iter().map(|file| matcher.find(file, None)).collect();
        prop_assert_eq!(again, chosen.iter().map(|track| Some(track.id)).collect::<Vec<_>>());
    }

    #[test]
    fn no_path_makes_it_stumble(path in "\\PC{0,60}", escaped in "(%[0-9a-f]{0,2}|.){0,20}") {
        let _found = (found(&path, None, None), found(&escaped, Some("x"), Some(f64::NAN)));
    }
}
