//! What is not written: tags and files of forms that are not understood, and files that may not be changed.

use super::*;

#[test]
fn id3_tags_of_every_version_keep_their_frames() {
    let folder = tempfile::tempdir().unwrap();
    let bare =
        made(folder.path(), "bare.mp3", &["-c:a", "libmp3lame", "-write_id3v2", "0", "-id3v2_version", "0"]);
    let sound_bytes = fs::read(&bare).unwrap();
    let tag = |version: u8, flags: u8, frames: &[u8]| {
        let size = [21, 14, 7, 0].map(|shift| (frames.len() >> shift & 0x7f) as u8);
        [b"ID3", &[version, 0, flags][..], &size, frames].concat()
    };
    let title23 = b"TIT2\0\0\0\x05\0\0\0Blue".to_vec();
    // A private frame with what unsynchronisation guards against.
    let private = b"PRIV\0\0\0\x06\0\0ab\0\xff\xe0\xff".to_vec();
    let private_guarded = b"PRIV\0\0\0\x06\0\0ab\0\xff\0\xe0\xff\0".to_vec();
    let old_gain =
        b"TXXX\0\0\0\x2f\0\0\x01\xff\xfer\0e\0p\0l\0a\0y\0g\0a\0i\0n\0_\0t\0r\0a\0c\0k\0_\0p\0e\0a\0k\0\0\0"
            .to_vec();
    type Case<'a> = (&'a str, Vec<u8>, Option<ErrorKind>, &'a [u8]);
    let cases: &[Case<'_>] = &[
        ("2.2", tag(2, 0, &[&b"TT2\0\0\x05\0Blue"[..], &[0; 20]].concat()), None, b"TT2\0\0\x05\0Blue"),
        ("2.3", tag(3, 0, &[&title23[..], &private, &[0; 100]].concat()), None, &private),
        ("2.3 in UTF-16", tag(3, 0, &[&title23[..], &old_gain].concat()), None, &title23),
        ("2.3 unsynchronised", tag(3, 0x80, &[&title23[..], &private_guarded].concat()), None, &private),
        ("2.4", tag(4, 0, &[&title23[..], &private].concat()), None, &private),
        ("an extended header", tag(3, 0x40, &title23), Some(ErrorKind::Unsupported), b""),
        ("an unknown version", tag(5, 0, &title23), Some(ErrorKind::Unsupported), b""),
        ("a frame too long", tag(3, 0, b"TIT2\0\0\0\x7f\0\0\0Blue"), Some(ErrorKind::Malformed), b""),
        ("a frame without a name", tag(3, 0, b"....\0\0\0\x01\0\0\0"), Some(ErrorKind::Malformed), b""),
    ];
    for (what, tag, expected, kept) in cases {
        let path = folder.path().join("case.mp3");
        fs::write(&path, [&tag[..], &sound_bytes].concat()).unwrap();
        let before = fs::read(&path).unwrap();
        let outcome = write(&path, &TRACK);
        assert_eq!(outcome.as_ref().err().map(fanfare_model::Error::kind), *expected, "{what}: {outcome:?}");
        let after = fs::read(&path).unwrap();
        if expected.is_some() {
            assert_eq!(after, before, "{what}");
            continue;
        }
        assert!(after.ends_with(&sound_bytes), "{what}");
        assert_eq!(after[3], before[3], "{what}: the version");
        assert!(after.windows(kept.len()).any(|window| window == *kept), "{what}");
        assert!(!after.windows(old_gain.len()).any(|window| window == old_gain), "{what}");
        assert_eq!(read_tags(&path, &Limits::default()).unwrap().tags.replaygain_track_gain_db, Some(-6.48));
    }
}

