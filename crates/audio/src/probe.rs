//! What a file is, by its content and never by its name.
//!
//! Vocabulary: the *head* is the first bytes of a file; *tags* may lie before and after the *audio bytes*.
//!
//! Invariants: nothing that refers to other files or addresses (playlists, cue sheets, concat lists, HTML)
//! and nothing else than audio passes; no input makes it panic; it reads a bounded number of bytes.

pub(crate) mod flac;
pub(crate) mod mpeg;
mod ogg;
mod window;

use fanfare_model::{Error, ErrorKind, Result};

pub(crate) use window::{AudioBytes, end_before_tags, find_audio, open_regular, read_at};

/// How the audio's packets are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// RIFF WAVE.
    Wav,
    /// RF64 or BW64: WAVE with 64-bit sizes.
    Rf64,
    /// Sony Wave64.
    Wave64,
    /// AIFF and AIFF-C.
    Aiff,
    /// Apple Core Audio Format.
    Caf,
    /// Sun AU.
    Au,
    /// Native FLAC.
    Flac,
    /// MPEG audio frames, layers 1 to 3.
    Mp3,
    /// AAC in ADTS frames.
    Adts,
    /// AMR speech, narrow band or wide band (RFC 4867, section 5).
    Amr,
    /// ISO base media (MP4, M4A, MOV, 3GP).
    Mp4,
    /// Ogg.
    Ogg,
    /// Matroska and WebM.
    Matroska,
    /// Monkey's Audio.
    Ape,
    /// WavPack.
    WavPack,
    /// Microsoft ASF (WMA).
    Asf,
    /// Sony DSF (DSD).
    Dsf,
    /// Philips DSDIFF (DSD).
    Dff,
    /// True Audio.
    Tta,
    /// TAK.
    Tak,
    /// Musepack stream version 7.
    Musepack7,
    /// Musepack stream version 8.
    Musepack8,
}

impl Container {
    /// Its name as in [`fanfare_model::AudioProperties::container`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Rf64 => "rf64",
            Self::Wave64 => "w64",
            Self::Aiff => "aiff",
            Self::Caf => "caf",
            Self::Au => "au",
            Self::Flac => "flac",
            Self::Mp3 => "mp3",
            Self::Adts => "adts",
            Self::Amr => "amr",
            Self::Mp4 => "mp4",
            Self::Ogg => "ogg",
            Self::Matroska => "matroska",
            Self::Ape => "ape",
            Self::WavPack => "wavpack",
            Self::Asf => "asf",
            Self::Dsf => "dsf",
            Self::Dff => "dff",
            Self::Tta => "tta",
            Self::Tak => "tak",
            Self::Musepack7 | Self::Musepack8 => "musepack",
        }
    }

    /// Every container, in order.
    pub const ALL: &'static [Self] = &[
        Self::Wav,
        Self::Rf64,
        Self::Wave64,
        Self::Aiff,
        Self::Caf,
        Self::Au,
        Self::Flac,
        Self::Mp3,
        Self::Adts,
        Self::Amr,
        Self::Mp4,
        Self::Ogg,
        Self::Matroska,
        Self::Ape,
        Self::WavPack,
        Self::Asf,
        Self::Dsf,
        Self::Dff,
        Self::Tta,
        Self::Tak,
        Self::Musepack7,
        Self::Musepack8,
    ];
}

/// First bytes of files that are no audio, with the word for them. Only those whose name helps the person.
const NOT_AUDIO: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"ITSF", "a help file"),
    (b"SQLite format 3", "a database"),
    (b"#EXTM3U", "a playlist"),
    (b"[playlist]", "a playlist"),
    (b"ffconcat", "a list of files"),
    (b"#!", "a script"),
];

/// What the head of a file says it is. Tags in front (ID3v2) are skipped; when they are longer than the
/// head, the file is taken for MPEG audio, the only kind that usually wears them.
///
/// # Errors
/// [`ErrorKind::NotAudio`] for everything that is no audio, [`ErrorKind::Empty`] for no bytes at all.
pub fn probe(head: &[u8]) -> Result<Container> {
    let mut rest = head;
    while let Some(length) = id3v2_length(rest) {
        match rest.get(length..) {
            Some(after) if !after.is_empty() => rest = after,
            _ => return Ok(Container::Mp3),
        }
    }
    probe_untagged(rest).map(|(container, _)| container)
}

