use proptest::prelude::*;

use super::*;
use crate::ErrorKind;

fn listed(path: &str, label: Option<&str>, duration_s: Option<f64>) -> Listed {
    Listed { path: path.to_owned(), label: label.map(ToOwned::to_owned), duration_s }
}

#[test]
fn what_other_programs_write_is_read() {
    let winamp =
        "#EXTM3U\r\n#EXTINF:123,Ann - One\r\nC:\\Music\\Ann\\one.mp3\r\n\r\n#EXTINF:-1,\r\ntwo.mp3\r\n";
    let vlc = "\u{feff}#EXTM3U\n#PLAYLIST:Mine\n#EXTINF:12.5 tvg-id=\"x\",Ann - One\n#EXTVLCOPT:x=1\nfile:///a%20b.mp3";
    for (text, title, files) in [
        (
            winamp.as_bytes(),
            None,
            vec![
                listed("C:\\Music\\Ann\\one.mp3", Some("Ann - One"), Some(123.0)),
                listed("two.mp3", None, None),
            ],
        ),
        (vlc.as_bytes(), Some("Mine"), vec![listed("file:///a%20b.mp3", Some("Ann - One"), Some(12.5))]),
        (b"caf\xe9.mp3\rb.mp3\r", None, vec![listed("café.mp3", None, None), listed("b.mp3", None, None)]),
        (b"", None, vec![]),
        (
            b"#extinf:nan,x\n#EXTINF\n#EXTINF:\xff\n #EXTINF:inf,y\na",
            None,
            vec![listed("a", Some("y"), None)],
        ),
    ] {
        let read = read(text).unwrap();
        assert_eq!((read.title.as_deref(), &read.files), (title, &files));
    }
}

/// Issue 13: what players of many kinds and ages write.
#[test]
fn every_kind_of_line_is_read() {
    let utf16 =
        |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(order).collect() };
    let windows = b"#EXTM3U\r\n#EXTINF:3,Bj\xf6rk \x96 It\x92s\r\nM\xfcller\\\x80.mp3\r\n".to_vec();
    let windows_read = listed("Müller\\€.mp3", Some("Björk – It’s"), Some(3.0));
    for (what, text, read_as) in [
        ("Windows-1252", windows, windows_read),
        (
            "UTF-16, little end first",
            utf16("\u{feff}#EXTINF:3,Ä - 東\r\nä.mp3", u16::to_le_bytes),
            listed("ä.mp3", Some("Ä - 東"), Some(3.0)),
        ),
        ("UTF-16, big end first", utf16("\u{feff}ä.mp3\r\n", u16::to_be_bytes), listed("ä.mp3", None, None)),
        ("UTF-8 with its mark", "\u{feff}ä.mp3".into(), listed("ä.mp3", None, None)),
        ("a mark before #EXTINF", "\u{feff}#EXTINF:3,x\nä.mp3".into(), listed("ä.mp3", Some("x"), Some(3.0))),
        (
            "an encoding that is named",
            b"#EXTENC: shift_jis\n#EXTINF:3,\x93\x8c\x8b\x9e\na.mp3".to_vec(),
            listed("a.mp3", Some("東京"), Some(3.0)),
        ),
        (
            "an encoding that is named wrongly",
            b"#EXTENC: UTF-8\nb\xf6.mp3".to_vec(),
            listed("bö.mp3", None, None),
        ),
        (
            "two encodings",
            b"#EXTINF:3,\xc3\xa4\r\nb\xf6.mp3".to_vec(),
            listed("bö.mp3", Some("ä"), Some(3.0)),
        ),
        ("no length", b"#EXTINF:0,A - B\na".to_vec(), listed("a", Some("A - B"), None)),
        ("an unknown length", b"#EXTINF:-1,A - B\na".to_vec(), listed("a", Some("A - B"), None)),
        ("a length alone", b"#EXTINF:7\na".to_vec(), listed("a", None, Some(7.0))),
        (
            "a comma in quotes",
            b"#EXTINF:7 tvg-name=\"a, b\" group=\"c\",A - B, C\na".to_vec(),
            listed("a", Some("A - B, C"), Some(7.0)),
        ),
        (
            "an unknown length and quotes",
            b"#EXTINF:-1 tvg-name=\"a,b\",A\na".to_vec(),
            listed("a", Some("A"), None),
        ),
        (
            "a quote in the title",
            b"#EXTINF:7,A - 12\" mix, long\na".to_vec(),
            listed("a", Some("A - 12\" mix, long"), Some(7.0)),
        ),
        ("a quote that is not closed", b"#EXTINF:7 x=\"a,B\na".to_vec(), listed("a", Some("B"), Some(7.0))),
        ("tabs", b"\t#EXTINF:\t7\t,\tA - B\t\r\na".to_vec(), listed("a", Some("A - B"), Some(7.0))),
        ("small letters", b"#extinf:7,A\ra\r".to_vec(), listed("a", Some("A"), Some(7.0))),
        (
            "other comments",
            b"#EXTM3U x=\"1\"\n#EXTALB:C\n#\n#EXTINF:7,A\n#EXTGRP:D\na\n".to_vec(),
            listed("a", Some("A"), Some(7.0)),
        ),
    ] {
        assert_eq!(read(&text).unwrap().files, [read_as], "{what}");
    }
}

#[test]
fn sizes_are_bounded() {
    assert_eq!(read(&vec![b'a'; MAX_BYTES + 1]).unwrap_err().kind(), ErrorKind::LimitExceeded);
    // Issue 13: CR with LF is one line end.
    assert!(read("a\r\n".repeat(9_999).as_bytes()).is_ok());
    assert_eq!(read("a\r\n".repeat(10_001).as_bytes()).unwrap_err().kind(), ErrorKind::LimitExceeded);
    assert_eq!(read(&[b'\n'; 10_001]).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let long = "ä".repeat(100_000);
    assert_eq!(read(long.as_bytes()).unwrap().files[0].path.chars().count(), MAX_LINE);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        title in proptest::option::of("[^\\pC\\s][^\\pC]{0,30}[^\\pC\\s]"),
        files in proptest::collection::vec(
            ("[^\\pC#\\s][^\\pC]{0,60}", proptest::option::of("[^\\pC\\s]{1,9} - [^\\pC\\s]{1,9}"), proptest::option::of(1_u32..90_000)),
            0..20,
        ),
    ) {
        let files = files
            .into_iter()
            .map(|(path, label, seconds)| Listed { path, label, duration_s: seconds.map(f64::from) })
            .collect();
        let playlist = Playlist { title, files };
        prop_assert_eq!(read(write(&playlist).as_bytes()).unwrap(), playlist);
    }

    #[test]
    fn a_hostile_name_stays_on_its_line(path in ".{0,60}", label in ".{0,60}", title in ".{0,60}") {
        let file = Listed { path: path.clone(), label: Some(label), duration_s: Some(1.0) };
        let written = write(&Playlist { title: Some(title), files: vec![file.clone(), file] });
        prop_assert_eq!(written.lines().count(), 6);
        let read = read(written.as_bytes()).unwrap();
        prop_assert_eq!(read.files.len(), if path.is_empty() { 0 } else { 2 });
    }

    #[test]
    fn nothing_makes_reading_fail_but_its_limits_and_what_is_no_text(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        // What is no text is no playlist (issue 13).
        if let Err(error) = read(&bytes) {
            prop_assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
    }
}
