//! Blobs in memory, for tests and for trying things out.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use fanfare_model::{ContentHash, Error, Result, Timestamp};

use super::{BlobKind, BlobStore, StoredBlob, blob_name, checked, timestamp};
use crate::fresh_id;

/// The bytes, and when they were last stored.
type StoredBlobs = BTreeMap<(&'static str, ContentHash), (Vec<u8>, SystemTime)>;

/// Blobs in memory; gone with the process. (Its staging folder, and local copies, are files of the system's temporary
/// folder.)
#[derive(Debug)]
pub struct MemoryBlobStore {
    held: Mutex<StoredBlobs>,
    mark: Mutex<Option<String>>,
    staging: PathBuf,
}

impl Default for MemoryBlobStore {
    fn default() -> Self {
        let random = fresh_id(Timestamp(0)).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let staging = std::env::temp_dir().join(format!("fanfare-blobs-{random}"));
        Self { held: Mutex::default(), mark: Mutex::default(), staging }
    }
}

impl Drop for MemoryBlobStore {
    fn drop(&mut self) {
        // Never made, or already gone: either way nothing is left.
        let _ = fs::remove_dir_all(&self.staging);
    }
}

impl MemoryBlobStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn held(&self) -> MutexGuard<'_, StoredBlobs> {
        // Every change is one map operation, so the map is whole even if a holder panicked.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BlobStore for MemoryBlobStore {
    async fn put(&self, kind: BlobKind, bytes: &[u8]) -> Result<ContentHash> {
        let name = blob_name(bytes);
        self.held().insert((kind.as_str(), name), (bytes.to_vec(), SystemTime::now()));
        Ok(name)
    }

    fn staging(&self) -> PathBuf {
        // Where it cannot be made, writing there says so.
        let _ = fs::create_dir_all(&self.staging);
        self.staging.clone()
    }

    async fn adopt(&self, kind: BlobKind, file: &Path) -> Result<ContentHash> {
        let failed = |error| Error::from_io("storing a blob", error);
        let bytes = fs::read(file).map_err(failed)?;
        fs::remove_file(file).map_err(failed)?;
        self.put(kind, &bytes).await
    }

    async fn local(&self, kind: BlobKind, name: ContentHash) -> Result<Option<PathBuf>> {
        let Some(bytes) = self.get(kind, name).await? else { return Ok(None) };
        let path = self.staging().join(format!("local-{name}"));
        fs::write(&path, bytes).map_err(|error| Error::from_io("copying a blob", error))?;
        Ok(Some(path))
    }

    async fn get(&self, kind: BlobKind, name: ContentHash) -> Result<Option<Vec<u8>>> {
        let bytes = self.held().get(&(kind.as_str(), name)).map(|(bytes, _)| bytes.clone());
        bytes.map(|bytes| checked(name, bytes)).transpose()
    }

    async fn contains(&self, kind: BlobKind, name: ContentHash) -> Result<bool> {
        Ok(self.held().contains_key(&(kind.as_str(), name)))
    }

    async fn remove(&self, kind: BlobKind, name: ContentHash) -> Result<()> {
        self.held().remove(&(kind.as_str(), name));
        Ok(())
    }

    async fn list(&self, kind: BlobKind) -> Result<Vec<ContentHash>> {
        Ok(self.held().keys().filter(|(held, _)| *held == kind.as_str()).map(|(_, name)| *name).collect())
    }

    async fn stored(&self, kind: BlobKind) -> Result<Vec<StoredBlob>> {
        let held = self.held();
        let of_kind = held.iter().filter(|((held, _), _)| *held == kind.as_str());
        let blob = |((_, name), (bytes, stored)): (&(&str, ContentHash), &(Vec<u8>, SystemTime))| {
            StoredBlob { name: *name, size_bytes: bytes.len() as u64, stored: timestamp(*stored) }
        };
        Ok(of_kind.map(blob).collect())
    }

    async fn mark(&self) -> Result<Option<String>> {
        Ok(self.mark.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn set_mark(&self, mark: &str) -> Result<()> {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner) = Some(mark.to_owned());
        Ok(())
    }
}