/// Container of a head without tags in front, and where in the head its audio begins.
fn probe_untagged(head: &[u8]) -> Result<(Container, usize)> {
    if head.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "the file has no bytes"));
    }
    if let Some(container) = by_magic(head) {
        return Ok((container, 0));
    }
    if let Some((_, what)) = NOT_AUDIO.iter().find(|(magic, _)| starts_with_ignoring_case(head, magic)) {
        return Err(Error::new(ErrorKind::NotAudio, format!("the file is {what}, not audio")));
    }
    if is_transport_stream(head) {
        return Err(Error::new(ErrorKind::Unsupported, "the file is an MPEG transport stream")
            .remedy("take the audio out of it: ffmpeg -i FILE -vn -c copy FILE.mka"));
    }
    if mpeg::free_format(head).is_some() {
        return Ok((Container::Mp3, 0));
    }
    if let Some(at) = ogg::find_ogg(head) {
        return Ok((Container::Ogg, at));
    }
    // A frame of one kind looks like a frame of the other only by chance, so the earlier run wins.
    let (mpeg, adts) = (mpeg::find_mpeg(head), mpeg::find_adts(head));
    if let Some(at) = flac::find_flac(head)
        && [mpeg, adts].iter().flatten().all(|other| at < *other)
    {
        return Ok((Container::Flac, at));
    }
    if mpeg.is_none()
        && adts.is_none()
        && let Some(at) = mpeg::find_free_format(head)
    {
        return Ok((Container::Mp3, at));
    }
    match (mpeg, adts) {
        (Some(at), None) => Ok((Container::Mp3, at)),
        (None, Some(at)) => Ok((Container::Adts, at)),
        (Some(mpeg), Some(adts)) if adts <= mpeg => Ok((Container::Adts, adts)),
        (Some(at), Some(_)) => Ok((Container::Mp3, at)),
        (None, None) if looks_like_text(head) => {
            Err(Error::new(ErrorKind::NotAudio, "the file is text, not audio"))
        }
        (None, None) => {
            Err(Error::new(ErrorKind::NotAudio, "the file's content is no audio format that is known here"))
        }
    }
}

/// Containers that name themselves in their first bytes.
fn by_magic(head: &[u8]) -> Option<Container> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    Some(match () {
        () if at(0, b"RIFF") && at(8, b"WAVE") => Container::Wav,
        () if (at(0, b"RF64") || at(0, b"BW64")) && at(8, b"WAVE") => Container::Rf64,
        () if at(0, b"riff\x2e\x91\xcf\x11") => Container::Wave64,
        () if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) => Container::Aiff,
        () if at(0, b"caff\x00\x01") => Container::Caf,
        () if at(0, b".snd") => Container::Au,
        () if at(0, b"fLaC") => Container::Flac,
        () if at(4, b"ftyp") => Container::Mp4,
        () if at(0, b"OggS") => Container::Ogg,
        () if at(0, b"\x1a\x45\xdf\xa3") => Container::Matroska,
        () if at(0, b"MAC ") => Container::Ape,
        () if at(0, b"wvpk") => Container::WavPack,
        () if at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") => Container::Asf,
        () if at(0, b"DSD ") => Container::Dsf,
        () if at(0, b"FRM8") && at(12, b"DSD ") => Container::Dff,
        () if at(0, b"TTA1") || at(0, b"TTA2") => Container::Tta,
        () if at(0, b"tBaK") => Container::Tak,
        () if at(0, b"MP+\x07") || at(0, b"MP+\x17") => Container::Musepack7,
        () if at(0, b"MPCK") => Container::Musepack8,
        () if at(0, b"#!AMR\n") || at(0, b"#!AMR-WB\n") => Container::Amr,
        () => return None,
    })
}

/// Whether packets of an MPEG transport stream follow each other (ISO 13818-1, 2.4.3.2: 188 bytes that begin with 0x47;
/// Blu-ray puts four more in front of each). Frames of MPEG audio and AAC lie inside them, in pieces.
fn is_transport_stream(head: &[u8]) -> bool {
    [(0, 188), (4, 192)].iter().any(|(first, step)| {
        let syncs = (0..4).filter_map(|packet| head.get(first + packet * step));
        syncs.clone().count() > 1 && syncs.clone().all(|byte| *byte == 0x47)
    })
}

fn starts_with_ignoring_case(head: &[u8], magic: &[u8]) -> bool {
    head.get(..magic.len()).is_some_and(|start| start.eq_ignore_ascii_case(magic))
}

/// Whether the first bytes are text of any kind: playlists, cue sheets, HTML, SVG, subtitles, lyrics. Binary
/// audio has control bytes within its first kilobyte.
fn looks_like_text(head: &[u8]) -> bool {
    let start = &head[..head.len().min(1024)];
    let utf16 = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    if utf16 && start.len() >= 8 {
        // Text in UTF-16 has a zero in every other byte as long as it is mostly Latin.
        let zeros = |odd: usize| start[2..].iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
        return zeros(0).max(zeros(1)) * 4 > start.len();
    }
    start.iter().all(|byte| !matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127))
}

