//! [`FileBytes`]: the audio bytes of a file as Symphonia's `MediaSource`, with a prefix of our own in front.
//!
//! Invariants: reads never pass the window; a reader that reads without end (a loop in a damaged index)
//! meets an error after a budget that no honest file needs.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    sync::Arc,
};

use symphonia::core::io::MediaSource;

/// How often the whole file may be read between two seeks: formats that interleave badly read parts twice.
const READS_OF_WHOLE_FILE: u64 = 8;
/// Bytes that may always be read, for files so small that headers dominate.
const READ_BYTES_AT_LEAST: u64 = 64 << 20;

/// A window of a file, read by position, so that several windows may share the file.
pub(super) struct FileBytes {
    file: Arc<File>,
    prefix: Vec<u8>,
    start: u64,
    end: u64,
    position: u64,
    budget: u64,
}

impl FileBytes {
    /// `prefix`, then the file's bytes from `start` to `end`.
    pub(super) fn new(file: Arc<File>, prefix: Vec<u8>, start: u64, end: u64) -> Self {
        let mut bytes = Self { file, prefix, start, end: end.max(start), position: 0, budget: 0 };
        bytes.budget = bytes.full_budget();
        bytes
    }

    fn length(&self) -> u64 {
        self.prefix.len() as u64 + (self.end - self.start)
    }

    fn full_budget(&self) -> u64 {
        self.length().saturating_mul(READS_OF_WHOLE_FILE).saturating_add(READ_BYTES_AT_LEAST)
    }
}

impl Read for FileBytes {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let prefix = self.prefix.len() as u64;
        let count = if self.position < prefix {
            (&self.prefix[self.position as usize..]).read(into)?
        } else {
            let at = self.start + (self.position - prefix);
            let room = self.end.saturating_sub(at).min(into.len() as u64) as usize;
            self.file.read_at(&mut into[..room], at)?
        };
        self.position += count as u64;
        self.budget = self.budget.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "the same bytes were asked for over and over")
        })?;
        Ok(count)
    }
}

impl Seek for FileBytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position =
            target.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start"))?;
        Ok(self.position)
    }
}

impl MediaSource for FileBytes {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length())
    }
}
