//! Which tracks a playlist of another program means.
//!
//! What a playlist names is compared with what the catalog knows, and never opened. A file is the track at that very
//! path; or the one whose path ends as its own does; or the one of that artist, title and length. Paths are compared as
//! people read them: case, white space and composition of letters do not count. Artist and title are compared as search does
//! (`folding`): a playlist that says `Lodz` means `Łódź`. Where two tracks fold alike, the one that is
//! written as the playlist has it comes first.

use std::collections::HashMap;

use encoding_rs::WINDOWS_1252;
use fanfare_model::{
    Error, ErrorKind, Result, TrackId,
    m3u8::{self, Listed, Playlist},
};
use percent_encoding::percent_decode_str;

use super::Catalog;
use crate::{
    error::sql,
    folding::fold,
    rows::{col, id},
    text::name_key,
};

/// How far lengths may differ: playlists have whole seconds, and programs disagree about padding.
const SAME_LENGTH_S: f64 = 2.5;

/// What a playlist came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// The tracks that were found, in order.
    pub tracks: Vec<TrackId>,
    /// The lines that no track was found for.
    pub unmatched: Vec<String>,
}

/// A track as it is compared.
struct Known {
    id: TrackId,
    path: String,
    label: Label,
    duration_s: Option<f64>,
}

/// Artist and title.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Label {
    /// Folded as for search.
    folded: String,
    /// As it is written, but for case, white space and composition of letters.
    written: String,
}

impl Label {
    fn of(text: &str) -> Self {
        let folded = fold(text);
        let written = name_key(text);
        // A name of nothing but marks still is a name.
        Self { folded: if folded.is_empty() { written.clone() } else { folded }, written }
    }
}

impl Catalog {
    /// Finds the tracks of a playlist. `folder` is where its file lies, if that is known: paths may begin there.
    pub async fn match_playlist(&self, playlist: &Playlist, folder: Option<&str>) -> Result<Matched> {
        const WHAT: &str = "looking for a playlist's tracks";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT t.id, t.relative_path, t.title, t.duration_s, a.name AS artist_name \
             FROM track t LEFT JOIN artist a ON a.n = t.artist ORDER BY t.presence <> 'here', t.n",
        )
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        drop(reader);
        let mut known = Vec::with_capacity(rows.len());
        for row in &rows {
            known.push(Known {
                id: id(row, "id", TrackId::from_bytes)?,
                path: m3u8::on_a_line(col(row, "relative_path")?),
                label: Label::of(&m3u8::on_a_line(&m3u8::label(
                    col(row, "artist_name")?,
                    col(row, "title")?,
                ))),
                duration_s: col(row, "duration_s")?,
            });
        }
        drop(rows);
        let (files, folder) = (playlist.files.clone(), folder.map(ToOwned::to_owned));
        // Large libraries take a while to compare with.
        let compared = tokio::task::spawn_blocking(move || {
            let matcher = Matcher::new(&known);
            let mut matched = Matched::default();
            for file in files {
                match matcher.find(&file, folder.as_deref()) {
                    Some(track) => matched.tracks.push(track),
                    None => matched.unmatched.push(match file.path.trim() {
                        "" => file.label.unwrap_or_default(),
                        path => path.to_owned(),
                    }),
                }
            }
            matched
        });
        compared.await.map_err(|error| {
            Error::new(ErrorKind::Internal, "comparing a playlist was interrupted").because(error)
        })
    }
}

/// The library, by what playlists say.
struct Matcher<'a> {
    by_path: HashMap<&'a str, Vec<&'a Known>>,
    by_name: HashMap<String, Vec<&'a Known>>,
    /// By the file's name and its folder's.
    by_pair: HashMap<[String; 2], Vec<&'a Known>>,
    by_label: HashMap<&'a str, Vec<&'a Known>>,
}

impl<'a> Matcher<'a> {
    fn new(known: &'a [Known]) -> Self {
        let mut matcher = Self {
            by_path: HashMap::new(),
            by_name: HashMap::new(),
            by_pair: HashMap::new(),
            by_label: HashMap::new(),
        };
        for track in known {
            matcher.by_path.entry(&track.path).or_default().push(track);
            matcher.by_label.entry(&track.label.folded).or_default().push(track);
            let mut parts = parts(&track.path);
            let Some(name) = parts.pop() else { continue };
            if let Some(folder) = parts.pop() {
                matcher.by_pair.entry([folder, name.clone()]).or_default().push(track);
            }
            matcher.by_name.entry(name).or_default().push(track);
        }
        matcher
    }

    fn find(&self, file: &Listed, folder: Option<&str>) -> Option<TrackId> {
        let said = Said { label: file.label.as_deref().map(Label::of), duration_s: file.duration_s };
        let exact = file.path.strip_prefix("./").unwrap_or(&file.path);
        let here = self.by_path.get(file.path.as_str()).or_else(|| self.by_path.get(exact));
        let found = here.and_then(|tracks| said.best(tracks.iter().copied()));
        let found = found.or_else(|| {
            // A playlist may know artist and title alone.
            let path = Some(&file.path).filter(|path| !path.trim().is_empty())?;
            readings(path, folder).iter().find_map(|path| self.by_suffix(path, &said))
        });
        found.or_else(|| self.by_label(&said)).map(|track| track.id)
    }

