//! Blobs in memory, for tests and for trying things out.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use fanfare_model::{ContentHash, Result, Timestamp};

use super::{BlobKind, BlobStore, blob_name, checked, is_before};

/// The bytes, and when they were last stored.
type Held = BTreeMap<(&'static str, ContentHash), (Vec<u8>, SystemTime)>;

/// Blobs in memory; gone with the process.
#[derive(Debug, Default)]
pub struct MemoryBlobStore {
    held: Mutex<Held>,
}

impl MemoryBlobStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
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

    async fn list_before(&self, kind: BlobKind, before: Timestamp) -> Result<Vec<ContentHash>> {
        let held = self.held();
        let old = held
            .iter()
            .filter(|((held, _), (_, stored))| *held == kind.as_str() && is_before(*stored, before));
        Ok(old.map(|((_, name), _)| *name).collect())
    }
}
