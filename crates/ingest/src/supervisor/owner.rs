//! The name under which a worker leases jobs, and the file that remembers it.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use fanfare_channel::{clock, protocol::WorkerRole};
use fanfare_model::{Error, Result};
use fanfare_store::fresh_id;

/// Name of the file in the data folder, by role.
const fn owner_file(role: WorkerRole) -> &'static str {
    match role {
        WorkerRole::Background => "worker.owner",
        WorkerRole::Live => "live-worker.owner",
    }
}

/// A name that no worker had before.
pub(crate) fn fresh() -> String {
    let random: String = fresh_id(clock::now()).iter().skip(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{random}", std::process::id())
}

/// The file with the name of the worker that runs, or ran when everything was killed.
pub(crate) struct OwnerFile {
    path: PathBuf,
}

impl OwnerFile {
    pub(crate) fn in_folder(data_dir: &Path, role: WorkerRole) -> Self {
        Self { path: data_dir.join(owner_file(role)) }
    }

    /// The name in it, if there is one.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn read(&self) -> Result<Option<String>> {
        match fs::read_to_string(&self.path) {
            Ok(name) => Ok(Some(name.trim().to_owned()).filter(|name| !name.is_empty())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::from_io(format!("read {}", self.path.display()), error)),
        }
    }

    /// Remembers a name. A crash leaves the old name or the new one, never a part of one.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn write(&self, name: &str) -> Result<()> {
        let temporary = self.path.with_extension("owner.new");
        // Not synced: what this guards against is a kill, which leaves the page cache alone; after a power
        // loss leases run out within a minute.
        File::create(&temporary)
            .and_then(|mut file| file.write_all(name.as_bytes()))
            .and_then(|()| fs::rename(&temporary, &self.path))
            .map_err(|error| Error::from_io(format!("write {}", self.path.display()), error))
    }

    /// Forgets it; a file that stays is harmless.
    pub(crate) fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "could not remove the worker's name");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_remembered_until_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = OwnerFile::in_folder(folder.path(), WorkerRole::Live);
        assert_eq!(file.read().unwrap(), None);
        let (first, second) = (fresh(), fresh());
        assert_ne!(first, second);
        for name in [&first, &second] {
            file.write(name).unwrap();
            assert_eq!(file.read().unwrap().as_ref(), Some(name));
        }
        file.remove();
        assert_eq!(file.read().unwrap(), None);
    }
}
