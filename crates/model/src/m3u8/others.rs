//! Playlists that are not M3U: PLS and XSPF are read, everything else is refused with a sentence.
//!
//! PLS has no standard: lines `File1=`, `Title1=`, `Length1=` behind `[playlist]`. XSPF is version 1 of the specification at
//! xspf.org (`location`, `creator`, `title`, `duration` in ms).

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::list::{Listed, MAX_LINE, MAX_LINES, Playlist, label, lines};
use crate::{Error, ErrorKind, Result};

/// The most elements and texts of an XSPF document: 10,000 tracks with eight each.
const MAX_NODES: u32 = 160_000;
/// The share of signs that text cannot have, above which it is no text: one of so many.
const NO_TEXT: usize = 32;

const REMEDY: &str =
    "save the playlist as M3U8 in the program that it comes from; M3U, M3U8, PLS and XSPF are read";

/// The playlist, unless it is to be read as M3U.
pub(super) fn read(text: &str) -> Option<Result<Playlist>> {
    let begin = text.trim_start();
    if begin.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("[playlist]")) {
        return Some(pls(begin));
    }
    if begin.starts_with('<') {
        return Some(xspf(begin));
    }
    let signs = text
        .chars()
        .filter(|letter| letter.is_control() && !letter.is_whitespace() && *letter != '\u{1a}')
        .count();
    (signs > text.chars().count() / NO_TEXT).then(|| {
        Err(Error::new(ErrorKind::Unsupported, "this is no playlist: it is not text").remedy(REMEDY))
    })
}

fn pls(text: &str) -> Result<Playlist> {
    let mut playlist = Playlist::default();
    let mut entries = Entries::default();
    for (number, line) in lines(text).enumerate() {
        if number >= MAX_LINES {
            return Err(Error::limit("playlist_lines", number as u64 + 1, MAX_LINES as u64));
        }
        let Some((name, value)) = line.split_once('=') else { continue };
        let value: String = value.trim().chars().take(MAX_LINE).collect();
        let name = name.trim().to_ascii_lowercase();
        if matches!(name.as_str(), "x-gnome-title" | "playlistname") {
            playlist.title = Some(value).filter(|title| !title.is_empty());
        } else if let Some(number) = name.strip_prefix("file") {
            entries.add(number).path = value;
        } else if let Some(number) = name.strip_prefix("title") {
            entries.of(number).label = Some(value).filter(|label| !label.is_empty());
        } else if let Some(number) = name.strip_prefix("length") {
            entries.of(number).duration_s = seconds(value.parse().ok(), 1.0);
        }
    }
    playlist.files = entries.in_order();
    Ok(playlist)
}

/// The entries of a PLS playlist. Whatever its number is (none, one that was used before, one of a thousand digits), none is lost:
/// numbers only tell the order.
#[derive(Default)]
struct Entries {
    entries: Vec<(String, Listed)>,
    /// The last entry of each number.
    last: HashMap<String, usize>,
}

impl Entries {
    /// The entry to which a title or length of that number belongs.
    fn of(&mut self, number: &str) -> &mut Listed {
        let number = without_zeros(number);
        let at = *self.last.entry(number.to_owned()).or_insert_with(|| {
            self.entries.push((number.to_owned(), Listed::default()));
            self.entries.len() - 1
        });
        &mut self.entries[at].1
    }

    /// The entry of a file of that number: a new one where the number has a file.
    fn add(&mut self, number: &str) -> &mut Listed {
        if !self.of(number).path.is_empty() {
            self.last.remove(without_zeros(number));
        }
        self.of(number)
    }

    /// Those with a file, or at least a title: by their numbers, then those without one as they stand there.
    fn in_order(mut self) -> Vec<Listed> {
        self.entries.sort_by(|(a, _), (b, _)| {
            let place = |number: &str| {
                let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
                is_number.then(|| (number.len(), number.to_owned()))
            };
            match (place(a), place(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            }
        });
        let files = self.entries.into_iter().map(|(_, file)| file);
        files.filter(|file| !file.path.is_empty() || file.label.is_some()).collect()
    }
}

fn without_zeros(number: &str) -> &str {
    let number = number.trim();
    let short = number.trim_start_matches('0');
    if short.is_empty() { &number[..number.len().min(1)] } else { short }
}

/// A length, where it is one: 0 and -1 stand for "not known".
fn seconds(number: Option<f64>, unit_s: f64) -> Option<f64> {
    number.map(|number| number * unit_s).filter(|seconds| seconds.is_finite() && *seconds > 0.0)
}

fn xspf(text: &str) -> Result<Playlist> {
    let refused = |why: &str| Error::new(ErrorKind::Unsupported, why).remedy(REMEDY);
    // The parser does not recurse, and refuses document types and so entities of the file's own.
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|_| refused("this is no M3U, M3U8 or PLS playlist, and no readable XSPF"))?;
    let root = document.root_element();
    if root.tag_name().name() != "playlist" {
        return Err(refused("this is XML or HTML, and no playlist in XSPF"));
    }
    let files =
        root.children().filter(|node| node.has_tag_name_of("trackList")).flat_map(|list| list.children());
    let files = files.filter(|node| node.has_tag_name_of("track")).map(|track| {
        let title = text_of(track, "title");
        Listed {
            // Without an address it is known by artist and title.
            path: text_of(track, "location").unwrap_or_default(),
            label: title.map(|title| label(text_of(track, "creator").as_deref(), &title)),
            duration_s: seconds(text_of(track, "duration").and_then(|ms| ms.parse().ok()), 1e-3),
        }
    });
    let files = files.filter(|file| !file.path.is_empty() || file.label.is_some()).collect();
    Ok(Playlist { title: text_of(root, "title"), files })
}

