//! Where tags lie in each container, and which comes first where there are several: [`read`].
//!
//! Bounded whatever a length says: a tag is read up to the limit on tags, one at a time.

use std::{fs::File, ops::Range};

use fanfare_model::{Error, Result};

use super::{
    apev2, chunks, fields::Collected, flac, headers, id3v1, id3v2, mp4, ogg_comments, reading::TagReading,
};
use crate::{
    Container, Limits,
    probe::{AudioBytes, id3v2_length, read_at},
};

/// Tags in front of each other.
const MAX_LEADING_TAGS: usize = 8;
/// Bytes of an ID3v2 tag's header and of its footer.
const ID3V2_FRAME: u64 = id3v2::HEADER as u64;
/// What stands at the end of a Lyrics3 2.00 block (id3.org, "Lyrics3 v2.00"), behind six digits of its length.
const LYRICS3: &[u8] = b"LYRICS200";

/// What was found, the tags that come first in front.
struct Found<'a> {
    limits: &'a Limits,
    tags: Vec<Collected<'a>>,
}

/// Reads all tags of a file into the reading: a value that one lacks the next may have.
pub(super) fn read(file: &File, audio: AudioBytes, limits: &Limits, reading: &mut TagReading) {
    let mut found = Found { limits, tags: Vec::new() };
    if let Err(error) = found.read(file, audio) {
        reading.warnings.push(format!("tags were not read: {error}"));
    }
    let is_cut = found.tags.iter().any(|tag| tag.cut);
    let mut best = None;
    for mut tag in found.tags {
        tag.fill(&mut reading.tags);
        if let Some(picture) = tag.picture.take()
            && best.as_ref().is_none_or(|(rank, _)| picture.rank < *rank)
        {
            best = Some((picture.rank, picture.bytes));
        }
        for damaged in tag.damaged {
            if !reading.damaged.contains(&damaged) {
                reading.damaged.push(damaged);
            }
        }
    }
    reading.warnings.extend(reading.damaged.iter().cloned());
    if is_cut {
        reading.cut = true;
        let most = limits.max_tag_bytes;
        reading
            .warnings
            .push(format!("tags were read in part: they are larger than the limit of {most} bytes"));
    }
    if let Some((_, picture)) = best {
        reading.take_cover(picture, limits);
    }
}

impl Found<'_> {
    fn read(&mut self, file: &File, audio: AudioBytes) -> Result<()> {
        let limits = self.limits;
        match audio.container {
            Container::Flac => {
                self.one(|tag| flac::read(file, audio, tag))?;
                self.around(file, audio, false)
            }
            Container::Ogg => {
                self.one(|tag| ogg_comments::read(file, audio, tag))?;
                self.leading(file, audio)
            }
            Container::Mp4 => self.one(|tag| mp4::read(file, audio, tag)),
            Container::Wav | Container::Rf64 | Container::Aiff => {
                let (texts, places) = chunks::read(file, audio, limits)?;
                for place in places {
                    self.id3v2(file, place)?;
                }
                self.tags.push(texts);
                self.leading(file, audio)
            }
            Container::Dsf | Container::Dff => match headers::id3_place(file, audio) {
                Some(place) => self.id3v2(file, place),
                None => Ok(()),
            },
            Container::Mp3 | Container::Adts | Container::Tta => self.around(file, audio, false),
            Container::WavPack
            | Container::Ape
            | Container::Tak
            | Container::Musepack7
            | Container::Musepack8 => self.around(file, audio, true),
            // Those have readers of their own, or no tags.
            Container::Wave64
            | Container::Caf
            | Container::Au
            | Container::Amr
            | Container::Matroska
            | Container::Asf => Ok(()),
        }
    }

    fn one(&mut self, read: impl FnOnce(&mut Collected<'_>) -> Result<()>) -> Result<()> {
        let mut tag = Collected::new(self.limits);
        let read = read(&mut tag);
        self.tags.push(tag);
        read
    }

    /// ID3v2 in front, APE and ID3v1 behind; the format's own first.
    fn around(&mut self, file: &File, audio: AudioBytes, ape_first: bool) -> Result<()> {
        let mut behind = Found { limits: self.limits, tags: Vec::new() };
        let mut old = Collected::new(self.limits);
        let length = file.metadata().map_err(|error| Error::from_io("reading the file's size", error))?.len();
        let mut end = length;
        if let Some(at) = end.checked_sub(id3v1::LENGTH).filter(|at| *at >= audio.start) {
            let bytes = read_at(file, at, id3v1::LENGTH as usize)?;
            if bytes.starts_with(b"TAG") {
                id3v1::read(&bytes, &mut old);
                end = at;
            }
        }
        end = before_lyrics(file, end)?;
        let mut ape = Collected::new(self.limits);
        if let Some(start) = apev2::read_ending(file, end, &mut ape)? {
            end = start;
        } else if audio.start > 0 || audio.container == Container::Mp3 {
            apev2::read_at_start(file, 0, &mut ape)?;
        }
        behind.trailing(file, end)?;
        if ape_first {
            self.tags.push(ape);
            self.leading(file, audio)?;
        } else {
            self.leading(file, audio)?;
            self.tags.push(ape);
        }
        self.tags.append(&mut behind.tags);
        self.tags.push(old);
        Ok(())
    }

    /// The ID3v2 tags in front of the audio. The first is the newest: programs that do not replace one put theirs there.
    fn leading(&mut self, file: &File, audio: AudioBytes) -> Result<()> {
        let mut at = 0;
        for _ in 0..MAX_LEADING_TAGS {
            if at >= audio.start {
                break;
            }
            let Some(length) = id3v2_length(&read_at(file, at, id3v2::HEADER)?) else { break };
            let end = at + length as u64;
            // A length that leads past the audio's start is wrong, and its frames may be right.
            self.id3v2(file, at..end.min(audio.start))?;
            at = end;
        }
        Ok(())
    }

    /// An ID3v2.4 tag behind the audio, which a footer ends (section 3.4).
    fn trailing(&mut self, file: &File, end: u64) -> Result<()> {
        let Some(footer_at) = end.checked_sub(ID3V2_FRAME) else { return Ok(()) };
        let mut footer = read_at(file, footer_at, id3v2::HEADER)?;
        if !footer.starts_with(b"3DI") {
            return Ok(());
        }
        // It is the header but for the order of those letters.
        footer[..3].copy_from_slice(b"ID3");
        match id3v2_length(&footer).and_then(|length| end.checked_sub(length as u64)) {
            Some(start) => self.id3v2(file, start..end),
            None => Ok(()),
        }
    }

    fn id3v2(&mut self, file: &File, place: Range<u64>) -> Result<()> {
        let head = read_at(file, place.start, id3v2::HEADER)?;
        let Some(length) = id3v2_length(&head) else { return Ok(()) };
        let length = (length as u64).min(place.end.saturating_sub(place.start));
        let taken = length.min(self.limits.max_tag_bytes);
        let bytes = read_at(file, place.start, taken as usize)?;
        self.one(|tag| {
            tag.cut = taken < length;
            id3v2::read(&bytes, tag);
            Ok(())
        })
    }
}

/// Where a Lyrics3 block begins that ends there, else that place.
fn before_lyrics(file: &File, end: u64) -> Result<u64> {
    let tail = LYRICS3.len() as u64 + 6;
    let Some(at) = end.checked_sub(tail) else { return Ok(end) };
    let bytes = read_at(file, at, tail as usize)?;
    let length = bytes
        .strip_suffix(LYRICS3)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse::<u64>().ok());
    Ok(length.and_then(|length| at.checked_sub(length)).unwrap_or(end))
}
