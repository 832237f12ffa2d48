//! Reading the tags of planned files on a few threads.

use std::{
    os::unix::fs::MetadataExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use fanfare_audio::{CancelFlag, Limits, TagReading};
use fanfare_channel::{
    regular_file::{hash_file, open_regular},
    stamp::modified,
};
use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use fanfare_store::ScannedFile;
use tokio::sync::mpsc;

use super::{
    cover::Covers,
    plan::{Reading, Verdict},
    walk::{FoundFile, Walked},
};
use crate::text;

/// Threads that read tags at most: more only queue at one disk.
const MAX_READERS: usize = 4;
/// Readings that wait to be applied at most, which bounds memory.
const WAITING_READINGS: usize = 256;

/// What became of one file.
#[derive(Debug)]
pub(crate) enum ReadOutcome {
    /// Read.
    Scanned {
        file: Box<ScannedFile>,
        /// The hash of its bytes, where that was to be found out.
        hash: Option<ContentHash>,
        /// What was odd about its cover.
        cover_trouble: Option<Arc<Error>>,
    },
    /// It cannot be read.
    Unreadable(Error),
    /// It changed while it was read: to be read again when it is quiet.
    Changing,
    /// It is not there any more (or no regular file any more).
    Gone,
}

/// One reading with its outcome.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) reading: Reading,
    pub(crate) outcome: ReadOutcome,
}

/// Everything the reading threads share.
pub(crate) struct Readers {
    pub(crate) root: PathBuf,
    pub(crate) walked: Arc<Walked>,
    pub(crate) readings: Vec<Reading>,
    pub(crate) covers: Covers,
    pub(crate) limits: Limits,
    /// What reads the tags: `fanfare_audio::read_tags`.
    pub(crate) tags: fn(&Path, &Limits) -> Result<TagReading>,
    pub(crate) cancel: CancelFlag,
    /// Blocks of files that were hashed: while this grows, the storage does not hang.
    pub(crate) blocks: Arc<AtomicU64>,
    /// Held as long as a thread lives ([`super::folder_scan::FolderScan::at_it`]).
    pub(crate) at_it: Arc<()>,
}

/// Starts the threads; their results arrive in no particular order, and end when all is read or cancelled.
///
/// # Errors
/// `Unavailable` when no thread can be started.
pub(crate) fn start(readers: Readers) -> Result<mpsc::Receiver<Read>> {
    let (sender, receiver) = mpsc::channel(WAITING_READINGS);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, MAX_READERS);
    let readers = Arc::new(readers);
    let next = Arc::new(AtomicUsize::new(0));
    for number in 0..threads.min(readers.readings.len()) {
        let (readers, next, sender) = (Arc::clone(&readers), Arc::clone(&next), sender.clone());
        let at_it = Arc::clone(&readers.at_it);
        let started = std::thread::Builder::new().name(format!("tags-{number}")).spawn(move || {
            let _at_it = at_it;
            while !readers.cancel.is_cancelled()
                && let Some(reading) = readers.readings.get(next.fetch_add(1, Ordering::Relaxed))
            {
                // A panic is about that file alone: it is listed, and the thread goes on with the next.
                let outcome = catch_unwind(AssertUnwindSafe(|| readers.read(reading))).unwrap_or_else(|_| {
                    ReadOutcome::Unreadable(Error::new(
                        ErrorKind::Internal,
                        "reading its tags broke off (a panic, see the log)",
                    ))
                });
                let read = Read { reading: *reading, outcome };
                if sender.blocking_send(read).is_err() {
                    break;
                }
            }
        });
        // One thread is enough to get everything done.
        if let Err(error) = started
            && number == 0
        {
            return Err(
                Error::new(ErrorKind::Unavailable, "cannot start a thread to read tags").because(error)
            );
        }
    }
    Ok(receiver)
}

impl Readers {
    fn read(&self, reading: &Reading) -> ReadOutcome {
        let Some(found) = self.walked.files.get(reading.file) else { return ReadOutcome::Gone };
        match self.scan(found, matches!(reading.verdict, Verdict::Recheck(..))) {
            Ok(outcome) => outcome,
            Err(error) if error.kind() == ErrorKind::NotFound => ReadOutcome::Gone,
            Err(error) => ReadOutcome::Unreadable(error),
        }
    }