#[test]
fn what_cannot_be_done_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let flac = made(folder.path(), "a.flac", &[]);
    let bytes = fs::read(&flac).unwrap();
    let own = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let (hard, link, gone) =
        (own("hard.flac", &bytes), folder.path().join("link.flac"), folder.path().join("gone.flac"));
    fs::hard_link(&hard, folder.path().join("other.flac")).unwrap();
    std::os::unix::fs::symlink(&flac, &link).unwrap();
    let cut = own("cut.flac", &bytes[..60]);
    let two_streams = {
        let ogg = fs::read(made(folder.path(), "one.ogg", &["-c:a", "libvorbis"])).unwrap();
        own("two.ogg", &[&ogg[..], &ogg].concat())
    };
    let mut streamed = fs::read(made(folder.path(), "b.wav", &[])).unwrap();
    streamed[4..8].fill(0xff);
    let streamed = own("streamed.wav", &streamed);
    let fragmented = made(folder.path(), "f.m4a", &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"]);
    let matroska = made(folder.path(), "a.mka", &["-c:a", "flac"]);
    let here = |path: &Path| Some(as_analyzed(path));
    let other_size = AnalyzedFile { size_bytes: 1, ..as_analyzed(&flac) };
    let other_time = AnalyzedFile { modified: Timestamp(0), ..as_analyzed(&flac) };
    let other_bytes =
        AnalyzedFile { content_hash: Some(ContentHash::from_bytes([7; 32])), ..as_analyzed(&flac) };
    let nonsense = ReplayGainTags { track_gain_db: f64::INFINITY, ..TRACK };
    for (what, path, seen, values, kind) in [
        ("a hard link", &hard, here(&hard), TRACK, ErrorKind::Unsupported),
        ("a symbolic link", &link, here(&link), TRACK, ErrorKind::Unsupported),
        ("two streams", &two_streams, here(&two_streams), TRACK, ErrorKind::Unsupported),
        ("a wave of unknown length", &streamed, here(&streamed), TRACK, ErrorKind::Unsupported),
        ("fragments", &fragmented, here(&fragmented), TRACK, ErrorKind::Unsupported),
        ("Matroska", &matroska, here(&matroska), TRACK, ErrorKind::Unsupported),
        ("a file cut short", &cut, here(&cut), TRACK, ErrorKind::Malformed),
        ("another size", &flac, Some(other_size), TRACK, ErrorKind::Conflict),
        ("another time", &flac, Some(other_time), TRACK, ErrorKind::Conflict),
        ("other bytes", &flac, Some(other_bytes), TRACK, ErrorKind::Conflict),
        ("no gain", &flac, here(&flac), nonsense, ErrorKind::Invalid),
        ("no file", &gone, None, TRACK, ErrorKind::NotFound),
    ] {
        let before = fs::read(path).ok();
        let seen = seen.unwrap_or_else(|| as_analyzed(&flac));
        let error = write_replaygain(path, &values, &seen, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), kind, "{what}: {error}");
        assert_eq!(fs::read(path).ok(), before, "{what}");
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.filter(|name| name.to_string_lossy().ends_with(".tmp")).count(), 0, "{what}");
    }
    assert!(link.is_symlink());
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_may_not_be_written_to_is_a_plain_refusal() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "a.flac", &[]);
    let before = hash(&path);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // Tests may run as root, who is asked for no permission unless a thread gives that up.
    let asked = path.clone();
    let outcome = std::thread::spawn(move || {
        let mut rights = rustix::thread::capabilities(None).unwrap();
        rights.effective.remove(rustix::thread::CapabilitySet::DAC_OVERRIDE);
        rustix::thread::set_capabilities(None, rights).unwrap();
        write(&asked, &TRACK)
    });
    let error = outcome.join().unwrap().unwrap_err();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert!(error.remedy_text().unwrap().contains("switch the writing of tags off"), "{error}");
    assert_eq!(hash(&path), before);
}

#[test]
fn damaged_headers_are_refused_or_survived() {
    let folder = tempfile::tempdir().unwrap();
    let mut chance = fanfare_testkit::Seeded::new(77);
    let mut refused = 0;
    for name in ["v23.mp3", "a.flac", "a.ogg", "a.opus", "first.m4a", "id3.wav", "a.aiff", "a.wv"] {
        let arguments = CASES.iter().find(|case| case.0 == name).unwrap().1;
        let whole = fs::read(made(folder.path(), name, arguments)).unwrap();
        let path = folder.path().join(name);
        for round in 0..40 {
            let mut bytes = whole.clone();
            // The tags of some stand at the end.
            let place = chance.below(2_000.min(bytes.len()));
            let place = if name.ends_with(".wv") { bytes.len() - 1 - place.min(400) } else { place };
            match round % 3 {
                0 => bytes[place] = chance.next_u64() as u8,
                1 => bytes[place] ^= 1 << chance.below(8),
                _ => bytes.truncate(place + 1),
            }
            fs::write(&path, &bytes).unwrap();
            match write(&path, &BOTH) {
                Ok(_) => {
                    let now = read_tags(&path, &Limits::default()).unwrap().tags;
                    assert_eq!(
                        now.replaygain_album_gain_db,
                        Some(-7.0),
                        "{name}, round {round}, byte {place}"
                    );
                }
                Err(error) => {
                    assert_ne!(
                        error.kind(),
                        ErrorKind::Internal,
                        "{name}, round {round}, byte {place}: {error}"
                    );
                    assert_eq!(fs::read(&path).unwrap(), bytes, "{name}, round {round}, byte {place}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 50, "{refused}");
}
