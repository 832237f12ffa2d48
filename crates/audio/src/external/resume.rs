//! [`Resume`]: where decoding goes on behind damage at which a child stopped.
//!
//! Why: `ffmpeg` ends a WavPack file at the first bytes that are no block, and finds no frame of a TTA file behind a place
//! where bytes are missing. Both formats say where each block or frame belongs, so another child can go on behind the damage;
//! what lies between becomes silence of the true length.

mod tta;
mod wavpack;

use fanfare_model::Result;

use super::{
    arguments::{ChildArguments, Input},
    bytes::ChildBytes,
};
use crate::Container;

/// Children that may go on with one file: damage in more places than this ends it.
const MAX_RESUMED: u32 = 32;

/// How often, and from where, children went on with a file.
#[derive(Debug, Default)]
pub(super) struct Resume {
    /// Where the last child began to read.
    from: u64,
    resumed: u32,
}

impl Resume {
    /// What the next child reads, after one that read those bytes stopped; `None` where nothing follows.
    ///
    /// # Errors
    /// I/O.
    pub(super) fn next(
        &mut self,
        arguments: &ChildArguments,
        bytes: &ChildBytes,
    ) -> Result<Option<(ChildArguments, ChildBytes)>> {
        if self.resumed >= MAX_RESUMED {
            return Ok(None);
        }
        let (mut arguments, mut bytes) = (*arguments, bytes.clone());
        match bytes.audio.container {
            Container::WavPack => {
                let from = self.from.max(bytes.audio.start);
                let Some(at) = wavpack::next(&bytes.file, from..bytes.audio.end)? else { return Ok(None) };
                (self.from, bytes.left_out_bytes) = (at, at);
            }
            // All damage is found at once.
            Container::Tta if self.resumed == 0 => {
                let Some(pieces) = tta::pieces(&bytes.file, bytes.audio)? else { return Ok(None) };
                bytes.pieces = pieces.into();
                arguments.input = Input::Pipe;
            }
            _ => return Ok(None),
        }
        self.resumed += 1;
        Ok(Some((arguments, bytes)))
    }
}
