//! Files with APE tags, Vorbis comments and tags of WAVE, AIFF and MP4, and what is to be read of them.

use std::path::Path;

use super::*;
use crate::support::{encode, music, write_wav};

/// What stands for a front cover.
pub const FRONT: &[u8] = b"\x89PNG front cover";
/// What stands for another picture.
pub const OTHER: &[u8] = b"\x89PNG other picture";

/// Files of sound without tags.
pub struct Sound {
    pub mp3: Vec<u8>,
    pub flac: Vec<u8>,
    pub wav: Vec<u8>,
    pub aiff: Vec<u8>,
    pub wavpack: Vec<u8>,
    pub tta: Vec<u8>,
}

impl Sound {
    /// Made by `ffmpeg`.
    pub fn new(folder: &Path) -> Self {
        let source = write_wav(folder, "source.wav", 44_100, &music(44_100, 8_000, 2));
        let made = |name: &str| {
            let bare: &[&str] = if name == "a.mp3" { &["-id3v2_version", "0"] } else { &[] };
            std::fs::read(encode(&source, name, &[&["-bitexact"], bare].concat())).unwrap()
        };
        let without_ape = |name: &str| {
            let mut bytes = made(name);
            if let Some(at) = bytes.windows(8).position(|window| window == b"APETAGEX") {
                bytes.truncate(at);
            }
            bytes
        };
        Self {
            wavpack: without_ape("a.wv"),
            tta: without_ape("a.tta"),
            mp3: made("a.mp3"),
            flac: made("a.flac"),
            aiff: made("a.aiff"),
            wav: std::fs::read(&source).unwrap(),
        }
    }
}

/// Name of the file, its bytes, everything that is read, a part of the warning if there is to be one.
pub type Case = (String, Vec<u8>, &'static str, Option<&'static str>);

/// A file that is sound.
pub fn case(name: &str, bytes: Vec<u8>, expected: &'static str) -> Case {
    (name.to_owned(), bytes, expected, None)
}

/// A file of which something is left out, and what is said of it.
pub fn damaged(name: &str, bytes: Vec<u8>, expected: &'static str, said: &'static str) -> Case {
    (name.to_owned(), bytes, expected, Some(said))
}

/// APE tags.
pub fn ape_cases(sound: &Sound) -> Vec<Case> {
    let cover = [b"Cover Art (Front).png\0", FRONT].concat();
    let back = [b"back.png\0", OTHER].concat();
    let tag = ape(&[
        ("Title", 0, b"Tune"),
        ("Cover Art (Back)", BINARY, &back),
        ("Cover Art (Front)", BINARY, &cover),
    ]);
    // Heads of what no encoder here writes are enough for tags.
    let ape_head = [b"MAC \x96\x0f".as_slice(), &[0; 200]].concat();
    let mut cases: Vec<Case> = [
        ("cover.wv", &sound.wavpack),
        ("cover.ape", &ape_head),
        ("cover7.mpc", &[b"MP+\x07".as_slice(), &[0; 200]].concat()),
        ("cover8.mpc", &[b"MPCKSH".as_slice(), &[0; 200]].concat()),
        ("cover.mp3", &sound.mp3),
        ("cover.tak", &[b"tBaK".as_slice(), &[0; 200]].concat()),
        ("cover.tta", &sound.tta),
    ]
    .iter()
    .map(|(name, bytes)| case(name, [bytes, &tag[..]].concat(), "title=Tune cover=front"))
    .collect();
    let wv = |items: &[(&str, u32, &[u8])]| [&sound.wavpack[..], &ape(items)].concat();
    cases.extend([
        case("date.wv", wv(&[("Date", 0, b"2004")]), "year=2004"),
        case("year.wv", wv(&[("Year", 0, b"2004-05"), ("Originaldate", 0, b"1970")]), "year=2004"),
        case("discnumber.wv", wv(&[("DISCNUMBER", 0, b"2"), ("Track", 0, b"4/9")]), "track=4/9 disc=2/-"),
        case("disc.wv", wv(&[("Disc", 0, b"3/4"), ("album artist", 0, b"AA")]), "album_artist=AA disc=3/4"),
        case("artists.wv", wv(&[("Artist", 0, b"A1\0A2\0A1")]), "artist=A1, A2"),
        case(
            "code page.wv",
            wv(&[("Title", 0, b"Caf\xe9"), ("Album", 0, "Él".as_bytes())]),
            "title=Café album=Él",
        ),
        damaged("no key.wv", wv(&[("\u{fc}\u{fc}", 0, b"x"), ("Title", 0, b"T")]), "title=T", "APE item"),
        // Between the tag and an ID3v1 tag there may be lyrics.
        case(
            "lyrics.mp3",
            [&sound.mp3[..], &tag, b"LYRICSBEGINx000012LYRICS200", &id3v1(b"Old", b"Ann", 17)].concat(),
            "title=Tune artist=Ann genre=Rock year=1999 track=5/- cover=front",
        ),
    ]);
    let mut long = ape(&[("Title", 0, b"T"), ("Artist", 0, b"A")]);
    let at = long.windows(6).position(|window| window == b"Artist").unwrap();
    long[at - 8..at - 4].copy_from_slice(&9_999_u32.to_le_bytes());
    cases.push(damaged("long item.wv", [&sound.wavpack[..], &long].concat(), "title=T", "APE item"));
    cases
}

