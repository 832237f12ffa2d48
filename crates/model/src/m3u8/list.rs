//! A list of files, whatever the format of the playlist that it is read from; and the limits of reading one.

/// The most lines that are read.
pub(super) const MAX_LINES: usize = 10_000;
/// What is kept of a line, in characters: Linux's longest path has 4,096 bytes.
pub(super) const MAX_LINE: usize = 4_096;

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

/// The lines of a text without their ends; CR with LF is one end.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}
