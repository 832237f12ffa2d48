//! A run of an open file's bytes on its way out.
//!
//! Purpose: give those bytes to a socket without copying them through the program ([`FileSlice::send`], sendfile(2)), say
//! beforehand whether that would wait for a disk ([`FileSlice::available`]) and do the waiting elsewhere
//! ([`FileSlice::fetch`]); or read them, where there is no such socket ([`FileSlice::read`]).
//!
//! Invariants: a slice of a file that is no longer the one that was opened fails; so does one behind which the file ends
//! early. What it cannot promise: the kernel takes pages by reference, so a program that writes into a file in
//! place (and does not replace it whole) may change bytes that lie in the socket's queue already. The next
//! call notices; the last one of an answer has none after it but the look at its own end.

use std::{
    fs::{File, Metadata},
    io::{self, IoSliceMut},
    num::NonZeroU64,
    os::{fd::AsFd, unix::fs::FileExt},
    sync::Arc,
    time::SystemTime,
};

use crate::freshness::changed_ns;
use bytes::{Bytes, BytesMut};
use rustix::{
    fs::{Advice, fadvise, sendfile},
    io::{Errno, ReadWriteFlags, preadv2},
};

/// Every that many bytes a page is looked at: what the kernel reads ahead of a reader in one go.
const LOOK_EVERY_BYTES: u64 = 128 * 1024;
/// How much more than asked for is read ahead when the disk has to be asked anyway.
const READ_AHEAD_BYTES: Option<NonZeroU64> = NonZeroU64::new(1024 * 1024);
/// What pages are fetched through; its content is of no interest.
const SCRATCH_BYTES: usize = 16 * 1024;

/// What tells two versions of a file apart, as seen through its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) len: u64,
    pub(crate) modified: Option<SystemTime>,
    /// Inode change time in ns. It moves with a new name or mode as well, which is no reason to break off an answer.
    pub(crate) changed_ns: Option<i64>,
}

impl Version {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { len: metadata.len(), modified: metadata.modified().ok(), changed_ns: changed_ns(metadata) }
    }
}

/// An open file, and which version of it was opened.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) file: Arc<File>,
    /// `None` for bytes that never change, as a part of a file that grows.
    pub(crate) seen: Option<Version>,
}

impl Source {
    /// Fails when the file is no longer the one that was described.
    fn verify(&self) -> io::Result<()> {
        match self.seen {
            Some(seen)
                if Version { changed_ns: seen.changed_ns, ..Version::of(&self.file.metadata()?) } != seen =>
            {
                Err(io::Error::other("the file was changed while it was sent"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether bytes can be had without waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// They lie in memory.
    Yes,
    /// A disk has to be asked.
    No,
    /// This file system does not say.
    Unknown,
}

/// A run of bytes of an open file.
#[derive(Debug, Clone)]
pub struct FileSlice {
    source: Source,
    first: u64,
    len: u64,
}

impl FileSlice {
    pub(crate) const fn new(source: Source, first: u64, len: u64) -> Self {
        Self { source, first, len }
    }

    /// How many bytes are left of it.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing is left of it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the first `len` bytes off, or all if there are fewer.
    #[must_use]
    pub fn split_to(&mut self, len: u64) -> Self {
        let front = Self { source: self.source.clone(), first: self.first, len: len.min(self.len) };
        self.first += front.len;
        self.len -= front.len;
        front
    }

    /// Hands at most `most` of its bytes to a socket that does not block, and takes them off; returns how many.
    ///
    /// # Errors
    /// `WouldBlock` while the socket takes nothing; `UnexpectedEof` and `Other` when the file is no longer what it was:
    /// then the answer must not go on, and bytes of both versions may be on their way.
    pub fn send(&mut self, socket: impl AsFd, most: usize) -> io::Result<usize> {
        let most = usize::try_from(self.len).map_or(most, |len| len.min(most));
        self.source.verify()?;
        let mut offset = self.first;
        let sent = loop {
            match sendfile(&socket, &*self.source.file, Some(&mut offset), most) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        if sent == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.source.verify()?;
        self.first += sent as u64;
        self.len -= sent as u64;
        Ok(sent)
    }

    /// Whether its first `len` bytes lie in memory, by a look at some of their pages.
    #[must_use]
    pub fn available(&self, len: u64) -> Availability {
        let len = len.min(self.len);
        let Some(last) = len.checked_sub(1) else { return Availability::Yes };
        let mut at = 0;
        loop {
            match self.look(self.first + at) {
                Availability::Yes if at == last => return Availability::Yes,
                Availability::Yes => at = (at + LOOK_EVERY_BYTES).min(last),
                other => return other,
            }
        }
    }

    fn look(&self, at: u64) -> Availability {
        let mut byte = [0];
        loop {
            let mut buffers = [IoSliceMut::new(&mut byte)];
            return match preadv2(&*self.source.file, &mut buffers, at, ReadWriteFlags::NOWAIT) {
                // At the file's end there is nothing to wait for either; sending will find out.
                Ok(_) => Availability::Yes,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Availability::No,
                Err(_) => Availability::Unknown,
            };
        }
    }

    /// Waits until its bytes lie in memory, and has some of those behind them read meanwhile. Blocks: not for a thread that
    /// has anything else to do.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn fetch(&self) -> io::Result<()> {
        // Advice only: where it is not taken, reading takes longer.
        let _ = fadvise(&*self.source.file, self.first, NonZeroU64::new(self.len), Advice::WillNeed);
        let end = self.first + self.len;
        let _ = fadvise(&*self.source.file, end, READ_AHEAD_BYTES, Advice::WillNeed);
        let mut scratch = [0; SCRATCH_BYTES];
        let mut at = self.first;
        while at < end {
            let want = usize::try_from(end - at).map_or(SCRATCH_BYTES, |left| left.min(SCRATCH_BYTES));
            match self.source.file.read_at(&mut scratch[..want], at) {
                Ok(0) => break,
                Ok(read) => at += read as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// All of its bytes, in memory: for the few places that cannot hand on a file.
    ///
    /// # Errors
    /// At an early end; when the file is no longer the one that was opened; those of the disk.
    pub async fn read(self) -> io::Result<Bytes> {
        let blocking = tokio::task::spawn_blocking(move || {
            let mut buffer = BytesMut::zeroed(usize::try_from(self.len).map_err(io::Error::other)?);
            self.source.file.read_exact_at(&mut buffer, self.first)?;
            self.source.verify()?;
            Ok(buffer.freeze())
        });
        blocking.await.map_err(io::Error::other)?
    }
}
