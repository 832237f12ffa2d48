//! The pages of an Ogg file (RFC 3533, section 6): where the last one ends, and where some are lost.
//!
//! Why: the demuxer skips damaged pages silently and lets the next page begin where the last good one ended, so the
//! track would be shorter than it is. Each page says at its end where in the track that is. A demuxer that begins with the
//! page behind the damage knows its true place.
//!
//! Invariants: reads each byte a bounded number of times; streams that follow each other are taken one by one.

use std::{fs::File, ops::Range};

use fanfare_model::Result;
use symphonia::core::{checksum::Crc32, io::Monitor as _};

use crate::probe::{AudioBytes, read_at};

/// Bytes of a page without its table of lengths, and of the longest page.
const HEAD_BYTES: usize = 27;
const LONGEST_PAGE: usize = HEAD_BYTES + 255 + 255 * 255;
/// Bytes that are searched at once for the last page: first near the end, then further back.
const NEAR_BYTES: u64 = 136 << 10;
const BLOCK_BYTES: u64 = 1 << 20;
/// Places that look like the last page and are none.
const MAX_TRIES: u32 = 10_000;
/// Stretches between damage that are told apart.
const MAX_RUNS: usize = 256;
/// Checksums are computed over that many times the bytes of the file at most.
const MAX_CHECKS: u64 = 8;
/// The granule position of a page in which no packet ends, and the flags of the first and of the last page of a stream.
pub(super) const NONE_ENDS: u64 = u64::MAX;
pub(super) const FIRST: u8 = 2;
pub(super) const LAST: u8 = 4;

/// A whole page whose checksum is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub length: usize,
    pub flags: u8,
    pub granule: u64,
    pub serial: u32,
    pub number: u32,
}

/// The page with which those bytes begin.
fn page(bytes: &[u8]) -> Option<Page> {
    let head = bytes.get(..HEAD_BYTES).filter(|head| head.starts_with(b"OggS\0"))?;
    let lengths = bytes.get(HEAD_BYTES..HEAD_BYTES + usize::from(head[26]))?;
    let body: usize = lengths.iter().map(|length| usize::from(*length)).sum();
    let length = HEAD_BYTES + lengths.len() + body;
    let whole = bytes.get(..length)?;
    let mut crc = Crc32::new(0);
    crc.process_buf_bytes(&whole[..22]);
    crc.process_buf_bytes(&[0; 4]);
    crc.process_buf_bytes(&whole[26..]);
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    (crc.crc() == number(22)).then(|| Page {
        length,
        flags: head[5],
        granule: u64::from(number(10)) << 32 | u64::from(number(6)),
        serial: number(14),
        number: number(18),
    })
}

/// The last whole page of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastPage {
    /// One past its last byte.
    pub end: u64,
    /// Bytes of the file behind it.
    pub behind: u64,
    /// Its place in the track: frames up to its end, with those that Opus skips at the start. `None` if it tells none, or is
    /// of another stream than the first page.
    pub granule: Option<u64>,
    /// Whether it says that the stream ends with it.
    pub is_end: bool,
}

impl LastPage {
    /// About how many of those granules the whole file had, by its size: where the stream does not end with this page, and
    /// bytes that are no pages follow it.
    pub(crate) fn estimated(&self, start: u64) -> Option<u64> {
        let (granule, read) = (self.granule.filter(|_| !self.is_end)?, self.end - start);
        let whole = u128::from(granule) * u128::from(read + self.behind) / u128::from(read.max(1));
        u64::try_from(whole).ok().filter(|_| self.behind > 0)
    }
}

/// Finds the last whole page of a file; `None` if there is none.
///
/// # Errors
/// I/O.
pub(crate) fn last_page(file: &File, audio: AudioBytes) -> Result<Option<LastPage>> {
    let serial = read_at(file, audio.start + 14, 4)?;
    let (mut upper, mut step, mut tries) = (audio.end, NEAR_BYTES, MAX_TRIES);
    while upper > audio.start {
        let from = upper.saturating_sub(step).max(audio.start);
        let until = audio.end.min(upper + LONGEST_PAGE as u64);
        let bytes = read_at(file, from, usize::try_from(until - from).unwrap_or(0))?;
        let places = usize::try_from(upper - from).unwrap_or(0).min(bytes.len());
        for at in (0..places).rev().filter(|at| bytes[*at..].starts_with(b"OggS")) {
            if let Some(page) = page(&bytes[at..]) {
                let end = from + (at + page.length) as u64;
                let known = page.granule != NONE_ENDS && page.serial.to_le_bytes().as_slice() == serial;
                return Ok(Some(LastPage {
                    end,
                    behind: audio.end - end,
                    granule: Some(page.granule).filter(|_| known),
                    is_end: page.flags & LAST != 0,
                }));
            }
            tries -= 1;
            if tries == 0 {
                return Ok(None);
            }
        }
        (upper, step) = (from, BLOCK_BYTES);
    }
    Ok(None)
}

