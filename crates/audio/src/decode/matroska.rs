//! The padding at the end of a Matroska file (RFC 9559: `DiscardPadding`), which Symphonia does not tell.
//!
//! Invariants: walks from cluster to cluster by their sizes; a bounded number of elements is visited.

use std::{fs::File, ops::Range};

use fanfare_model::Result;

use crate::probe::{AudioBytes, read_at};

/// Elements visited in one file: a day of one-second clusters, and the blocks of the last one.
const MAX_ELEMENTS: u32 = 200_000;
const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1f43_b675;
const BLOCK_GROUP: u64 = 0xa0;
const SIMPLE_BLOCK: u64 = 0xa3;
const DISCARD_PADDING: u64 = 0x75a2;

/// Nanoseconds to drop from the end of the last packet; 0 where nothing is told.
///
/// # Errors
/// I/O only: a damaged structure tells nothing.
pub(super) fn end_padding_ns(file: &File, audio: AudioBytes) -> Result<u64> {
    let mut walk = Walk { file, visited: 0 };
    let Some(segment) = walk.last(audio.start..audio.end, |id| id == SEGMENT)? else { return Ok(0) };
    let Some(cluster) = walk.last(segment.1, |id| id == CLUSTER)? else { return Ok(0) };
    match walk.last(cluster.1, |id| id == BLOCK_GROUP || id == SIMPLE_BLOCK)? {
        Some((BLOCK_GROUP, group)) => match walk.last(group, |id| id == DISCARD_PADDING)? {
            Some((_, value)) => {
                let bytes = read_at(file, value.start, (value.end - value.start).min(8) as usize)?;
                let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                // Signed; a negative padding would be at the start of the block.
                let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
                Ok(if negative { 0 } else { number })
            }
            None => Ok(0),
        },
        _ => Ok(0),
    }
}

struct Walk<'a> {
    file: &'a File,
    visited: u32,
}

impl Walk<'_> {
    /// The last element in a range whose identifier is wanted.
    fn last(&mut self, range: Range<u64>, wanted: impl Fn(u64) -> bool) -> Result<Option<(u64, Range<u64>)>> {
        let (mut at, mut found) = (range.start, None);
        while at < range.end && self.visited < MAX_ELEMENTS {
            self.visited += 1;
            let head = read_at(self.file, at, 12)?;
            let Some((id, id_bytes)) = number(&head, 4, false) else { break };
            let Some((size, size_bytes)) = number(head.get(id_bytes..).unwrap_or_default(), 8, true) else {
                break;
            };
            let body = at + (id_bytes + size_bytes) as u64;
            // All ones means "unknown": up to the end of what holds it.
            let unknown = size == (1 << (7 * size_bytes)) - 1;
            let end = if unknown { range.end } else { body.saturating_add(size).min(range.end) };
            if wanted(id) {
                found = Some((id, body..end));
            }
            at = end.max(at + 2);
        }
        Ok(found)
    }
}

/// A number whose leading zero bits tell its length, with or without that marker, and its length in bytes.
fn number(bytes: &[u8], most: usize, strip: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    if length > most {
        return None;
    }
    let mut value = u64::from(first);
    if strip {
        value &= (1 << (8 - length)) - 1;
    }
    for byte in bytes.get(1..length)? {
        value = value << 8 | u64::from(*byte);
    }
    Some((value, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tell_their_length() {
        assert_eq!(number(&[0x81], 8, true), Some((1, 1)));
        assert_eq!(number(&[0x40, 0x02], 8, true), Some((2, 2)));
        assert_eq!(number(&[0x1f, 0x43, 0xb6, 0x75], 4, false), Some((CLUSTER, 4)));
        assert_eq!(
            number(&[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 8, true),
            Some(((1 << 56) - 1, 8))
        );
        assert_eq!(number(&[0x00, 0xff], 8, true), None);
        assert_eq!(number(&[], 8, true), None);
    }
}
