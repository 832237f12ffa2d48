//! [`FileBytes`]: the audio bytes of a file as Symphonia's `MediaSource`, with a prefix of our own in front
//! and, where a length in them is wrong, a few bytes replaced.
//!
//! Invariants: reads never pass the window; a reader that reads without end (a loop in a damaged index)
//! meets an error after a budget that no honest file needs.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use symphonia::core::io::MediaSource;

/// How often the whole file may be read between two seeks: formats that interleave badly read parts twice.
const READS_OF_WHOLE_FILE: u64 = 8;
/// Bytes that may always be read, for files so small that headers dominate.
const READ_BYTES_AT_LEAST: u64 = 64 << 20;
/// Bytes a demuxer may read before its first packet. Symphonia keeps whole pictures and attachments while it reads
/// headers, so this bounds its memory; the sample tables of a day of AAC in MP4 take half of it.
const HEADER_BYTES: u64 = 96 << 20;

/// Bytes that stand in place of the file's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patch {
    /// Offset in the file.
    pub at: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Patch {
    /// Lays itself over bytes that were read from that offset of the file.
    fn lay_over(&self, read: &mut [u8], offset: u64) {
        for (index, byte) in self.bytes.iter().enumerate() {
            let place =
                (self.at + index as u64).checked_sub(offset).and_then(|place| usize::try_from(place).ok());
            if let Some(target) = place.and_then(|place| read.get_mut(place)) {
                *target = *byte;
            }
        }
    }
}

/// The system's first error in reading a file. A demuxer may take such an error for the end of the file or for damage, and
/// go on. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Option<io::Error>>>);

impl Unread {
    /// Notes an error and returns it unchanged.
    fn note(&self, error: io::Error) -> io::Error {
        if error.kind() != io::ErrorKind::Interrupted {
            let copy = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(copy);
        }
        error
    }

    /// The error, if there was one since the last time.
    pub(super) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A window of a file, read by position, so that several windows may share the file.
pub(super) struct FileBytes {
    file: Arc<File>,
    prefix: Vec<u8>,
    patches: Vec<Patch>,
    start: u64,
    end: u64,
    position: u64,
    budget: Budget,
    unread: Unread,
}

/// How many more bytes may be read; shared with the maker of the reader.
#[derive(Clone)]
pub(super) struct Budget {
    left: Arc<AtomicU64>,
    whole: u64,
}

impl Budget {
    /// The headers are read: from here on the budget is that of the whole file.
    pub(super) fn open_up(&self) {
        self.left.store(self.whole, Ordering::Relaxed);
    }

    fn spend(&self, bytes: u64) -> io::Result<()> {
        let left = self.left.load(Ordering::Relaxed).checked_sub(bytes).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "far more bytes were asked for than an honest file needs",
            )
        })?;
        self.left.store(left, Ordering::Relaxed);
        Ok(())
    }
}

impl FileBytes {
    /// `prefix`, then the file's bytes from `start` to `end`.
    pub(super) fn new(file: Arc<File>, prefix: Vec<u8>, patches: Vec<Patch>, start: u64, end: u64) -> Self {
        let budget = Budget { left: Arc::new(AtomicU64::new(0)), whole: 0 };
        let unread = Unread::default();
        let mut bytes =
            Self { file, prefix, patches, start, end: end.max(start), position: 0, budget, unread };
        bytes.budget.whole = bytes.full_budget();
        bytes.budget.left.store(bytes.budget.whole.min(HEADER_BYTES), Ordering::Relaxed);
        bytes
    }

    /// Notes there what the system says when it cannot read.
    pub(super) fn noting(mut self, unread: Unread) -> Self {
        self.unread = unread;
        self
    }

    /// The budget of this reader.
    pub(super) fn budget(&self) -> Budget {
        self.budget.clone()
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
            let count = self.file.read_at(&mut into[..room], at).map_err(|error| self.unread.note(error))?;
            for patch in &self.patches {
                patch.lay_over(&mut into[..count], at);
            }
            count
        };
        self.position += count as u64;
        self.budget.spend(count as u64)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_a_budget_of_their_own() {
        let file = tempfile::tempfile().unwrap();
        // Sparse: takes no space, and reads as zeros.
        file.set_len(3 * HEADER_BYTES).unwrap();
        let mut bytes = FileBytes::new(Arc::new(file), Vec::new(), Vec::new(), 0, 3 * HEADER_BYTES);
        let budget = bytes.budget();
        let mut block = vec![0; 1 << 20];
        let headers = (0..).take_while(|_| bytes.read(&mut block).is_ok()).count() as u64;
        assert_eq!(headers << 20, HEADER_BYTES);
        budget.open_up();
        assert_eq!(bytes.read(&mut block).unwrap(), block.len());
    }

    #[test]
    fn patches_replace_what_overlaps() {
        let patch = Patch { at: 10, bytes: vec![1, 2, 3, 4] };
        for (offset, expected) in [(0, [0, 0]), (9, [0, 1]), (10, [1, 2]), (13, [4, 0]), (14, [0, 0])] {
            let mut read = [0, 0];
            patch.lay_over(&mut read, offset);
            assert_eq!(read, expected, "from {offset}");
        }
    }
}