/// The stretches of a damaged file between which pages are lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runs {
    /// The pages of the headers.
    pub head: Vec<u8>,
    /// Where whole pages follow each other, in order.
    pub runs: Vec<Range<u64>>,
}

/// What is found of the streams and the damage in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// One stream without damage, or nothing is known of how to go on behind it.
    Whole,
    /// One stream, with damage.
    Damaged(Runs),
    /// Several streams, or one without its first page.
    Several,
}

/// Looks for damage in a file of one stream.
///
/// # Errors
/// I/O.
pub(super) fn runs(file: &File, audio: AudioBytes) -> Result<Found> {
    let mut pages = Pages::new(file, audio);
    // The headers end with a page of granule position 0, and the first page of sound has another one.
    let (mut serial, mut number, mut head_end, mut in_head) = (None, None, audio.start, true);
    let mut runs: Vec<Range<u64>> = Vec::new();
    let mut end = audio.start;
    while let Some((start, page)) = pages.next()? {
        let is_first = serial.is_none();
        if *serial.get_or_insert(page.serial) != page.serial || (page.flags & FIRST != 0) != is_first {
            return Ok(Found::Several);
        }
        let skips = number.is_some_and(|number: u32| page.number > number.saturating_add(1));
        let is_gap = start != end || skips;
        number = Some(page.number);
        end = start + page.length as u64;
        if in_head {
            if page.granule == 0 && !is_gap {
                head_end = end;
                continue;
            }
            if page.granule == NONE_ENDS && !is_gap {
                continue;
            }
            in_head = false;
            // A page of sound in which no packet ends may come before the first one with a place.
            if !is_gap {
                runs.push(head_end..end);
                continue;
            }
        }
        match runs.last_mut().filter(|_| !is_gap) {
            Some(run) => run.end = end,
            None => runs.push(start..end),
        }
    }
    let lost_first = runs.first().is_some_and(|run| run.start != head_end);
    if head_end == audio.start || runs.len() > MAX_RUNS || (runs.len() < 2 && !lost_first) || pages.gave_up()
    {
        return Ok(Found::Whole);
    }
    let head = read_at(file, audio.start, usize::try_from(head_end - audio.start).unwrap_or(0))?;
    Ok(Found::Damaged(Runs { head, runs }))
}

/// The whole pages of a file, in order.
pub(super) struct Pages<'a> {
    file: &'a File,
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    /// Offset of the buffer's first byte.
    from: u64,
    /// Bytes whose checksum may still be computed.
    checks: u64,
}

impl<'a> Pages<'a> {
    pub(super) fn new(file: &'a File, audio: AudioBytes) -> Self {
        let checks = (audio.end - audio.start).saturating_mul(MAX_CHECKS);
        Self { file, at: audio.start, end: audio.end, buffer: Vec::new(), from: audio.start, checks }
    }

    pub(super) fn gave_up(&self) -> bool {
        self.checks == 0
    }

    pub(super) fn next(&mut self) -> Result<Option<(u64, Page)>> {
        while self.at < self.end && self.checks > 0 {
            let left = self.end - self.at;
            let have = (self.from + self.buffer.len() as u64).saturating_sub(self.at);
            if have < left.min(LONGEST_PAGE as u64) {
                let most = usize::try_from(left.min(BLOCK_BYTES)).unwrap_or(0);
                (self.from, self.buffer) = (self.at, read_at(self.file, self.at, most)?);
                if self.buffer.is_empty() {
                    break;
                }
            }
            let bytes = &self.buffer[usize::try_from(self.at - self.from).unwrap_or(0)..];
            if let Some(page) = page(bytes) {
                let start = self.at;
                self.at += page.length as u64;
                return Ok(Some((start, page)));
            }
            if bytes.starts_with(b"OggS") {
                self.checks = self.checks.saturating_sub(bytes.len().min(LONGEST_PAGE) as u64);
            }
            let next = bytes.windows(4).skip(1).position(|window| window == b"OggS").map(|place| place + 1);
            // The marker may lie across two reads.
            self.at += next.unwrap_or_else(|| bytes.len().saturating_sub(3).max(1)) as u64;
        }
        Ok(None)
    }
}
