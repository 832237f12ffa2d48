//! [`ChildBytes`]: which bytes a child reads.

use std::{
    fs::File,
    io::{self, ErrorKind},
    ops::Range,
    os::unix::fs::FileExt,
    sync::Arc,
};

use crate::probe::AudioBytes;

/// Bytes moved at once through a pipe: what Linux gives a pipe by default.
pub(super) const BLOCK_BYTES: usize = 64 << 10;

/// A part of what is sent through a pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// These bytes of the file.
    File(Range<u64>),
    /// That many zeros, in place of what is lost.
    Zeros(u64),
}

/// Which bytes of a file a child reads.
#[derive(Clone)]
pub(super) struct ChildBytes {
    pub file: Arc<File>,
    pub audio: AudioBytes,
    /// Bytes at the start of the file that its demuxer leaves out; only for a child that reads the file itself.
    pub left_out_bytes: u64,
    /// What is sent through a pipe; empty for the audio bytes as they are.
    pub pieces: Arc<[Piece]>,
}

impl ChildBytes {
    /// The audio bytes of a file as they are.
    pub(super) fn whole(file: Arc<File>, audio: AudioBytes) -> Self {
        Self { file, audio, left_out_bytes: 0, pieces: Arc::default() }
    }

    /// Reads them for as long as `take` wants more.
    pub(super) fn read_blocks(&self, mut take: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
        let mut block = vec![0; BLOCK_BYTES];
        if self.pieces.is_empty() {
            return self.read_range(self.audio.start..self.audio.end, &mut block, &mut take).map(|_| ());
        }
        for piece in self.pieces.iter() {
            let goes_on = match piece {
                Piece::File(range) => self.read_range(range.clone(), &mut block, &mut take)?,
                Piece::Zeros(bytes) => {
                    block.fill(0);
                    let mut left = *bytes;
                    let mut goes_on = true;
                    while goes_on && left > 0 {
                        let some = left.min(BLOCK_BYTES as u64);
                        goes_on = take(&block[..some as usize]);
                        left -= some;
                    }
                    goes_on
                }
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// Whether `take` wants more behind that range.
    fn read_range(
        &self,
        range: Range<u64>,
        block: &mut [u8],
        take: &mut impl FnMut(&[u8]) -> bool,
    ) -> io::Result<bool> {
        let mut at = range.start;
        while at < range.end {
            let room = (range.end - at).min(block.len() as u64) as usize;
            match self.file.read_at(&mut block[..room], at) {
                Ok(count @ 1..) if take(&block[..count]) => at += count as u64,
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
