//! `fanfare mixtape`: made, filled, shown, out and in as a playlist, shared, deleted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{fs, path::Path};

use fanfare_tests::command::{Ended, run, write_tone};

struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    /// A data folder with three short tracks.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let music = folder.path().join("music");
        for (name, hz) in [("Ann/One/a.wav", 300.0), ("Ann/Two/a.wav", 400.0), ("Bob/Best/b.wav", 500.0)] {
            let path = music.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            write_tone(&path, hz, 1.0);
        }
        let fixture = Self { folder };
        let data = fixture.data();
        let scanned = run(&["scan", music.to_str().unwrap(), "--data", &data]);
        assert_eq!(scanned.code, Some(0), "{}", scanned.err);
        fixture
    }

    fn data(&self) -> String {
        self.path("data")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn mixtape(&self, args: &[&str]) -> Ended {
        let data = self.data();
        run(&[&["mixtape"], args, &["--data", &data]].concat())
    }

    /// What it prints when all is well.
    fn said(&self, args: &[&str]) -> String {
        let ended = self.mixtape(args);
        assert_eq!(ended.code, Some(0), "{args:?}: {}", ended.err);
        ended.out
    }
}

#[test]
fn a_mixtape_from_the_command_line() {
    let fixture = Fixture::new();
    assert_eq!(
        fixture.said(&["create", "Train to Łódź", "Ann/One/a.wav", "--notes", "for you"]),
        "train-to-lodz\n"
    );
    assert_eq!(fixture.said(&["add", "train-to-lodz", "b.wav", "Two/a.wav", "b.wav"]), "4 tracks\n");
    let shown = fixture.said(&["show", "train-to-lodz", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let paths: Vec<_> = shown["tracks"].as_array().unwrap().iter().map(|track| &track["path"]).collect();
    assert_eq!(paths, ["Ann/One/a.wav", "Bob/Best/b.wav", "Ann/Two/a.wav", "Bob/Best/b.wav"]);
    assert_eq!(
        (&shown["notes"], &shown["track_count"], &shown["missing"]),
        (&"for you".into(), &4.into(), &0.into())
    );
    // Two tracks end in `a.wav`: that names none of them.
    for (args, code) in [
        (&["add", "train-to-lodz", "a.wav"][..], 3),
        (&["remove", "train-to-lodz", "0190f3c2a1b4d5e6f708192a3b4c5d6e"], 3),
        (&["show", "no-such"], 3),
        (&["show", "../x"], 3),
        (&["create", " "], 2),
        (&["share", "train-to-lodz", "--days", "0"], 2),
    ] {
        assert_eq!(fixture.mixtape(args).code, Some(code), "{args:?}");
    }
    assert_eq!(fixture.said(&["remove", "train-to-lodz", "b.wav"]), "2 tracks\n");
    let list = fixture.said(&["list"]);
    assert!(
        list.starts_with("train-to-lodz ") && list.contains("2 tracks") && list.contains("Train to Łódź"),
        "{list}"
    );
    fixture.said(&["delete", "train-to-lodz"]);
    assert_eq!(fixture.said(&["list", "--json"]), "");
}

#[test]
fn a_playlist_goes_out_and_comes_in() {
    let fixture = Fixture::new();
    fixture.said(&["create", "Tape", "b.wav", "Ann/Two/a.wav"]);
    let text = fixture.said(&["export", "tape"]);
    assert_eq!(text, "#EXTM3U\n#PLAYLIST:Tape\n#EXTINF:1,b\nBob/Best/b.wav\n#EXTINF:1,a\nAnn/Two/a.wav\n");
    let file = fixture.path("list.m3u8");
    fs::write(&file, text + "/etc/hostname\n").unwrap();
    let imported = fixture.mixtape(&["import", &file]);
    assert_eq!((imported.code, imported.out.as_str()), (Some(1), "tape-2\n"));
    assert!(imported.err.contains("not in the library: /etc/hostname"), "{}", imported.err);
    assert_eq!(fixture.said(&["export", "tape"]), fixture.said(&["export", "tape-2"]));
    fs::write(&file, "/etc/hostname\n").unwrap();
    assert_ne!(fixture.mixtape(&["import", &file]).code, Some(0));
    assert!(!Path::new(&fixture.path("data/hostname")).exists());
    assert_eq!(fixture.mixtape(&["import", &fixture.path("none")]).code, Some(3));
}

#[test]
fn a_link_is_printed_once_listed_and_ended() {
    let fixture = Fixture::new();
    fixture.said(&["create", "Tape", "b.wav"]);
    let link = fixture.said(&["share", "tape", "--days", "7", "--download"]);
    assert!(link.starts_with("http://127.0.0.1:4040/s/#") && link.len() > 60, "{link}");
    let token = link.trim().rsplit('#').next().unwrap();
    let listed = fixture.said(&["share", "tape", "--list", "--json"]);
    assert!(!listed.contains(token));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&listed["download"], &listed["password"]), (&true.into(), &false.into()));
    let id = listed["id"].as_str().unwrap();
    fixture.said(&["share", "tape", "--end", id]);
    assert_eq!(fixture.mixtape(&["share", "tape", "--end", id]).code, Some(3));
    assert_eq!(fixture.said(&["share", "tape", "--list"]), "");
}
