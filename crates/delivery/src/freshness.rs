//! Whether a track's file still has the bytes that the catalog knows, so that what was made of them may be sent in its place.
//!
//! Size and modification time say that a file is another one, but not that it is the same: programs that edit tags can set both
//! back. The inode change time cannot be set, and moves with a new owner or name as well. So a file with another one is read
//! once and its bytes are compared; the answer is remembered for as long as the file stays so.
//!
//! Invariants: nothing is written, to the catalog neither (the next scan does that); few files are read at a time; a file
//! that takes long to read counts as changed, and the original is sent.

use std::{
    collections::HashMap,
    fs::{File, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::UNIX_EPOCH,
};

use fanfare_model::{ContentHash, Result, Timestamp, Track, TrackId};
use fanfare_store::{Store, hash_reader};
use tokio::sync::Semaphore;

/// Files that are read at a time.
const READS: usize = 2;
/// The largest file that is read while a client waits: a second or two of a disk's time.
const MOST_BYTES: u64 = 256 << 20;
/// Answers that are remembered.
const MOST_ANSWERS: usize = 10_000;

/// Looks at the files of tracks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sources(Arc<Inner>);

struct Inner {
    /// Whether a file with that inode change time (in ns) has the bytes of that hash.
    answers: Mutex<HashMap<(TrackId, i64, ContentHash), bool>>,
    reads: Semaphore,
}

impl Default for Sources {
    fn default() -> Self {
        Self(Arc::new(Inner { answers: Mutex::default(), reads: Semaphore::new(READS) }))
    }
}

/// What a look at a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// It is as the catalog knows it, or away: then what was made of it is still right.
    Same,
    Other,
    /// Only its inode change time is another one: this one, in ns.
    Touched(i64),
}

impl Sources {
    /// Whether the track's file has the bytes that the catalog knows, or is away.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn are_fresh(&self, store: &Store, track: &Track) -> Result<bool> {
        if track.home.folder().is_none() {
            return Ok(true); // the bytes of an upload never change
        }
        let Some(path) = store.catalog().track_path(track.id).await? else { return Ok(true) };
        let known = (track.size_bytes, track.modified, track.changed_ns);
        let looked = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || look(&path, known)).await.unwrap_or(Looked::Same)
        };
        let changed_ns = match looked {
            Looked::Same => return Ok(true),
            Looked::Other => return Ok(false),
            Looked::Touched(changed_ns) => changed_ns,
        };
        // Nothing was made of bytes that nobody has read.
        let Some(hash) = track.hash else { return Ok(true) };
        let key = (track.id, changed_ns, hash);
        if let Some(answer) = self.answers().get(&key) {
            return Ok(*answer);
        }
        if track.size_bytes > MOST_BYTES {
            return Ok(false);
        }
        let Ok(_turn) = self.0.reads.acquire().await else { return Ok(false) };
        // The task that had the turn before may have found out.
        if let Some(answer) = self.answers().get(&key) {
            return Ok(*answer);
        }
        let answer =
            tokio::task::spawn_blocking(move || has_bytes(path, hash, changed_ns)).await.unwrap_or(None);
        let Some(answer) = answer else { return Ok(false) };
        let mut answers = self.answers();
        if answers.len() >= MOST_ANSWERS {
            answers.clear();
        }
        answers.insert(key, answer);
        Ok(answer)
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<(TrackId, i64, ContentHash), bool>> {
        // Every change is one operation of the map.
        self.0.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look(path: &Path, (size_bytes, modified, changed_ns): (u64, Timestamp, Option<i64>)) -> Looked {
    let Ok(metadata) = std::fs::metadata(path) else { return Looked::Same };
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let now = since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    if (metadata.len(), now) != (size_bytes, modified.0) {
        return Looked::Other;
    }
    match (changed_ns, self::changed_ns(&metadata)) {
        (Some(scanned), Some(now)) if scanned != now => Looked::Touched(now),
        _ => Looked::Same,
    }
}

/// The inode change time in ns; `None` where the file system has none.
pub(crate) fn changed_ns(metadata: &Metadata) -> Option<i64> {
    let ns = metadata.ctime().checked_mul(1_000_000_000)?.checked_add(metadata.ctime_nsec())?;
    (ns != 0).then_some(ns)
}

/// Whether the file has those bytes; `None` when it cannot be read, or is written to meanwhile.
fn has_bytes(path: PathBuf, hash: ContentHash, changed: i64) -> Option<bool> {
    let file = File::open(path).ok()?;
    let (found, _) = hash_reader(&file).ok()?;
    let after = changed_ns(&file.metadata().ok()?);
    (after == Some(changed)).then(|| found == hash)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, time::SystemTime};

    use fanfare_model::Tags;
    use fanfare_store::{ScanChange, ScannedFile, StoreOptions, TrackQuery};

    use super::*;

    /// Writes bytes and sets the modification time back, as programs that edit tags can.
    fn write(path: &Path, bytes: &[u8]) -> Metadata {
        fs::write(path, bytes).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000)).unwrap();
        fs::metadata(path).unwrap()
    }

    // issue 12: a stale transcode never meets a new source.
    #[tokio::test]
    async fn a_file_that_was_edited_with_its_size_and_time_kept_is_not_fresh() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data"), &StoreOptions::default()).await.unwrap();
        let music = folder.path().join("music");
        fs::create_dir(&music).unwrap();
        let path = music.join("a.flac");
        let seen = write(&path, b"some bytes");
        let home = store.catalog().add_folder(&music, Timestamp(1)).await.unwrap();
        let file = ScannedFile {
            relative_path: "a.flac".to_owned(),
            size_bytes: seen.len(),
            modified: Timestamp(1_000_000_000),
            changed_ns: changed_ns(&seen),
            tags: Tags::default(),
            audio: None,
            cover: None,
            cover_error: None,
        };
        store.catalog().apply_scan(home.id, None, vec![ScanChange::Added(file)], Timestamp(1)).await.unwrap();
        let page = store.catalog().tracks(&TrackQuery { limit: 1, ..TrackQuery::default() }).await.unwrap();
        let mut track = page.items[0].track.clone();
        track.hash = Some(ContentHash::from_bytes(*blake3::hash(b"some bytes").as_bytes()));
        let sources = Sources::default();
        let fresh = async |track: &Track| sources.are_fresh(&store, track).await.unwrap();
        assert!(fresh(&track).await, "as it was scanned");
        // A new mode is a new change time of the same bytes.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(fresh(&track).await, "another mode");
        write(&path, b"same bytes");
        assert!(!fresh(&track).await, "other bytes");
        assert!(!fresh(&track).await, "nor when asked again");
        assert!(
            fresh(&Track { changed_ns: None, ..track.clone() }).await,
            "a change time that no scan has seen says nothing"
        );
        assert!(fresh(&Track { hash: None, ..track.clone() }).await, "nothing was made of it");
        write(&path, b"some bytes");
        assert!(fresh(&track).await, "the old bytes are back");
        write(&path, b"more bytes than before");
        assert!(!fresh(&track).await, "another size");
        fs::remove_file(&path).unwrap();
        assert!(fresh(&track).await, "away");
    }
}
