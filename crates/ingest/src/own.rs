//! [`OwnFolders`]: folders that hold what Fanfare itself makes and keeps. No library lies in one, and a scan that comes to one
//! passes it by: smaller files and uploads would become tracks of their own, again and again.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use fanfare_model::{Error, ErrorKind, Result};

/// The data folder, and the cache folder wherever that is. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnFolders(Arc<Vec<PathBuf>>);

/// Folders by device and inode: the same whatever path, link or mount leads to them.
pub(crate) type Places = HashSet<(u64, u64)>;

impl OwnFolders {
    pub(crate) fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(Arc::new(folders.into_iter().collect()))
    }

    /// Refuses a folder that is one of these or lies in one, whatever links lead there.
    ///
    /// # Errors
    /// `Invalid`.
    pub(crate) fn refuse(&self, folder: &Path) -> Result<()> {
        let own = self.places();
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        if !real.ancestors().any(|above| place(above).is_some_and(|place| own.contains(&place))) {
            return Ok(());
        }
        let message = format!("{} belongs to what Fanfare itself keeps", folder.display());
        Err(Error::new(ErrorKind::Invalid, message)
            .remedy("name a folder outside the data folder and the cache folder"))
    }

    /// Where they are now; one that is not there is nowhere.
    pub(crate) fn places(&self) -> Places {
        self.0.iter().filter_map(|folder| place(folder)).collect()
    }
}

fn place(folder: &Path) -> Option<(u64, u64)> {
    fs::metadata(folder).ok().map(|meta| (meta.dev(), meta.ino()))
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
