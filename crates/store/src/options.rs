//! How a store is opened, and what is called how in its data folder.

/// The database's name in the data folder.
pub const DATABASE_FILE: &str = "fanfare.db";
/// The name of the folder of blobs in the data folder.
pub const BLOB_FOLDER: &str = "blobs";
/// Where transcodes lie in the data folder, unless the settings name another folder.
pub const CACHE_FOLDER: &str = "cache/audio";

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Whether this process brings the schema up to date (the server does, a worker does not: it waits up to
    /// [`Self::busy_timeout_ms`] for that, then refuses).
    pub migrate: bool,
    /// Connections for reading, at least 1.
    pub readers: u32,
    /// How long a writer waits for another process's lock, in milliseconds.
    pub busy_timeout_ms: u32,
}

impl Default for StoreOptions {
    /// What the server uses: migrates, 4 readers, waits 5 s for a lock.
    fn default() -> Self {
        Self { migrate: true, readers: 4, busy_timeout_ms: 5_000 }
    }
}

impl StoreOptions {
    /// What a worker uses: does not migrate, one reader, waits 5 s for a lock.
    #[must_use]
    pub fn worker() -> Self {
        Self { migrate: false, readers: 1, ..Self::default() }
    }
}