    /// The track whose path has the longest end in common with that one: at least the file's name and its folder's, or
    /// all of the shorter path.
    fn by_suffix(&self, path: &str, said: &Said) -> Option<&'a Known> {
        let wanted = parts(path);
        if let [.., folder, name] = wanted.as_slice() {
            let mut longest = 0;
            let mut found: Vec<&Known> = Vec::new();
            for track in self.by_pair.get(&[folder.clone(), name.clone()]).into_iter().flatten() {
                let has = parts(&track.path);
                let common =
                    wanted.iter().rev().zip(has.iter().rev()).take_while(|(one, other)| one == other).count();
                if common > longest {
                    longest = common;
                    found.clear();
                }
                if common == longest {
                    found.push(track);
                }
            }
            if let Some(track) = said.only(&found) {
                return Some(track);
            }
        }
        // A name alone says little: a label that speaks against it counts more.
        let is_whole = |track: &&&Known| wanted.len() == 1 || !track.path.contains('/');
        let same_name = self.by_name.get(wanted.last()?)?.iter().filter(is_whole);
        let found: Vec<&Known> = match said.label {
            Some(_) => same_name.copied().filter(|track| said.names(track)).collect(),
            None => same_name.copied().take(2).collect(),
        };
        said.only(&found)
    }

    fn by_label(&self, said: &Said) -> Option<&'a Known> {
        let tracks = self.by_label.get(said.label.as_ref()?.folded.as_str())?;
        match said.duration_s {
            Some(_) => said.best(tracks.iter().copied().filter(|track| said.is_as_long(track))),
            None => match tracks.as_slice() {
                [track] => Some(track),
                _ => {
                    let mut written = tracks.iter().filter(|track| said.names_as_written(track));
                    let only = written.next()?;
                    written.next().is_none().then_some(*only)
                }
            },
        }
    }
}

/// What a playlist says of a file besides its path.
struct Said {
    label: Option<Label>,
    duration_s: Option<f64>,
}

impl Said {
    fn names(&self, track: &Known) -> bool {
        self.label.as_ref().is_some_and(|label| label.folded == track.label.folded)
    }

    fn names_as_written(&self, track: &Known) -> bool {
        self.label.as_ref().is_some_and(|label| label.written == track.label.written)
    }

    /// The only one; of several that end alike the one that the label names. `01.flac` alone decides nothing.
    fn only<'a>(&self, found: &[&'a Known]) -> Option<&'a Known> {
        match found {
            [track] => Some(track),
            _ => self.best(found.iter().copied().filter(|track| self.names(track))),
        }
    }

    fn is_as_long(&self, track: &Known) -> bool {
        self.distance(track) <= SAME_LENGTH_S
    }

    /// By how much the lengths differ; unknown ones differ by nothing.
    fn distance(&self, track: &Known) -> f64 {
        self.duration_s.zip(track.duration_s).map_or(0.0, |(one, other)| (one - other).abs())
    }

    /// The one that is called as the label says, in these very letters if there is one, and is nearest in length; of equals the one that came first.
    fn best<'a>(&self, tracks: impl Iterator<Item = &'a Known>) -> Option<&'a Known> {
        tracks.min_by(|a, b| {
            let rank =
                |track: &Known| ((!self.names(track), !self.names_as_written(track)), self.distance(track));
            let ((a_other, a_off), (b_other, b_off)) = (rank(a), rank(b));
            a_other.cmp(&b_other).then(a_off.total_cmp(&b_off))
        })
    }
}

/// What a path may mean, the likeliest first: from the playlist's folder on, as written, with backslashes as they are on
/// Windows, with escapes as in addresses.
fn readings(path: &str, folder: Option<&str>) -> Vec<String> {
    let path = path.trim();
    let address = path.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:")).map(|_| &path[5..]);
    let path = address.unwrap_or(path);
    let mut readings = vec![path.to_owned()];
    let mut add = |reading: String| {
        if !readings.contains(&reading) {
            readings.push(reading);
        }
    };
    let plain = unescaped(path);
    if path.contains('\\') {
        add(path.replace('\\', "/"));
    }
    add(plain.replace('\\', "/"));
    add(plain);
    if let Some(folder) = folder
        && address.is_none()
        && !path.starts_with(['/', '\\'])
        && !has_drive(path)
    {
        let below: Vec<String> = readings.iter().map(|reading| format!("{folder}/{reading}")).collect();
        readings.splice(0..0, below);
    }
    readings
}

/// The text with `%20` and the like replaced (RFC 3986 section 2.1); what is no UTF-8 then is Windows-1252.
fn unescaped(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    String::from_utf8(bytes)
        .unwrap_or_else(|error| WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned())
}

/// Whether it begins with a drive of Windows.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// The names in a path, as they are compared, from the drive or root on; `..` leads out of the folder before it.
fn parts(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        // `C:song.mp3` begins in whatever folder is the drive's own.
        let part = if parts.is_empty() && has_drive(part) { &part[2..] } else { part };
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name_key(&name.replace(unwritable, " "))),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// What does not survive in a playlist, or between programs.
fn unwritable(letter: char) -> bool {
    letter.is_control() || letter == '\u{fffd}'
}

#[cfg(test)]
#[path = "playlists_tests.rs"]
mod tests;
