//! What new files of a library folder are compared with besides the tracks that vanished from it: tracks of other library
//! folders whose files are not there any more, and places in this folder where tracks were before.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    os::unix::fs::MetadataExt as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use fanfare_model::{FolderId, Presence, Result};
use fanfare_store::{FileElsewhere, FormerPlace, KnownFile};

use super::{folder::FolderScan, walk::Walked};
use crate::detached::{LOOK_TIME, attend, detached};

impl FolderScan<'_> {
    /// Nothing is looked up when no file is new.
    pub(super) async fn tracks_of_new_files(
        &self,
        walked: &Walked,
        known: &[KnownFile],
    ) -> Result<(Vec<FileElsewhere>, Vec<FormerPlace>)> {
        let paths: HashSet<&str> = known.iter().map(|known| known.relative_path.as_str()).collect();
        let new = walked.files.iter().filter(|file| !paths.contains(file.relative_path.as_str()));
        let sizes: HashSet<u64> = new.map(|file| file.size_bytes).collect();
        if sizes.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let catalog = self.store.catalog();
        let former = catalog.former_places(self.folder.id).await?;
        let sizes: Vec<u64> = sizes.into_iter().collect();
        let mut by_folder: HashMap<FolderId, Vec<FileElsewhere>> = HashMap::new();
        for other in catalog.files_elsewhere(self.folder.id, &sizes).await? {
            by_folder.entry(other.folder).or_default().push(other);
        }
        let mut elsewhere = Vec::new();
        for (_, files) in by_folder {
            elsewhere.extend(self.not_there(files).await?);
        }
        elsewhere.sort_by(|a, b| (&a.root, &a.file.relative_path).cmp(&(&b.root, &b.file.relative_path)));
        Ok((elsewhere, former))
    }

    /// Those of one library folder whose files are not there. Storage that hangs says nothing about its files: then none.
    async fn not_there(&self, files: Vec<FileElsewhere>) -> Result<Vec<FileElsewhere>> {
        let answers = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&answers);
        let looking = detached("elsewhere", move || {
            let gone = |other: &FileElsewhere| {
                counted.fetch_add(1, Ordering::Relaxed);
                is_gone(other)
            };
            files.into_iter().filter(gone).collect()
        });
        let looked = attend(looking, || answers.load(Ordering::Relaxed), self.cancel, LOOK_TIME).await;
        self.check_cancel()?;
        match looked.and_then(|looked| looked) {
            Ok(gone) => Ok(gone),
            Err(error) => {
                tracing::warn!(%error, "new files are not compared with the tracks of another library folder");
                Ok(Vec::new())
            }
        }
    }
}

/// Whether a track's file is not where the catalog has it, as far as can be told: where it cannot be looked at, it may be.
fn is_gone(other: &FileElsewhere) -> bool {
    match fs::metadata(other.root.join(&other.file.relative_path)) {
        Ok(meta) => other.file.presence == Presence::Missing && meta.size() != other.file.size_bytes,
        Err(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    }
}
