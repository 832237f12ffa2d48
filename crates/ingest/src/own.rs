//! [`OwnFolders`]: folders that hold what Fanfare itself makes and keeps. No library lies in one, and a scan that comes to one
//! passes it by: transcodes and uploads would become tracks of their own, again and again.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use fanfare_model::{Error, ErrorKind, Result};
use fanfare_store::{BLOB_FOLDER, Mounts};

/// The data folder, the folder of uploads and covers, and the cache folder, wherever those are. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnFolders(Arc<Vec<PathBuf>>);

impl OwnFolders {
    /// Those of a data folder, and that cache folder.
    pub(crate) fn of(data: PathBuf, cache: PathBuf) -> Self {
        Self::new([data.join(BLOB_FOLDER), data, cache])
    }

    pub(crate) fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(Arc::new(folders.into_iter().collect()))
    }

    /// Refuses a folder that is one of these or lies in one, whatever links and mounts lead there. Blocks.
    ///
    /// # Errors
    /// `Invalid`.
    pub(crate) fn refuse(&self, folder: &Path) -> Result<()> {
        if !self.hold(folder, &Mounts::now()) {
            return Ok(());
        }
        let message = format!("{} belongs to what Fanfare itself keeps", folder.display());
        Err(Error::new(ErrorKind::Invalid, message)
            .remedy("name a folder outside the data folder and the cache folder"))
    }

    /// Whether that folder is one of these or lies in one. Blocks.
    pub(crate) fn hold(&self, folder: &Path, mounts: &Mounts) -> bool {
        self.0.iter().any(|own| mounts.lies_in(folder, own))
    }

    /// Their devices and inodes now; one that is not there has none.
    pub(crate) fn identities(&self) -> HashSet<(u64, u64)> {
        let identity = |folder: &PathBuf| fs::metadata(folder).ok().map(|meta| (meta.dev(), meta.ino()));
        self.0.iter().filter_map(identity).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: the data folder and its parts are no library folder.
    #[test]
    fn what_lies_in_an_own_folder_is_refused_whatever_leads_there() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        for folder in ["data/cache/audio", "music/data", "elsewhere", "database"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        std::os::unix::fs::symlink(at("data"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("data/cache"), at("music/link")).unwrap();
        let own = OwnFolders::new([at("data"), at("elsewhere"), at("not there")]);
        for (folder, refused) in [
            ("data", true),
            ("data/cache/audio", true),
            ("data/../data/cache", true),
            ("link", true),
            ("link/cache/audio", true),
            ("music/link", true),
            ("elsewhere", true),
            ("music", false),
            ("music/data", false),
            ("database", false),
            ("", false),
        ] {
            assert_eq!(own.refuse(&at(folder)).is_err(), refused, "{folder}");
        }
    }
}
