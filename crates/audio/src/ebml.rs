//! Walking the elements of a Matroska or WebM file (RFC 8794, RFC 9559) by position.
//!
//! Invariants: steps over what is not wanted, however long; visits a bounded number of elements.

use std::{fs::File, ops::Range};

use fanfare_model::Result;

use crate::probe::read_at;

/// Elements visited in one file: a day of one-second clusters, and the blocks of the last one.
const MAX_ELEMENTS: u32 = 200_000;
/// The element that holds everything but the file's header.
pub(crate) const SEGMENT: u64 = 0x1853_8067;

/// An element: its identifier and where its body lies.
pub(crate) type Element = (u64, Range<u64>);

/// A walk over one file.
pub(crate) struct Walk<'a> {
    file: &'a File,
    visited: u32,
}

impl<'a> Walk<'a> {
    /// A walk that has visited nothing yet.
    pub(crate) const fn new(file: &'a File) -> Self {
        Self { file, visited: 0 }
    }

    /// Calls `each` for the elements directly inside a range, until it says `false`.
    ///
    /// # Errors
    /// I/O only: at damage the walk ends.
    pub(crate) fn children(
        &mut self,
        range: Range<u64>,
        mut each: impl FnMut(Element) -> bool,
    ) -> Result<()> {
        let mut at = range.start;
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
            if !each((id, body.min(end)..end)) {
                break;
            }
            at = end.max(at + 2);
        }
        Ok(())
    }

    /// The last element in a range whose identifier is wanted.
    ///
    /// # Errors
    /// I/O only.
    pub(crate) fn last(
        &mut self,
        range: Range<u64>,
        wanted: impl Fn(u64) -> bool,
    ) -> Result<Option<Element>> {
        let mut found = None;
        self.children(range, |element| {
            if wanted(element.0) {
                found = Some(element);
            }
            true
        })?;
        Ok(found)
    }

    /// All elements in a range with that identifier, at most that many.
    ///
    /// # Errors
    /// I/O only.
    pub(crate) fn all(&mut self, range: Range<u64>, wanted: u64, most: usize) -> Result<Vec<Range<u64>>> {
        let mut found = Vec::new();
        self.children(range, |(id, body)| {
            if id == wanted {
                found.push(body);
            }
            found.len() < most
        })?;
        Ok(found)
    }

    /// The body of the first element in a range with that identifier, if it is no longer than `most` bytes.
    ///
    /// # Errors
    /// I/O only.
    pub(crate) fn bytes(&mut self, range: Range<u64>, wanted: u64, most: u64) -> Result<Option<Vec<u8>>> {
        match self.all(range, wanted, 1)?.pop() {
            Some(body) if body.end - body.start <= most => {
                read_at(self.file, body.start, (body.end - body.start) as usize).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The same as text.
    ///
    /// # Errors
    /// I/O only.
    pub(crate) fn text(&mut self, range: Range<u64>, wanted: u64, most: u64) -> Result<Option<String>> {
        let bytes = self.bytes(range, wanted, most)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned()))
    }
}

/// A number whose leading zero bits tell its length, with or without that marker, and its length in bytes.
pub(crate) fn number(bytes: &[u8], most: usize, strip: bool) -> Option<(u64, usize)> {
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
        assert_eq!(number(&[0x18, 0x53, 0x80, 0x67], 4, false), Some((SEGMENT, 4)));
        assert_eq!(
            number(&[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 8, true),
            Some(((1 << 56) - 1, 8))
        );
        assert_eq!(number(&[0x00, 0xff], 8, true), None);
        assert_eq!(number(&[], 8, true), None);
    }
}
