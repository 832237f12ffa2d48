//! The content of an answer: text of ours and runs of a file, in order.
//!
//! Purpose: say what is to be sent without holding it ([`Content`]); a caller with a socket hands the runs to it as they
//! are, others read them as a stream of bounded buffers ([`Content::read`]).

use std::{collections::VecDeque, io, pin::Pin};

use bytes::Bytes;
use futures_util::{Stream, stream};

use crate::slice::FileSlice;

/// How many bytes are read from a file at a time.
pub const BUFFER_BYTES: usize = 128 * 1024;

/// The bytes of a body, in buffers of at most [`BUFFER_BYTES`].
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// A piece of an answer's content.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Bytes of ours.
    Text(Bytes),
    /// Bytes of a file.
    File(FileSlice),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::File(slice) => slice.len(),
        }
    }
}

/// What an answer consists of. Cheap to clone: clones share the open file.
#[derive(Debug, Clone, Default)]
pub struct Content {
    pieces: VecDeque<Piece>,
}

impl Content {
    pub(crate) fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self { pieces: pieces.into_iter().filter(|piece| piece.len() > 0).collect() }
    }

    /// How many bytes are left of it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.pieces.iter().map(Piece::len).sum()
    }

    /// Whether nothing is left of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Takes the next piece off, never an empty one; of a file at most `most` bytes.
    pub fn next_piece(&mut self, most: u64) -> Option<Piece> {
        match self.pieces.front_mut()? {
            Piece::File(slice) if slice.len() > most => Some(Piece::File(slice.split_to(most))),
            _ => self.pieces.pop_front(),
        }
    }

    /// The bytes, one buffer of them in memory at a time.
    #[must_use]
    pub fn read(self) -> ByteStream {
        Box::pin(stream::try_unfold(self, |mut content| async move {
            Ok(match content.next_piece(BUFFER_BYTES as u64) {
                None => None,
                Some(Piece::Text(text)) => Some((text, content)),
                Some(Piece::File(slice)) => Some((slice.read().await?, content)),
            })
        }))
    }
}