    fn scan(&self, found: &FoundFile, compare: bool) -> Result<ReadOutcome> {
        let path = self.root.join(&found.relative_path);
        // Opened here first: a FIFO that took the file's place is noticed without waiting for its writer.
        let file = match open_regular(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotAudio => return Ok(ReadOutcome::Gone),
            Err(error) => return Err(error),
        };
        let tags = (self.tags)(&path, &self.limits);
        let mut on_block = || {
            self.blocks.fetch_add(1, Ordering::Relaxed);
        };
        let hash = if compare { Some(hash_file(&file, &self.cancel, &mut on_block)?) } else { None };
        let after = file.metadata().map_err(|error| Error::from_io("look at the file", error))?;
        if after.size() != found.size_bytes || modified(&after) != found.modified {
            return Ok(ReadOutcome::Changing);
        }
        let mut tags = tags?;
        if tags.cut {
            // Tags of that size are read where memory has a bound.
            match self.covers.whole_tags(&path) {
                Ok(whole) => tags = TagReading { cut: true, ..whole },
                Err(error) => {
                    tracing::warn!(path = %found.relative_path, %error, "only a part of a file's tags is read");
                }
            }
        }
        let beside = || {
            let number = found.picture?;
            let picture = self.walked.pictures.get(number)?;
            Some(self.covers.of_picture(number, &picture.path))
        };
        let cover = match self.covers.of_file(&path, &mut tags) {
            Some(Ok(cover)) => Some(Ok(cover)),
            // A broken picture in the file does not hide a good one beside it.
            Some(Err(error)) => Some(beside().and_then(std::result::Result::ok).ok_or(error)),
            None => beside(),
        };
        let (cover, cover_trouble) = match cover {
            Some(Ok(cover)) => (Some(cover), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        let file = Box::new(ScannedFile {
            relative_path: found.relative_path.clone(),
            size_bytes: found.size_bytes,
            modified: found.modified,
            // As it was before the bytes were read: what is written from now on makes another one.
            changed_ns: found.changed_ns,
            tags: tags.tags,
            audio: tags.audio,
            cover,
            cover_error: cover_trouble.as_ref().map(|error| text::sentence(error)),
        });
        Ok(ReadOutcome::Scanned { file, hash, cover_trouble })
    }
}

#[cfg(test)]
mod tests {
    use fanfare_store::{Store, StoreOptions};

    use super::*;

    fn panics_at_one(path: &Path, _: &Limits) -> Result<TagReading> {
        assert!(!path.ends_with("1.wav"), "as wanted");
        Ok(TagReading::default())
    }

    fn no_pictures() -> crate::Pictures {
        let command = crate::PictureCommand { exe: "/bin/false".into(), args: Vec::new() };
        crate::Pictures::start(command)
    }

    #[tokio::test]
    async fn a_panic_while_tags_are_read_fails_that_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut walked = Walked::default();
        for number in 0..20 {
            let relative_path = format!("{number}.wav");
            let path = folder.path().join(&relative_path);
            std::fs::write(&path, "some bytes").unwrap();
            let meta = path.metadata().unwrap();
            let (size_bytes, modified) = (meta.len(), modified(&meta));
            walked.files.push(FoundFile {
                relative_path,
                size_bytes,
                modified,
                changed_ns: None,
                picture: None,
            });
        }
        let options = StoreOptions { migrate: true, readers: 1, busy_timeout_ms: 1_000 };
        let store = Store::open(&folder.path().join("data"), &options).await.unwrap();
        let readings = (0..20).map(|file| Reading { file, verdict: Verdict::Added }).collect();
        let mut reads = start(Readers {
            root: folder.path().to_owned(),
            walked: Arc::new(walked),
            readings,
            covers: Covers::new(store, no_pictures()),
            limits: Limits::default(),
            tags: panics_at_one,
            cancel: CancelFlag::default(),
            blocks: Arc::default(),
            at_it: Arc::default(),
        })
        .unwrap();
        let mut scanned = 0;
        let mut failed = Vec::new();
        while let Some(read) = reads.recv().await {
            match read.outcome {
                ReadOutcome::Scanned { .. } => scanned += 1,
                ReadOutcome::Unreadable(error) => failed.push((read.reading.file, error.kind())),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((scanned, failed), (19, vec![(1, ErrorKind::Internal)]));
    }
}
