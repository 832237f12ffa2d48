//! Children that are ended on the way: what they gave is no verdict on the file (issue 12).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use fanfare_audio::{FfmpegUse, OpenOptions, open};
use fanfare_model::ErrorKind;
use support::{decode_file, decode_to_end, encode, music, write_wav};

/// `ffmpeg`, but for that shell text before it. `once` is true in it the first time that it is asked.
fn before_ffmpeg(folder: &Path, text: &str) -> OpenOptions {
    let path = folder.join("stand-in");
    let _ = fs::remove_dir(folder.join("stand-in.once"));
    let whole = "case \"$1 $*\" in -version*|*'-f au -i pipe:0'*) exec ffmpeg \"$@\";; esac";
    let once = "once() { mkdir \"$0.once\" 2>/dev/null; }";
    let text = format!(
        "#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\n{whole}\n{once}\n{text}\nexec ffmpeg \"$@\"\n"
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    OpenOptions { ffmpeg: FfmpegUse::At(path), ..OpenOptions::default() }
}

/// The child gives that much of the track and is ended so.
fn gives(bytes: u32, end: &str) -> String {
    format!("{{ ffmpeg \"$@\" | head -c {bytes}; {end}; }}")
}

#[test]
fn a_child_that_is_ended_on_the_way_is_no_verdict_on_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let wav = write_wav(folder.path(), "song.wav", 44_100, &music(44_100, 44_100 * 5, 1));
    // The file as the child's input and a pipe; with and without a length that is declared.
    for (name, arguments) in [
        ("song.wv", &[][..]),
        ("song.tta", &[]),
        ("song.wma", &["-c:a", "wmav2"]),
        ("song.mp4", &["-c:a", "ac3"]),
    ] {
        let file = encode(&wav, name, arguments);
        let whole = decode_file(&file, &OpenOptions::default()).unwrap();
        assert_eq!(whole.warnings, Vec::<String>::new(), "{name}");
        let decode = |text: &str| {
            let mut source = open(&file, &before_ffmpeg(folder.path(), text)).unwrap();
            decode_to_end(&mut *source)
        };
        for end in ["kill -9 $$", "kill -TERM $$", "exit 137", "exit 255", "exit 1"] {
            let decoded = decode(&format!("once && {}", gives(300_000, end))).unwrap();
            assert!(decoded.planes == whole.planes, "{name}, {end}: the second run gives the rest");
            assert_eq!(decoded.warnings, whole.warnings, "{name}, {end}");
        }
        for text in [
            gives(300_000, "kill -9 $$"),
            // The second one ends before the first one, or behind it.
            format!("once && {}; {}", gives(300_000, "exit 1"), gives(200_000, "exit 1")),
            format!("once && {}; {}", gives(300_000, "exit 1"), gives(400_000, "exit 1")),
            format!("once && {}; {}", gives(300_000, "kill -9 $$"), gives(400_000, "kill -9 $$")),
            format!("once && {}; exit 1", gives(300_000, "kill -9 $$")),
        ] {
            let error = decode(&text).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{name}: {text}: {error}");
            assert!(error.remedy_text().is_some(), "{error}");
        }
        // Twice at the same frame, in order: that is the file.
        let decoded = decode(&gives(300_000, "exit 1")).unwrap();
        assert!(decoded.frames() < whole.frames() && decoded.frames() > 70_000, "{name}");
        assert!(decoded.warnings[0].contains("ends early"), "{name}: {:?}", decoded.warnings);
    }
}

/// What the built-in decoder takes for damage is given to `ffmpeg`, too: without its answer the file is not judged.
#[test]
fn a_file_that_only_the_built_in_decoder_refuses_is_not_judged_while_the_child_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("a.flac");
    fs::write(&damaged, [b"fLaC".as_slice(), &[0x80, 0, 0, 34], &[0; 34], &[7; 4_000]].concat()).unwrap();
    for (text, kind) in [("kill -9 $$", ErrorKind::Unavailable), ("", ErrorKind::Malformed)] {
        let options = before_ffmpeg(folder.path(), text);
        let error = decode_file(&damaged, &options).err().unwrap();
        assert_eq!(error.kind(), kind, "{text}: {error}");
    }
}
