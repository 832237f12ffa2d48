//! Blobs in a folder: `<kind>/<first two digits>/<hash>`.
//!
//! A blob appears under its name by a rename of a file that is complete and synced, so a name never stands
//! for half of its bytes, whenever the power goes.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use async_trait::async_trait;
use fanfare_model::{ContentHash, Error, ErrorKind, Result};

use super::{BlobKind, BlobStore, StoredBlob, blob_name, checked, errors::of_storage, place, timestamp};
use crate::{Disk, hash_reader};

/// The folder, beside those of the kinds, in which blobs are written before they get their name.
const UNFINISHED: &str = "unfinished";
/// The file, beside those folders, that holds the mark.
const MARK: &str = "mark";

/// Blobs in a folder.
#[derive(Debug, Clone)]
pub struct FileBlobStore {
    root: PathBuf,
    /// The disk that is checked when a blob did not fit.
    disk: Option<Disk>,
}

impl FileBlobStore {
    /// Opens the folder; `first` makes it and removes what interrupted writes left behind, which only one process may do,
    /// before others write. To all others a folder that is not there is storage that is away.
    ///
    /// # Errors
    /// `PermissionDenied`, `NoSpace`, `Io` when the folder cannot be made.
    pub async fn open(root: &Path, first: bool) -> Result<Self> {
        if first { Self::open_first(root, &[]).await } else { Ok(Self::at(root)) }
    }

    fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), disk: None }
    }

    /// The same, which has that disk checked when a blob did not fit.
    #[must_use]
    pub(crate) fn on(mut self, disk: Disk) -> Self {
        self.disk = Some(disk);
        self
    }

    /// The same result; a lack of room is noted.
    fn noted<T>(&self, stored: Result<T>) -> Result<T> {
        if let (Err(error), Some(disk)) = (&stored, &self.disk)
            && error.kind() == ErrorKind::NoSpace
        {
            disk.check_soon();
        }
        stored
    }

    /// The same for the first process, which knows kinds that a database names blobs of. Where such a kind has no blob at
    /// all, its storage is away, and nothing is made or removed.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_first(root: &Path, named: &[BlobKind]) -> Result<Self> {
        let (store, named) = (Self::at(root), named.to_owned());
        let opened = store.clone();
        blocking(move || {
            if named.iter().any(|kind| place::is_away(&store.root, *kind)) {
                return Ok(());
            }
            let unfinished = store.root.join(UNFINISHED);
            make_folder(&unfinished)?;
            for kind in BlobKind::ALL {
                place::make(&store.root, *kind)?;
            }
            for name in entries(&unfinished)? {
                remove_whatever(&unfinished.join(name))?;
            }
            Ok(())
        })
        .await?;
        Ok(opened)
    }

    fn path(&self, kind: BlobKind, name: ContentHash) -> PathBuf {
        // The name is 64 digits of our own making: nothing from outside becomes part of a path.
        let name = name.to_string();
        self.root.join(kind.as_str()).join(&name[..2]).join(name)
    }

    fn put_now(&self, kind: BlobKind, bytes: &[u8]) -> Result<ContentHash> {
        let name = blob_name(bytes);
        let target = self.path(kind, name);
        // A file of the right length under its name is complete (see the module's text); one of another
        // length was damaged later and is replaced.
        if fs::metadata(&target).is_ok_and(|meta| meta.len() == bytes.len() as u64) && is_renewed(&target) {
            return Ok(name);
        }
        let folder = target.parent().unwrap_or(&self.root);
        place::check(&self.root, kind)?;
        let made = make_subfolder(folder)?;
        let unfinished = self.root.join(UNFINISHED).join(format!("{name}.{}", random_suffix()?));
        let written = write_synced(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &target));
        if let Err(error) = written {
            // What was written so far only takes space; failing to remove it changes nothing.
            let _ = fs::remove_file(&unfinished);
            return Err(of_storage("storing a blob", error));
        }
        sync_folder(folder)?;
        if made && let Some(above) = folder.parent() {
            sync_folder(above)?;
        }
        Ok(name)
    }

    fn adopt_now(&self, kind: BlobKind, file: &Path) -> Result<ContentHash> {
        let failed = |error| of_storage("storing a blob", error);
        let reader = File::open(file).map_err(|error| match self.root.join(UNFINISHED).is_dir() {
            true => Error::from_io("storing a blob", error),
            false => failed(error),
        })?;
        let (name, size) = hash_reader(&reader).map_err(failed)?;
        let target = self.path(kind, name);
        if fs::metadata(&target).is_ok_and(|meta| meta.len() == size) && is_renewed(&target) {
            remove_if_there(file)?;
            return Ok(name);
        }
        let folder = target.parent().unwrap_or(&self.root);
        place::check(&self.root, kind)?;
        let made = make_subfolder(folder)?;
        reader.sync_all().map_err(failed)?;
        fs::rename(file, &target).map_err(failed)?;
        sync_folder(folder)?;
        if made && let Some(above) = folder.parent() {
            sync_folder(above)?;
        }
        Ok(name)
    }

    /// `None` for what is not there; an error when all of its kind is not there either.
    fn absent<T>(&self, kind: BlobKind) -> Result<Option<T>> {
        place::check(&self.root, kind).map(|()| None)
    }

    fn list_now(&self, kind: BlobKind) -> Result<Vec<ContentHash>> {
        let root = self.root.join(kind.as_str());
        let mut names = Vec::new();
        for folder in entries(&root)? {
            // Whatever else lies in the folder (a person's file) is not ours and is not listed.
            names.extend(
                entries(&root.join(folder))?.iter().filter_map(|name| name.parse::<ContentHash>().ok()),
            );
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// Makes a blob as young as a new one; `false` when it is not there any more (or cannot be touched).
fn is_renewed(target: &Path) -> bool {
    File::open(target).and_then(|file| file.set_modified(SystemTime::now())).is_ok()
}

#[async_trait]
impl BlobStore for FileBlobStore {
    async fn put(&self, kind: BlobKind, bytes: &[u8]) -> Result<ContentHash> {
        let (store, bytes) = (self.clone(), bytes.to_vec());
        blocking(move || store.noted(store.put_now(kind, &bytes))).await
    }

    fn staging(&self) -> PathBuf {
        self.root.join(UNFINISHED)
    }

    async fn adopt(&self, kind: BlobKind, file: &Path) -> Result<ContentHash> {
        let (store, file) = (self.clone(), file.to_owned());
        blocking(move || store.noted(store.adopt_now(kind, &file))).await
    }

    async fn local(&self, kind: BlobKind, name: ContentHash) -> Result<Option<PathBuf>> {
        let (store, path) = (self.clone(), self.path(kind, name));
        blocking(move || match path.try_exists() {
            Ok(true) => Ok(Some(path)),
            Ok(false) => store.absent(kind),
            Err(error) => Err(of_storage("looking for a blob", error)),
        })
        .await
    }

    async fn get(&self, kind: BlobKind, name: ContentHash) -> Result<Option<Vec<u8>>> {
        let (store, path) = (self.clone(), self.path(kind, name));
        blocking(move || match fs::read(path) {
            Ok(bytes) => checked(name, bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => store.absent(kind),
            Err(error) => Err(of_storage("reading a blob", error)),
        })
        .await
    }

    async fn contains(&self, kind: BlobKind, name: ContentHash) -> Result<bool> {
        Ok(self.local(kind, name).await?.is_some())
    }

    async fn remove(&self, kind: BlobKind, name: ContentHash) -> Result<()> {
        let path = self.path(kind, name);
        blocking(move || remove_if_there(&path)).await
    }

    async fn list(&self, kind: BlobKind) -> Result<Vec<ContentHash>> {
        let store = self.clone();
        blocking(move || store.list_now(kind)).await
    }

    async fn stored(&self, kind: BlobKind) -> Result<Vec<StoredBlob>> {
        let store = self.clone();
        blocking(move || {
            place::check(&store.root, kind)?;
            let blob = |name: ContentHash| {
                let meta = fs::metadata(store.path(kind, name)).ok()?;
                let stored = timestamp(meta.modified().ok()?);
                Some(StoredBlob { name, size_bytes: meta.len(), stored })
            };
            Ok(store.list_now(kind)?.into_iter().filter_map(blob).collect())
        })
        .await
    }

    async fn mark(&self) -> Result<Option<String>> {
        let path = self.root.join(MARK);
        blocking(move || match fs::read_to_string(path) {
            Ok(mark) => Ok(Some(mark)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(of_storage("reading the mark of the blobs", error)),
        })
        .await
    }

    async fn set_mark(&self, mark: &str) -> Result<()> {
        let (store, mark) = (self.clone(), mark.to_owned());
        blocking(move || {
            let failed = |error| of_storage("storing the mark of the blobs", error);
            let unfinished = store.root.join(UNFINISHED).join(format!("mark.{}", random_suffix()?));
            let written = write_synced(&unfinished, mark.as_bytes())
                .and_then(|()| fs::rename(&unfinished, store.root.join(MARK)));
            if written.is_err() {
                let _ = fs::remove_file(&unfinished); // else at the next start of the server
            }
            written.map_err(failed)?;
            sync_folder(&store.root)
        })
        .await
    }
}

/// Runs file work on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Internal, format!("a thread of the blob store ended: {error}")))
    })
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .map_err(|error| Error::from_io(format_args!("making {}", folder.display()), error))
}

/// Makes the folder of the blobs whose names begin alike; returns whether it was not there. The folder of their kind is not
/// made: it was when the store was opened, and where it is gone its storage is away.
fn make_subfolder(folder: &Path) -> Result<bool> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(of_storage("storing a blob", error)),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<()> {
    // A rename is durable only once the folder that holds the name is.
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| of_storage("syncing the folder of a blob", error))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::from_io("removing a blob", error))
        }
        _ => Ok(()),
    }
}

/// Removes a file, or a folder with what is in it.
fn remove_whatever(path: &Path) -> Result<()> {
    if path.is_dir() && !path.is_symlink() {
        return fs::remove_dir_all(path)
            .map_err(|error| Error::from_io("removing files of the staging folder", error));
    }
    remove_if_there(path)
}

/// The names in a folder that are text; none when there is no such folder.
fn entries(folder: &Path) -> Result<Vec<String>> {
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(Error::from_io("listing blobs", error)),
    };
    let mut names = Vec::new();
    for entry in read {
        let entry = entry.map_err(|error| Error::from_io("listing blobs", error))?;
        names.extend(entry.file_name().into_string().ok());
    }
    Ok(names)
}

/// Two writers of the same bytes at once must not share an unfinished file.
fn random_suffix() -> Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("no random bytes: {error}")))?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}
