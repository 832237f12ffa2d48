//! What new files of a library folder are compared with besides the tracks that vanished from it: tracks of other library
//! folders, which are there or not any more, uploads, and places in this folder where tracks were before.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    os::unix::fs::MetadataExt as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use fanfare_audio::CancelFlag;
use fanfare_channel::{
    detached::{LOOK_TIME, attend, detached},
    regular_file::{hash_file, open_regular},
    stamp::{changed_ns, modified},
};
use fanfare_model::{ContentHash, FolderId, Presence, Result};
use fanfare_store::{FileElsewhere, FormerPlace, KnownFile};

use super::{
    folder_scan::{FolderScan, MOVE_BYTES},
    moves::KnownBytes,
    plan::differs,
    walk::{FoundFile, Walked},
};

/// What new files, and files that are other ones than those known at their paths, are compared with.
#[derive(Default)]
pub(super) struct Others {
    /// Tracks of other library folders whose files are not there any more.
    pub(super) elsewhere: Vec<FileElsewhere>,
    /// Tracks of other library folders that are there, and uploads, as far as their bytes are known.
    pub(super) present: Vec<KnownBytes>,
    /// Places in this folder where tracks were before.
    pub(super) former: Vec<FormerPlace>,
}

impl FolderScan<'_> {
    /// Nothing is looked up when no file is new.
    pub(super) async fn tracks_of_new_files(&self, walked: &Walked, known: &[KnownFile]) -> Result<Others> {
        let known: HashMap<&str, &KnownFile> =
            known.iter().map(|known| (known.relative_path.as_str(), known)).collect();
        let is_as_known = |file: &FoundFile| {
            known.get(file.relative_path.as_str()).is_some_and(|known| !differs(known, file))
        };
        let new = walked.files.iter().filter(|file| !is_as_known(file));
        let sizes: HashSet<u64> = new.map(|file| file.size_bytes).collect();
        if sizes.is_empty() {
            return Ok(Others::default());
        }
        let catalog = self.store.catalog();
        let former = catalog.former_places(self.folder.id).await?;
        // Only at the path of a known track it matters whether a file is a copy.
        let over = walked.files.iter().filter(|file| known.contains_key(file.relative_path.as_str()));
        let over: HashSet<u64> = over.filter(|file| !is_as_known(file)).map(|file| file.size_bytes).collect();
        let sizes: Vec<u64> = sizes.into_iter().collect();
        let mut by_folder: HashMap<FolderId, Vec<FileElsewhere>> = HashMap::new();
        for other in catalog.files_elsewhere(self.folder.id, &sizes).await? {
            if other.file.content_hash.is_some() || over.contains(&other.file.size_bytes) {
                by_folder.entry(other.folder).or_default().push(other);
            }
        }
        let mut elsewhere = Vec::new();
        let mut present = catalog.uploads_of_sizes(&sizes).await?;
        for (_, files) in by_folder {
            let (gone, there) = self.look_for(files).await?;
            elsewhere.extend(gone);
            present.extend(there.into_iter().map(|other| other.file));
        }
        elsewhere.sort_by(|a, b| (&a.root, &a.file.relative_path).cmp(&(&b.root, &b.file.relative_path)));
        let present = present.iter().filter(|file| file.content_hash.is_some());
        let present = present.map(|file| KnownBytes::of(file, None)).collect();
        Ok(Others { elsewhere, present, former })
    }

    /// Those of one library folder whose files are not there, and the others. Storage that hangs says nothing about its
    /// files: then they count as being there.
    async fn look_for(&self, files: Vec<FileElsewhere>) -> Result<(Vec<FileElsewhere>, Vec<FileElsewhere>)> {
        let all = files.clone();
        let answers = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&answers);
        let cancel = self.cancel.clone();
        let looking = detached("elsewhere", move || {
            let mut bytes = MOVE_BYTES;
            let mut on_block = || {
                counted.fetch_add(1, Ordering::Relaxed);
            };
            let (mut gone, mut there) = (Vec::new(), Vec::new());
            for mut other in files {
                on_block();
                if other.file.content_hash.is_none() {
                    other.file.content_hash = bytes_of(&other, &mut bytes, &cancel, &mut on_block);
                    there.push(other);
                } else if is_gone(&other, &mut bytes, &cancel, &mut on_block) {
                    gone.push(other);
                } else {
                    there.push(other);
                }
            }
            (gone, there)
        });
        let looked = attend(looking, || answers.load(Ordering::Relaxed), self.cancel, LOOK_TIME).await;
        self.check_cancel()?;
        match looked.and_then(|looked| looked) {
            Ok(looked) => Ok(looked),
            Err(error) => {
                tracing::warn!(%error, "new files are not compared with the tracks of another library folder");
                Ok((Vec::new(), all))
            }
        }
    }
}

/// Whether a track's file is not where the catalog has it, as far as can be told: where it cannot be looked at, it may be. A
/// file of the same size with another time is read, as long as `bytes` are left to read.
fn is_gone(other: &FileElsewhere, bytes: &mut u64, cancel: &CancelFlag, on_block: &mut dyn FnMut()) -> bool {
    let (known, path) = (&other.file, other.root.join(&other.file.relative_path));
    let meta = match fs::metadata(&path) {
        Ok(meta) => meta,
        Err(error) => return matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    };
    if meta.size() != known.size_bytes {
        return true;
    }
    let other_time = known.changed_ns.zip(changed_ns(&meta)).is_some_and(|(was, is)| was != is);
    if modified(&meta) == known.modified && !other_time {
        return false;
    }
    let Some(left) = bytes.checked_sub(known.size_bytes) else { return false };
    *bytes = left;
    let content = open_regular(&path).and_then(|file| hash_file(&file, cancel, on_block));
    content.is_ok_and(|content| Some(content) != known.content_hash)
}

/// The bytes of a track that were not read yet, if its file is there as it is known, as long as `bytes` are left to read.
fn bytes_of(
    other: &FileElsewhere,
    bytes: &mut u64,
    cancel: &CancelFlag,
    on_block: &mut dyn FnMut(),
) -> Option<ContentHash> {
    let path = other.root.join(&other.file.relative_path);
    let meta = fs::metadata(&path).ok()?;
    if other.file.presence != Presence::Here || meta.size() != other.file.size_bytes {
        return None;
    }
    *bytes = bytes.checked_sub(other.file.size_bytes)?;
    open_regular(&path).and_then(|file| hash_file(&file, cancel, on_block)).ok()
}