/// Vorbis comments and pictures of FLAC.
pub fn vorbis_cases(sound: &Sound) -> Vec<Case> {
    let file = |comments: &[&[u8]]| flac(&sound.flac, &[(4, vorbis(comments))]);
    let mut long = vorbis(&[b"TITLE=T", b"ARTIST=A"]);
    let at = long.len() - 12;
    long[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let opus = |comments: &[&[u8]]| {
        ogg(&[opus_head(), [b"OpusTags", &vorbis(comments)[..]].concat(), vec![0xfc, 0xff, 0xfe]])
    };
    // A picture as base64: more than a page of Ogg holds.
    let mut large = FRONT.to_vec();
    large.resize(70_002, 7);
    let block = data_encoding::BASE64.encode(&picture_block(3, &large));
    let picture = format!("METADATA_BLOCK_PICTURE={block}");
    vec![
        case("disc.flac", file(&[b"disc=2", b"track=5", b"totaltracks=7"]), "track=5/7 disc=2/-"),
        case("discnumber.flac", file(&[b"DISCNUMBER=2/3", b"TRACKNUMBER=3/12"]), "track=3/12 disc=2/3"),
        case("year.flac", file(&[b"year=1988", b"album artist=AA"]), "album_artist=AA year=1988"),
        case(
            "twice.flac",
            file(&[b"ALBUM ARTIST=AA", b"ALBUMARTIST=AA", b"albumartist=BB"]),
            "album_artist=AA, BB",
        ),
        case("words.flac", file(&[b"DATE=Oct 3, 1995"]), "year=1995"),
        case("dates.flac", file(&[b"ORIGINALDATE=1971", b"DATE=2011"]), "year=2011"),
        case("no date.flac", file(&[b"DATE=unknown", b"YEAR=1971"]), "year=1971"),
        case(
            "several.flac",
            file(&[b"ARTIST=A1", b"artist=A2", b"GENRE=G1", b"GENRE=G2"]),
            "artist=A1, A2 genre=G1; G2",
        ),
        case(
            "code page.flac",
            file(&[b"TITLE=Caf\xe9 \x93x\x94", b"ARTIST=A"]),
            "title=Café \u{201c}x\u{201d} artist=A",
        ),
        damaged("no name.flac", file(&[b"nothing", b"TITLE=T"]), "title=T", "without a name"),
        damaged("long.flac", flac(&sound.flac, &[(4, long)]), "title=T", "longer than its header"),
        case(
            "covers.flac",
            flac(
                &sound.flac,
                &[(6, picture_block(4, OTHER)), (4, vorbis(&[b"TITLE=T"])), (6, picture_block(3, FRONT))],
            ),
            "title=T cover=front",
        ),
        case(
            "icon.flac",
            flac(&sound.flac, &[(6, picture_block(1, FRONT)), (6, picture_block(4, OTHER))]),
            "cover=other",
        ),
        damaged(
            "bad picture.flac",
            flac(&sound.flac, &[(6, vec![0; 9]), (4, vorbis(&[b"TITLE=T"]))]),
            "title=T",
            "picture block",
        ),
        case(
            "a.opus",
            opus(&[b"TITLE=T", b"R128_TRACK_GAIN=-512", picture.as_bytes()]),
            "title=T gain=3 cover=front",
        ),
        damaged("bad picture.opus", opus(&[b"METADATA_BLOCK_PICTURE=*", b"TITLE=T"]), "title=T", "base64"),
        case(
            "flac.ogg",
            ogg(&[
                [b"\x7fFLAC\x01\0\0\x02", &sound.flac[..42]].concat(),
                [&[4, 0, 0, 20][..], &vorbis(&[b"disc=2"])].concat(),
                [&[0x86, 0, 0, 58][..], &picture_block(3, FRONT)].concat(),
            ]),
            "disc=2/- cover=front",
        ),
    ]
}

/// Tags of WAVE, AIFF and MP4.
pub fn other_cases(sound: &Sound) -> Vec<Case> {
    let text = |name: &[u8; 4], value: &[u8]| mp4_item(name, 1, value);
    let info =
        [b"INFO".to_vec(), chunk(b"INAM", b"Caf\xe9\0", false), chunk(b"ICRD", b"2004\0", false)].concat();
    let tag = id3v2(4, 0, &[frame("TIT2", 0, &utf8("Newer")), frame("TPE1", 0, &utf8("A"))]);
    let mut short = text(b"\xa9ART", b"A");
    short[11] = 0xff;
    vec![
        case("info.wav", [&sound.wav[..], &chunk(b"LIST", &info, false)].concat(), "title=Café year=2004"),
        case(
            "both.wav",
            [&sound.wav[..], &chunk(b"LIST", &info, false), &chunk(b"id3 ", &tag, false)].concat(),
            "title=Newer artist=A year=2004",
        ),
        case(
            "a.aiff",
            [&sound.aiff[..], &chunk(b"NAME", b"N", true), &chunk(b"ID3 ", &tag, true)].concat(),
            "title=Newer artist=A",
        ),
        case(
            "a.m4a",
            mp4(&[
                text(b"\xa9nam", b"T"),
                mp4_item(b"trkn", 0, &[0, 0, 0, 3, 0, 12, 0, 0]),
                mp4_item(b"gnre", 0, &[0, 2]),
                text(b"\xa9day", b"2008-06-01T07:00:00Z"),
                mp4_item(b"covr", 14, FRONT),
            ]),
            "title=T genre=Classic Rock year=2008 track=3/12 cover=front",
        ),
        damaged("bad item.m4a", mp4(&[short, text(b"\xa9nam", b"Caf\xe9")]), "title=Café", "\u{a9}ART"),
    ]
}
