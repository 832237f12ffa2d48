//! A new file as pieces of the old one and new bytes.
//!
//! What is kept is copied byte for byte from where it was: audio cannot change, because nothing here ever makes any.

use std::{fs::File, ops::Range, os::unix::fs::FileExt};

use fanfare_model::{Error, ErrorKind, Result};

/// Bytes copied at a time.
const COPY_BYTES: usize = 256 << 10;

/// A part of the new file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// That range of the old file.
    Keep(Range<u64>),
    /// These bytes.
    New(Vec<u8>),
    /// Ogg pages in that range of the old file, of that stream, their numbers raised by so many.
    Pages {
        /// Where.
        range: Range<u64>,
        /// Of which stream.
        serial: u32,
        /// By how much the page numbers change.
        shift: u32,
    },
}

/// A format's pieces, or the reason why its tags are not written.
pub(super) type Plan = Result<Vec<Piece>>;

/// Gives a range of a file in blocks.
///
/// # Errors
/// I/O, the callback's, [`ErrorKind::Malformed`] when the file ends within the range.
pub(super) fn each_block(
    file: &File,
    range: Range<u64>,
    mut block: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut buffer = vec![0; COPY_BYTES];
    let mut at = range.start;
    while at < range.end {
        let most = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(buffer.len());
        match file.read_at(&mut buffer[..most], at) {
            Ok(0) => return Err(malformed("the file ends within what its headers declare").at_byte(at)),
            Ok(count) => {
                block(&buffer[..count])?;
                at += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::from_io("reading the file", error).at_byte(at)),
        }
    }
    Ok(())
}

/// The file contradicts its format: what is not understood is not rewritten.
pub(super) fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message).remedy("the file is left as it is")
}

/// The format is right, but tags in it are not written here.
pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, message)
        .remedy("the file is left as it is; the gains are in the catalog and used from there")
}