trait Named {
    /// Whether it is an element of that name, in whatever namespace: many programs leave it out.
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl Named for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn text_of(node: Node<'_, '_>, name: &str) -> Option<String> {
    let found = node.children().find(|child| child.has_tag_name_of(name))?;
    let text: String = found.text()?.trim().chars().take(MAX_LINE).collect();
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::m3u8;

    /// Issue 13: these ended with "nothing in the playlist is in the library".
    #[test]
    fn pls_and_xspf_are_read_with_titles_and_lengths() {
        let file = |path: &str, label: Option<&str>, duration_s| Listed {
            path: path.to_owned(),
            label: label.map(ToOwned::to_owned),
            duration_s,
        };
        let pls = "[playlist]\r\nX-GNOME-Title=Mine\r\nFile2=b.mp3\r\nFile1=a/1.flac\r\nTitle1=Ann - Hello\r\n\
                   Length1=100\r\nLength2=-1\r\nNumberOfEntries=2\r\nVersion=2\r\n";
        let expected = Playlist {
            title: Some("Mine".to_owned()),
            files: vec![file("a/1.flac", Some("Ann - Hello"), Some(100.0)), file("b.mp3", None, None)],
        };
        assert_eq!(m3u8::read(pls.as_bytes()).unwrap(), expected);
        assert_eq!(
            m3u8::read(format!("\u{feff}{}", pls.replace("[playlist]", "[Playlist]")).as_bytes()).unwrap(),
            expected
        );
        let xspf = r#"<?xml version="1.0" encoding="UTF-8"?>
            <playlist version="1" xmlns="http://xspf.org/ns/0/"><title>Mine</title><trackList>
            <track><location>a/1.flac</location><creator>Ann</creator><title>Hello</title><duration>100000</duration></track>
            <track><location>b.mp3</location></track>
            <track><title>Bob &amp; Eve</title></track><track/></trackList></playlist>"#;
        let mut with_title = expected;
        with_title.files.push(file("", Some("Bob & Eve"), None));
        assert_eq!(m3u8::read(xspf.as_bytes()).unwrap(), with_title);
    }

    /// Issue 13: entries without a number, with one that was used, and with one beyond 32 bits were left out silently.
    #[test]
    fn no_entry_of_a_pls_playlist_is_lost_whatever_its_number() {
        let huge = "9".repeat(40);
        let pls = format!(
            "[playlist]\nFile{huge}=huge.mp3\nTitle{huge}=Huge\nFile=none.mp3\nTitle=None\nFile=none2.mp3\nFile4294967296=f.mp3\n\
             File-1=minus.mp3\nTitle2=Two\nFile2=two.mp3\nFile02=again.mp3\nTitle2=Again\nFile0=zero.mp3\nFile10=ten.mp3\n\
             File1=\nNumberOfEntries=2\n"
        );
        let found = m3u8::read(pls.as_bytes()).unwrap().files;
        let found: Vec<_> = found.iter().map(|file| (file.path.as_str(), file.label.as_deref())).collect();
        let expected = [
            ("zero.mp3", None),
            ("two.mp3", Some("Two")),
            ("again.mp3", Some("Again")),
            ("ten.mp3", None),
            ("f.mp3", None),
            ("huge.mp3", Some("Huge")),
            ("none.mp3", Some("None")),
            ("none2.mp3", None),
            ("minus.mp3", None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_playlist_says_so_and_what_to_do() {
        let deep = "<a>".repeat(200_000);
        let bomb = "<!DOCTYPE p [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><playlist><title>&b;</title></playlist>";
        for (bytes, said) in [
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".as_slice(), "not text"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01", "not text"),
            (b"<html><body>404</body></html>", "XML or HTML"),
            (b"<!DOCTYPE html><p>", "no readable XSPF"),
            (b"<asx version=\"3.0\"></asx>", "XML or HTML"),
            (deep.as_bytes(), "no readable XSPF"),
            (bomb.as_bytes(), "no readable XSPF"),
        ] {
            let error = m3u8::read(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(said), "{error}");
            assert!(error.remedy_text().unwrap().contains("M3U8"), "{error}");
        }
        let empty = m3u8::read(b"#EXTM3U\n").unwrap();
        assert!(m3u8::nothing_found(&empty).message().contains("names no files"));
        assert!(
            m3u8::nothing_found(&m3u8::read(b"a.mp3").unwrap()).message().contains("nothing in the playlist")
        );
    }
}