/// Length in bytes of the ID3v2 tag at the start, with header and footer, if there is one
/// (id3.org, ID3v2.4.0 structure, section 3.1: seven bits per length byte).
pub(crate) fn id3v2_length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..10)?;
    let size_bytes = &header[6..10];
    if !header.starts_with(b"ID3") || header[3] == 0xff || size_bytes.iter().any(|byte| *byte > 0x7f) {
        return None;
    }
    let size = size_bytes.iter().fold(0_usize, |size, byte| size << 7 | usize::from(*byte));
    let footer = if header[5] & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn content_decides() {
        let mut mp3 = Vec::new();
        for _ in 0..4 {
            mp3.extend([0xff, 0xfb, 0x90, 0x44]);
            mp3.resize(mp3.len() + 413, 0x55);
        }
        let with = |front: &[u8], back: &[u8]| [front, back].concat();
        let junk: Vec<u8> = (0..60_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
        for (bytes, expected) in [
            (b"fLaC\0\0\0\x22".to_vec(), Ok(Container::Flac)),
            (mp3.clone(), Ok(Container::Mp3)),
            (with(&junk, &mp3), Ok(Container::Mp3)),
            (with(b"ID3\x04\0\0\0\0\0\x02ab", &mp3), Ok(Container::Mp3)),
            (with(b"ID3\x04\0\0\0\0\0\x02ab", b"fLaC"), Ok(Container::Flac)),
            (b"ID3\x04\0\0\x7f\x7f\x7f\x7f".to_vec(), Ok(Container::Mp3)),
            (b"RIFF\0\0\0\0WAVEfmt ".to_vec(), Ok(Container::Wav)),
            (b"RIFF\0\0\0\0AVI LIST".to_vec(), Err(ErrorKind::NotAudio)),
            (b"\0\0\0\x20ftypM4A ".to_vec(), Ok(Container::Mp4)),
            (b"#EXTM3U\n/etc/passwd\n".to_vec(), Err(ErrorKind::NotAudio)),
            (b"#extm3u\r\nhttp://127.0.0.1/".to_vec(), Err(ErrorKind::NotAudio)),
            (b"[Playlist]\nFile1=/etc/passwd".to_vec(), Err(ErrorKind::NotAudio)),
            (b"ffconcat version 1.0\nfile /etc/passwd".to_vec(), Err(ErrorKind::NotAudio)),
            (b"FILE \"a.wav\" WAVE\n TRACK 01 AUDIO".to_vec(), Err(ErrorKind::NotAudio)),
            (b"<!DOCTYPE html><html>".to_vec(), Err(ErrorKind::NotAudio)),
            (b"\xef\xbb\xbf<?xml version='1.0'?>".to_vec(), Err(ErrorKind::NotAudio)),
            (b"\xff\xfe#\0E\0X\0T\0M\x003\0U\0".to_vec(), Err(ErrorKind::NotAudio)),
            (b"#!AMR\n\x3c".to_vec(), Ok(Container::Amr)),
            (b"#!/bin/sh\n".to_vec(), Err(ErrorKind::NotAudio)),
            ([vec![0x47; 1], vec![1; 187]].concat().repeat(5), Err(ErrorKind::Unsupported)),
            (b"PK\x03\x04\x14\0".to_vec(), Err(ErrorKind::NotAudio)),
            (b"\x89PNG\r\n\x1a\n".to_vec(), Err(ErrorKind::NotAudio)),
            (b"%PDF-1.7".to_vec(), Err(ErrorKind::NotAudio)),
            (b"http://127.0.0.1:1/stream".to_vec(), Err(ErrorKind::NotAudio)),
            (vec![0; 4096], Err(ErrorKind::NotAudio)),
            (junk.clone(), Err(ErrorKind::NotAudio)),
            (Vec::new(), Err(ErrorKind::Empty)),
        ] {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]).into_owned();
            assert_eq!(probe(&bytes).map_err(|error| error.kind()), expected, "{start:?}");
        }
    }

    proptest! {
        #[test]
        fn no_head_makes_it_panic(
            magic in prop::sample::select(vec![
                &b""[..], b"ID3\x03\0\0", b"ID3\x04\0\x10\0\0\0\0", b"\xff\xfb\x90\x44", b"\xff\xf1", b"RIFF", b"\xff\xfe",
            ]),
            rest in prop::collection::vec(any::<u8>(), 0..3000),
        ) {
            let _ = probe(&[magic, &rest].concat());
        }
    }
}
