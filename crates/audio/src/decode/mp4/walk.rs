//! [`Walk`]: the boxes of a file by position, a bounded number of them.

use std::{fs::File, ops::Range};

use fanfare_model::{Error, Result};

use crate::probe::read_at;

/// Boxes visited in one file. A film has some hundred at these levels.
pub(super) const MAX_BOXES: u32 = 20_000;
/// Bytes read of one box of facts.
pub(super) const MAX_FACT_BYTES: usize = 4_096;

/// A file whose boxes are visited.
pub(super) struct Walk<'a> {
    pub(super) file: &'a File,
    visited: u32,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(file: &'a File) -> Self {
        Self { file, visited: 0 }
    }

    /// The boxes directly inside a range. Stops quietly at a length that cannot be: what came before counts.
    pub(super) fn children(&mut self, range: Range<u64>) -> Result<Vec<([u8; 4], Range<u64>)>> {
        let mut found = Vec::new();
        let mut at = range.start;
        while at + 8 <= range.end {
            self.visited += 1;
            if self.visited > MAX_BOXES {
                return Err(Error::limit("boxes", self.visited.into(), MAX_BOXES.into()).at_byte(at));
            }
            let head = read_at(self.file, at, 16)?;
            let (Some(size), Some(kind)) = (u32_at(&head, 0), head.get(4..8)) else { break };
            let (header, length) = match size {
                0 => (8, range.end - at),
                1 => (16, u64_at(&head, 8).unwrap_or(0)),
                size => (8, u64::from(size)),
            };
            let Some(end) = at.checked_add(length).filter(|end| length >= header && *end <= range.end) else {
                break;
            };
            found.push(([kind[0], kind[1], kind[2], kind[3]], at + header..end));
            at = end;
        }
        Ok(found)
    }

    pub(super) fn find(&mut self, range: Range<u64>, wanted: &[u8; 4]) -> Result<Option<Range<u64>>> {
        Ok(self.children(range)?.into_iter().find(|(kind, _)| kind == wanted).map(|(_, body)| body))
    }

    pub(super) fn path(&mut self, mut range: Range<u64>, path: &[&[u8; 4]]) -> Result<Option<Range<u64>>> {
        for wanted in path {
            let Some(mut body) = self.find(range, wanted)? else { return Ok(None) };
            if *wanted == b"meta" {
                // A full box: version and flags stand before its children (QuickTime leaves them out).
                let head = read_at(self.file, body.start, 8)?;
                if head.get(4..8) != Some(b"hdlr") {
                    body.start = (body.start + 4).min(body.end);
                }
            }
            range = body;
        }
        Ok(Some(range))
    }

    pub(super) fn read(&self, body: &Range<u64>) -> Result<Vec<u8>> {
        read_at(self.file, body.start, (body.end - body.start).min(MAX_FACT_BYTES as u64) as usize)
    }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32_at(bytes, at)?) << 32 | u64::from(u32_at(bytes, at + 4)?))
}
