//! Playlists as text (M3U in UTF-8): writing a list, and reading what other programs wrote, in whatever encoding. PLS and XSPF
//! are [read](others) too.
//!
//! There is no standard: these are the lines that players agree on. `#EXTINF:seconds,Artist - Title` is about the next
//! line that is no comment, which names a file. What a file names is only ever compared with what the library knows:
//! nothing here or elsewhere opens it.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::{Error, ErrorKind, Result};

mod list;
mod others;

pub use list::{Listed, Playlist, label};
use list::{MAX_LINE, MAX_LINES, lines};

/// The media type.
pub const MEDIA_TYPE: &str = "audio/x-mpegurl";
/// The largest playlist that is read: 1,000 entries have some 200 bytes each.
pub const MAX_BYTES: usize = 1 << 20;

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
        let seconds = file
            .duration_s
            .filter(|seconds| seconds.is_finite())
            .map_or(-1.0, |seconds| seconds.round().max(1.0));
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

/// Reads a playlist: UTF-8 or UTF-16 by its byte order mark, UTF-8 without one, else the encoding that `#EXTENC:` names, else
/// Windows-1252, which older programs wrote. A line ends with CR, LF, or both. PLS and XSPF are known by how they begin.
///
/// # Errors
/// `LimitExceeded` for more than [`MAX_BYTES`] or 10,000 lines; `Unsupported` for what is no text, or a format that is not read.
pub fn read(bytes: &[u8]) -> Result<Playlist> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::limit("playlist_bytes", bytes.len() as u64, MAX_BYTES as u64));
    }
    let text = decoded(bytes);
    if let Some(read) = others::read(&text) {
        return read;
    }
    let mut playlist = Playlist::default();
    let mut next = Listed::default();
    for (number, line) in lines(&text).enumerate() {
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
            let (seconds, label) = length_and_label(said);
            next.duration_s = seconds;
            next.label = Some(label.trim()).filter(|label| !label.is_empty()).map(ToOwned::to_owned);
        } else if let Some(title) = after(comment, "PLAYLIST:") {
            playlist.title = Some(title.trim()).filter(|title| !title.is_empty()).map(ToOwned::to_owned);
        }
    }
    Ok(playlist)
}

/// The error for a playlist none of whose files is in the library.
#[must_use]
pub fn nothing_found(playlist: &Playlist) -> Error {
    if playlist.files.is_empty() {
        return Error::new(ErrorKind::Empty, "the playlist names no files")
            .remedy("save it again in the program that it comes from, as M3U8");
    }
    Error::new(ErrorKind::Empty, "nothing in the playlist is in the library")
        .remedy("scan the folder that its files lie in first")
}

fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let named = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).take(16).find_map(|line| {
        let comment = std::str::from_utf8(line).ok()?.trim_start().strip_prefix('#')?;
        Encoding::for_label(after(comment, "EXTENC:")?.as_bytes())
    });
    // What calls itself UTF-8 and is not has lines in another encoding.
    match named.filter(|encoding| *encoding != encoding_rs::UTF_8) {
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0,
        None => line_by_line(bytes).into(),
    }
}

/// Lines that several programs added may have several encodings.
fn line_by_line(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(_) => text.push_str(&WINDOWS_1252.decode_without_bom_handling(line).0),
        }
    }
    text
}

/// What `#EXTINF:` says: `123 tvg-name="a, b",Artist - Title`. Some programs put attributes between the seconds and the comma;
/// a comma inside quotes is theirs. Seconds of 0 and below stand for "not known".
fn length_and_label(said: &str) -> (Option<f64>, &str) {
    let mut quoted = false;
    let outside = said.char_indices().find(|(_, letter)| {
        quoted ^= *letter == '"';
        *letter == ',' && !quoted
    });
    // A quote that is not closed is a quotation mark, as for inches.
    let comma = outside.map(|(at, _)| at).or_else(|| said.find(','));
    let (before, label) = match comma {
        Some(at) => (&said[..at], &said[at + 1..]),
        None => (said, ""),
    };
    let seconds = before.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    (seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0), label)
}

/// What follows that word, whatever its case.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    head.eq_ignore_ascii_case(word).then(|| &text[word.len()..])
}

#[cfg(test)]
#[path = "m3u8_tests.rs"]
mod tests;
