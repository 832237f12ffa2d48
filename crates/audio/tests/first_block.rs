//! Files whose first block is damaged, and Matroska in which a piece is repeated (issue 13): what follows is at its time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fanfare_audio::OpenOptions;
use support::{decode_file, encode, music, write_wav};

const RATE_HZ: u32 = 44_100;

#[test]
fn what_follows_a_damaged_first_block_is_at_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let frames = 6 * RATE_HZ as usize + 11;
    let source = write_wav(folder.path(), "source.wav", RATE_HZ, &music(RATE_HZ, frames, 2));
    for (name, from) in [("a.tta", 600), ("a.wv", 200)] {
        let path = encode(&source, name, &[]);
        let whole = decode_file(&path, &OpenOptions::default()).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[from..from + 600].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(&path, bytes).unwrap();
        let harmed = decode_file(&path, &OpenOptions::default()).unwrap();
        assert_eq!(harmed.frames(), frames, "{name}: {:?}", harmed.warnings);
        assert!(harmed.warnings.iter().any(|line| line.contains("damage")), "{name}: {:?}", harmed.warnings);
        assert!(harmed.planes[0][..10_000].iter().all(|sample| *sample == 0.0), "{name}");
        let behind = 2 * RATE_HZ as usize;
        assert!(harmed.planes[0][behind..] == whole.planes[0][behind..], "{name}: shifted");
    }
}

/// Offsets of the clusters of a Matroska file.
fn clusters(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&[0x1f, 0x43, 0xb6, 0x75])).collect()
}

#[test]
fn a_matroska_file_plays_on_behind_a_piece_that_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let frames = 24 * RATE_HZ as usize;
    let source = write_wav(folder.path(), "source.wav", RATE_HZ, &music(RATE_HZ, frames, 2));
    for (name, arguments) in
        [("v.mka", &["-c:a", "libvorbis"][..]), ("a.mka", &["-c:a", "aac"]), ("f.mka", &["-c:a", "flac"])]
    {
        let path = encode(&source, name, arguments);
        let whole = decode_file(&path, &OpenOptions::default()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let at = clusters(&bytes);
        let middle = at.len() / 2;
        for (piece, end, from) in [
            ("one cluster", at[middle + 1], at[middle]),
            ("two clusters", at[middle + 1], at[middle - 1]),
            ("a tenth, anywhere", bytes.len() / 2, bytes.len() * 4 / 10),
        ] {
            std::fs::write(&path, [&bytes[..end], &bytes[from..]].concat()).unwrap();
            let decoded = decode_file(&path, &OpenOptions::default()).unwrap();
            let case = format!(
                "{name}, {piece}: {} of {}, {:?}",
                decoded.frames(),
                whole.frames(),
                decoded.warnings
            );
            assert!(decoded.frames() + RATE_HZ as usize / 10 > whole.frames(), "{case}");
            // The end of the whole is its end.
            let tail = |plane: &[f32]| plane[plane.len() - 60_000..plane.len() - 4_000].to_vec();
            assert!(support::snr_db(&tail(&whole.planes[0]), &tail(&decoded.planes[0]), 0) > 30.0, "{case}");
        }
    }
}
