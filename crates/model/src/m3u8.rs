//! Playlists as text (M3U in UTF-8): writing a list, and reading what other programs wrote.
//!
//! There is no standard: these are the lines that players agree on. `#EXTINF:seconds,Artist - Title` is about the next
//! line that is no comment, which names a file. What a file names is only ever compared with what the library knows:
//! nothing here or elsewhere opens it.

use crate::{Error, ErrorKind, Result};

/// The media type.
pub const MEDIA_TYPE: &str = "audio/x-mpegurl";
/// The largest playlist that is read: 1,000 entries have some 200 bytes each.
pub const MAX_BYTES: usize = 1 << 20;
/// The most lines that are read.
const MAX_LINES: usize = 10_000;
/// What is kept of a line, in characters: Linux's longest path has 4,096 bytes.
const MAX_LINE: usize = 4_096;

/// One file of a playlist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// The file's path as written.
    pub path: String,
    /// What is shown of it, for example `Artist - Title`.
    pub label: Option<String>,
    /// How long it plays.
    pub duration_s: Option<f64>,
}

/// What a playlist says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Playlist {
    /// Its title.
    pub title: Option<String>,
    /// Its files, in order.
    pub files: Vec<Listed>,
}

/// What is shown of a track.
#[must_use]
pub fn label(artist: Option<&str>, title: &str) -> String {
    match artist {
        Some(artist) => format!("{artist} - {title}"),
        None => title.to_owned(),
    }
}

/// The playlist as text, each of its texts [`on_a_line`].
#[must_use]
pub fn write(playlist: &Playlist) -> String {
    let mut text = String::from("#EXTM3U\n");
    if let Some(title) = &playlist.title {
        text.push_str("#PLAYLIST:");
        push_line(&mut text, title);
    }
    for file in &playlist.files {
        // Players read whole seconds; -1 stands for "not known".
        let seconds = file.duration_s.filter(|seconds| seconds.is_finite()).map_or(-1.0, f64::round);
        text.push_str(&format!("#EXTINF:{seconds:.0},"));
        push_line(&mut text, file.label.as_deref().unwrap_or_default());
        // What looks like a comment or an empty line would be passed over.
        if file.path.starts_with(|first: char| first == '#' || first.is_whitespace()) {
            text.push_str("./");
        }
        push_line(&mut text, &file.path);
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(&on_a_line(line));
    text.push('\n');
}

/// The text as it stands in a playlist: control characters, which could begin a new line, become `U+FFFD`.
#[must_use]
pub fn on_a_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// Reads a playlist: UTF-8 with or without a byte order mark, any kind of line end; what is no UTF-8 is read as
/// Latin-1, which older programs wrote.
///
/// # Errors
/// `LimitExceeded` for more than [`MAX_BYTES`] or 10,000 lines, `Unsupported` for UTF-16.
pub fn read(bytes: &[u8]) -> Result<Playlist> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::limit("playlist_bytes", bytes.len() as u64, MAX_BYTES as u64));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::new(ErrorKind::Unsupported, "the playlist is written in UTF-16")
            .remedy("save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // The first 256 characters of Unicode are Latin-1's.
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    let mut playlist = Playlist::default();
    let mut next = Listed::default();
    for (number, line) in text.split(['\n', '\r']).enumerate() {
        if number >= MAX_LINES {
            return Err(Error::limit("playlist_lines", number as u64 + 1, MAX_LINES as u64));
        }
        let line = match line.char_indices().nth(MAX_LINE) {
            Some((end, _)) => &line[..end],
            None => line,
        };
        if line.trim().is_empty() {
            continue;
        }
        let Some(comment) = line.trim_start().strip_prefix('#') else {
            next.path = line.to_owned();
            playlist.files.push(std::mem::take(&mut next));
            continue;
        };
        if let Some(said) = after(comment, "EXTINF:") {
            let (seconds, label) = said.split_once(',').unwrap_or((said, ""));
            // Some programs put attributes between the seconds and the comma.
            let seconds = seconds.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
            next.duration_s = seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
            next.label = Some(label.trim()).filter(|label| !label.is_empty()).map(ToOwned::to_owned);
        } else if let Some(title) = after(comment, "PLAYLIST:") {
            playlist.title = Some(title.trim()).filter(|title| !title.is_empty()).map(ToOwned::to_owned);
        }
    }
    Ok(playlist)
}

/// What follows that word, whatever its case.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    head.eq_ignore_ascii_case(word).then(|| &text[word.len()..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            (
                b"caf\xe9.mp3\rb.mp3\r",
                None,
                vec![listed("café.mp3", None, None), listed("b.mp3", None, None)],
            ),
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

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(read(&vec![b'a'; MAX_BYTES + 1]).unwrap_err().kind(), ErrorKind::LimitExceeded);
        assert_eq!(read(&[b'\n'; 10_001]).unwrap_err().kind(), ErrorKind::LimitExceeded);
        assert_eq!(read(b"\xff\xfea\0").unwrap_err().kind(), ErrorKind::Unsupported);
        let long = "ä".repeat(100_000);
        assert_eq!(read(long.as_bytes()).unwrap().files[0].path.chars().count(), MAX_LINE);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            title in proptest::option::of("[^\\pC\\s][^\\pC]{0,30}[^\\pC\\s]"),
            files in proptest::collection::vec(
                ("[^\\pC#\\s][^\\pC]{0,60}", proptest::option::of("[^\\pC\\s]{1,9} - [^\\pC\\s]{1,9}"), proptest::option::of(0_u32..90_000)),
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
        fn nothing_makes_reading_fail_but_its_limits(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            prop_assert_eq!(read(&bytes).is_ok(), !utf16);
        }
    }
}
