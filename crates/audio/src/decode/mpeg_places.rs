//! [`FramePlaces`]: where in the file the frames of MPEG audio lie, to notice bytes between them that are no frames.
//!
//! Why: the demuxer looks for the next frame silently. What is lost would make the file shorter, and layer 3 frames behind it
//! would be decoded with data that belongs to others (ISO 11172-3, 2.4.2.7), to loud noise.
//!
//! The file is read once more for this, in large blocks that the system has just read.

use std::{fs::File, sync::Arc};

use fanfare_model::Result;

use crate::probe::{AudioBytes, read_at};

/// Bytes read at a time.
const BLOCK_BYTES: usize = 64 << 10;
/// Bytes of a frame that are looked for.
const COMPARED_BYTES: usize = 48;
/// Bytes in which a frame is looked for: more than this between two frames ends the search.
const SEARCHED_BYTES: usize = 8 << 20;
/// How tags begin that joined files have between their frames.
const TAGS: [&[u8]; 4] = [b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN"];

/// Follows the frames of a file.
pub(super) struct FramePlaces {
    file: Arc<File>,
    end: u64,
    /// Where the next frame should begin.
    at: u64,
    /// Whether a frame was found.
    found: bool,
    /// Whether frames are not followed any more.
    lost: bool,
    block: Vec<u8>,
    block_at: u64,
    /// Bytes of the frames so far, and their number.
    bytes: u64,
    frames: u64,
}

impl FramePlaces {
    pub(super) fn new(file: Arc<File>, audio: AudioBytes) -> Self {
        Self {
            file,
            end: audio.end,
            at: audio.start,
            found: false,
            lost: false,
            block: Vec::new(),
            block_at: 0,
            bytes: 0,
            frames: 0,
        }
    }

    /// Takes the next frame that the demuxer gave; returns about how many frames are lost before it.
    ///
    /// # Errors
    /// I/O.
    pub(super) fn lost_before(&mut self, frame: &[u8]) -> Result<u64> {
        let head = &frame[..frame.len().min(COMPARED_BYTES)];
        if self.lost || head.is_empty() {
            return Ok(0);
        }
        let mut lost = 0;
        if !self.starts_with(head)? {
            let Some(begin) = self.find(head)? else {
                self.lost = true;
                return Ok(0);
            };
            if self.found {
                lost = self.frames_in(begin - self.at)?;
            }
            self.at = begin;
        }
        self.found = true;
        self.at += frame.len() as u64;
        self.bytes += frame.len() as u64;
        self.frames += 1;
        Ok(lost)
    }

    fn starts_with(&mut self, head: &[u8]) -> Result<bool> {
        let within = self.at >= self.block_at
            && self.at + head.len() as u64 <= self.block_at + self.block.len() as u64;
        if !within {
            let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
            (self.block, self.block_at) = (read_at(&self.file, self.at, left.min(BLOCK_BYTES))?, self.at);
        }
        let from = usize::try_from(self.at - self.block_at).unwrap_or(usize::MAX);
        Ok(self.block.get(from..).is_some_and(|rest| rest.starts_with(head)))
    }

    /// Where a frame begins that is not where it should be.
    fn find(&self, head: &[u8]) -> Result<Option<u64>> {
        let mut from = self.at;
        let most = self.end.min(self.at.saturating_add(SEARCHED_BYTES as u64));
        while from < most {
            let block = read_at(&self.file, from, (most - from).min(BLOCK_BYTES as u64) as usize)?;
            let mut at = 0;
            while let Some(next) =
                block.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == head[0]))
            {
                at += next;
                if block[at..].starts_with(head) {
                    return Ok(Some(from + at as u64));
                }
                at += 1;
            }
            if block.len() < COMPARED_BYTES {
                break;
            }
            from += (block.len() - COMPARED_BYTES + 1) as u64;
        }
        Ok(None)
    }

    /// About how many frames that many bytes before the next frame were. Writers that pad wrongly leave a byte or two, and
    /// tags are no loss.
    fn frames_in(&self, bytes: u64) -> Result<u64> {
        let frame_bytes = (self.bytes / self.frames.max(1)).max(1);
        if bytes < frame_bytes / 2 {
            return Ok(0);
        }
        let begin = read_at(&self.file, self.at, COMPARED_BYTES)?;
        let is_tag = TAGS.iter().any(|tag| begin.starts_with(tag));
        Ok(if is_tag { 0 } else { ((bytes + frame_bytes / 2) / frame_bytes).max(1) })
    }
}
