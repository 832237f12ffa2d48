//! The checker of the testkit finds what it is there to find: each kind of fault, planted in a ladder without one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hls_support;
mod support;

use std::collections::BTreeMap;

use fanfare_audio::OpenOptions;
use fanfare_testkit::hls::{self, Expected};
use hls_support::make;
use support::{music, write_wav};
use tempfile::TempDir;

type Pages = BTreeMap<String, Vec<u8>>;

const FRAMES: usize = 600_000;

fn findings(pages: &Pages) -> Vec<String> {
    let mut fetch = |uri: &str| pages.get(uri).cloned().ok_or(format!("{uri} is not there"));
    let expected = Expected { frames: FRAMES as u64, rate_hz: 44_100 };
    hls::check("index.m3u8", &mut fetch, expected).findings
}

/// Replaces text in a playlist.
fn reword(pages: &mut Pages, page: &str, from: &str, to: &str) {
    let text = String::from_utf8(pages[page].clone()).unwrap();
    assert!(text.contains(from), "{page} has {from}");
    pages.insert(page.to_owned(), text.replacen(from, to, 1).into_bytes());
}

/// Adds to a byte behind the name of a box.
fn bump(pages: &mut Pages, page: &str, kind: &[u8; 4], offset: usize) {
    let bytes = pages.get_mut(page).unwrap();
    let at = bytes.windows(4).position(|window| window == kind).unwrap() + 4 + offset;
    bytes[at] = bytes[at].wrapping_add(1);
}

/// A fault, how it is planted, and a word of what is to be found.
type Fault = (&'static str, fn(&mut Pages), &'static str);

const FAULTS: &[Fault] = &[
    ("no end", |pages| reword(pages, "low/index.m3u8", "#EXT-X-ENDLIST", "#"), "ENDLIST"),
    ("no map", |pages| reword(pages, "low/index.m3u8", "#EXT-X-MAP", "#EXT-X-MOP"), "EXT-X-MAP"),
    ("an old version", |pages| reword(pages, "low/index.m3u8", "VERSION:6", "VERSION:3"), "VERSION"),
    (
        "a target too short",
        |pages| reword(pages, "low/index.m3u8", "DURATION:7", "DURATION:5"),
        "longer than",
    ),
    ("a target too long", |pages| reword(pages, "low/index.m3u8", "DURATION:7", "DURATION:9"), "far above"),
    (
        "a duration that is off by a frame",
        |pages| reword(pages, "low/index.m3u8", "#EXTINF:6.037188209", "#EXTINF:6.037165533"),
        "says 266239 frames",
    ),
    (
        "a segment that is missing",
        |pages| reword(pages, "low/index.m3u8", "#EXTINF:6.037188209,\n0.m4s\n", ""),
        "begins at",
    ),
    ("an address that leads nowhere", |pages| drop(pages.remove("high/1.m4s")), "not there"),
    ("the wrong codec", |pages| reword(pages, "index.m3u8", "\"mp4a.40.2\"", "\"mp4a.40.5\""), "CODECS"),
    (
        "bandwidth too low",
        |pages| reword(pages, "index.m3u8", "BANDWIDTH=", "BANDWIDTH=1,X="),
        "BANDWIDTH is 1",
    ),
    (
        "bandwidth too high",
        |pages| reword(pages, "index.m3u8", "BANDWIDTH=", "BANDWIDTH=9999999,X="),
        "BANDWIDTH is 9999999",
    ),
    (
        "average too high",
        |pages| reword(pages, "index.m3u8", "AVERAGE-BANDWIDTH=", "AVERAGE-BANDWIDTH=9"),
        "AVERAGE-BANDWIDTH",
    ),
    ("another priming", |pages| bump(pages, "low/init.mp4", b"elst", 15), "frames, the track has"),
    ("another rate", |pages| bump(pages, "low/init.mp4", b"mdhd", 15), "a tick is not a frame"),
    ("a duration that nobody knows", |pages| bump(pages, "low/init.mp4", b"mvhd", 19), "tells a duration"),
    ("a segment at another time", |pages| bump(pages, "high/1.m4s", b"tfdt", 11), "begins at"),
    ("a segment with another number", |pages| bump(pages, "high/1.m4s", b"mfhd", 7), "sequence number"),
    ("a packet of another size", |pages| bump(pages, "high/0.m4s", b"trun", 15), "bytes of packets"),
    ("an offset that misses", |pages| bump(pages, "high/0.m4s", b"trun", 11), "where mdat does"),
    ("a packet that is longer", |pages| bump(pages, "high/2.m4s", b"trun", 15), "frames"),
    (
        "a segment cut elsewhere",
        |pages| reword(pages, "high/index.m3u8", "#EXTINF:6.037188209,\n0.m4s\n", ""),
        "segments",
    ),
];

#[test]
fn every_fault_that_is_planted_is_found() {
    let folder = TempDir::new().unwrap();
    let path = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, FRAMES, 2));
    let made = make(&path, &"low=aac:128,high=flac".parse().unwrap(), &OpenOptions::default());
    let sound = made.pages();
    assert_eq!(findings(&sound), [""; 0]);
    for (what, plant, found) in FAULTS {
        let mut pages = sound.clone();
        plant(&mut pages);
        let findings = findings(&pages);
        assert!(findings.iter().any(|finding| finding.contains(found)), "{what}: {findings:?}");
    }
}
