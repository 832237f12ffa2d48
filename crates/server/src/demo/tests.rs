//! The album is real audio: our own decoder returns exactly what was composed.

use super::*;

#[test]
fn every_song_is_a_readable_flac_file_with_tags_and_cover() {
    let folder = tempfile::tempdir().unwrap();
    let written = write_album(folder.path()).unwrap();
    assert_eq!(written.len(), SONGS.len());
    let before: Vec<_> = written.iter().map(|path| fs::metadata(path).unwrap().modified().unwrap()).collect();
    for (path, song) in written.iter().zip(SONGS) {
        let tags = fanfare_audio::read_tags(path, &fanfare_audio::Limits::default()).unwrap();
        assert_eq!(tags.tags.title.as_deref(), Some(song.title));
        assert_eq!(tags.tags.album.as_deref(), Some(ALBUM));
        assert!(tags.cover.is_some_and(|bytes| bytes.starts_with(&[0xFF, 0xD8])));
        let mut source = fanfare_audio::open(path, &fanfare_audio::OpenOptions::default()).unwrap();
        let expected = songs::render(song, RATE_HZ);
        assert!((20.0..45.0).contains(&(expected.len() as f64 / f64::from(RATE_HZ))), "{}", song.title);
        let mut at = 0;
        while let Some(chunk) = source.next_chunk().unwrap() {
            for frame in 0..chunk.frames() {
                let decoded =
                    [0, 1].map(|channel| (chunk.planes()[channel][frame] * 32_768.0).round() as i16);
                assert_eq!(decoded, expected[at], "{} frame {at}", song.title);
                at += 1;
            }
        }
        assert_eq!(at, expected.len(), "{}", song.title);
        assert!(source.warnings().is_empty(), "{:?}", source.warnings());
    }
    write_album(folder.path()).unwrap();
    let after: Vec<_> = written.iter().map(|path| fs::metadata(path).unwrap().modified().unwrap()).collect();
    assert_eq!(before, after, "a second run leaves the files alone");
}
