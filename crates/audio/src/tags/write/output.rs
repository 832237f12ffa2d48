//! The pieces of a new file are written.

use std::{fs::File, io::Write};

use fanfare_model::{Error, Result};

use super::{
    ogg,
    pieces::{Piece, each_block},
};

/// Writes the pieces in order.
///
/// # Errors
/// I/O, `Malformed` where kept bytes are not there, and those of [`ogg::copy_pages`].
pub(super) fn write(pieces: &[Piece], old: &File, into: &mut impl Write) -> Result<()> {
    for piece in pieces {
        match piece {
            Piece::New(bytes) => put(into, bytes)?,
            Piece::Keep(range) => each_block(old, range.clone(), |block| put(into, block))?,
            Piece::Pages { range, serial, shift } => {
                ogg::copy_pages(old, range.clone(), *serial, *shift, &mut |page| put(into, page))?;
            }
        }
    }
    Ok(())
}

fn put(into: &mut impl Write, bytes: &[u8]) -> Result<()> {
    into.write_all(bytes).map_err(|error| Error::from_io("writing the new file", error))
}
