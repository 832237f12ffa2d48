//! Opening a data folder: makes folder and file with the right access, connects, checks the schema.

mod sound;
mod watching;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use fanfare_model::{Error, ErrorKind, Result, Timestamp};
use tokio::sync::Mutex;

use crate::{
    BlobKind, BlobStore, CacheFolder, Catalog, FileBlobStore, JobQueue, People, SqliteJobQueue,
    blobs::BlobsWatch,
    catalog::sweep::referred_to,
    database_file::Identity,
    db::{Db, WriteTx},
    disk::Disk,
    error::sql,
    fresh, lost, migrate, refold, reserve,
};

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

/// How long notes of use wait for other writers: next time will do.
const USES_WAIT: Duration = Duration::from_millis(250);

/// An open data folder. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Parts>,
}

/// The right to write, held by [`Store::hold`].
#[cfg(feature = "testsuite")]
pub struct WriteGuard {
    _transaction: crate::db::WriteTx,
}

struct Parts {
    db: Db,
    catalog: Catalog,
    jobs: SqliteJobQueue,
    blobs: Arc<FileBlobStore>,
    blobs_watch: BlobsWatch,
    /// A check found that a part of the database cannot be read.
    is_damaged: AtomicBool,
    people: People,
    /// The database.
    file: PathBuf,
    /// Which file that was when it was opened.
    opened: Option<Identity>,
    options: StoreOptions,
    /// Whether this process still has to tidy up the data folder.
    is_first: Mutex<bool>,
}

impl Store {
    /// Opens (and, if told so, creates or migrates) the store in that folder.
    ///
    /// # Errors
    /// `NotFound` when there is no store and none is to be made; `Conflict` when the database is missing or empty but
    /// blobs are there, or is damaged (see [`begin_anew`](Self::begin_anew)); `Unsupported` when it was written by a
    /// newer version; `Unavailable` when the schema is old and may not be migrated here;
    /// `PermissionDenied`, `NoSpace`, `Io` from the file system.
    pub async fn open(data: &Path, options: &StoreOptions) -> Result<Self> {
        Self::open_with_cache(data, &data.join(CACHE_FOLDER), options).await
    }

    /// The same, with transcodes in that folder, which may be anywhere.
    ///
    /// # Errors
    /// As [`open`](Self::open). A cache folder that cannot be written is no error here: it is told when something is
    /// to be kept there.
    pub async fn open_with_cache(data: &Path, cache: &Path, options: &StoreOptions) -> Result<Self> {
        lost::refuse_lost_database(data)?;
        match Self::open_whatever_is_there(data, cache, options, false).await {
            Err(error) if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Io) => {
                Err(lost::or_damaged(data, error).await)
            }
            opened => opened,
        }
    }

    /// Makes a new database in a data folder whose database was lost or is damaged and whose files are there: they are kept,
    /// as files that no row names, and listed in the [quarantine](Catalog::quarantine). What is left of a damaged database
    /// gets another name, which is returned. A database that is in use stays as it is. Only for the process that holds the
    /// data folder.
    ///
    /// # Errors
    /// `Conflict` when there is a database in use; otherwise as [`open`](Self::open).
    pub async fn begin_anew(data: &Path, cache: &Path, now: Timestamp) -> Result<(Self, Vec<PathBuf>)> {
        let set_aside = lost::make_way(data).await?;
        let store = Self::open_whatever_is_there(data, cache, &StoreOptions::default(), true).await?;
        match lost::begin(data, &store.inner.db, now).await {
            Ok(()) => Ok((store, set_aside)),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn open_whatever_is_there(
        data: &Path,
        cache: &Path,
        options: &StoreOptions,
        new_database: bool,
    ) -> Result<Self> {
        let file = data.join(DATABASE_FILE);
        if options.migrate {
            make_private_folder(data)?;
        } else {
            wait_for_file(&file, options).await?;
        }
        let disk = Disk::of(data);
        if options.migrate {
            disk.remove_left_over();
        }
        disk.note(watching::detached(&disk, Disk::try_writing).await?);
        if options.migrate {
            fresh::make(&file, options, &disk).await?;
        }
        let only_deletes = options.migrate && watching::makes_room(&disk, data);
        // Before it is connected to: what takes its place right then is noticed, too.
        let opened = Identity::of(&file);
        let db = Db::connect(&file, options, disk).await?;
        db.set_only_deletes(only_deletes && !db.only_reads());
        if !new_database {
            lost::refuse_empty_database(data, &db).await?;
        }
        match db.disk().found() {
            Some(why) if options.migrate || db.only_reads() => migrate::refuse_old(&db, why).await?,
            _ if options.migrate => migrate::migrate(&db).await?,
            _ => migrate::wait_until_current(&db, patience(options)).await?,
        }
        let blobs = FileBlobStore::open(&data.join(BLOB_FOLDER), false).await?;
        let blobs = Arc::new(blobs.on(db.disk().clone()));
        let store = Self {
            inner: Arc::new(Parts {
                catalog: Catalog::new(db.clone(), blobs.clone(), CacheFolder::new(cache.to_owned())),
                jobs: SqliteJobQueue::new(db.clone()),
                people: People::new(db.clone()),
                blobs,
                blobs_watch: BlobsWatch::of(data.join(BLOB_FOLDER)),
                is_damaged: AtomicBool::new(false),
                file,
                opened,
                options: options.clone(),
                is_first: Mutex::new(options.migrate),
                db,
            }),
        };
        if store.inner.db.disk().found().is_none() {
            store.tidy_first().await?;
            if options.migrate {
                store.look_at_blobs().await;
            }
        }
        Ok(store)
    }

    /// Makes what is missing in the data folder and removes what interrupted writes left: once, and only in a process that may.
    async fn tidy_first(&self) -> Result<()> {
        let mut is_first = self.inner.is_first.lock().await;
        if !*is_first {
            return Ok(());
        }
        let folder = self.inner.file.with_file_name(BLOB_FOLDER);
        FileBlobStore::open_first(&folder, &kinds_named(&self.inner.db).await?).await?;
        // As with the blobs' temporary files: a server that starts is the only process here, and no worker runs yet.
        self.catalog().cache().tidy();
        reserve::make(watching::folder(&self.inner.file));
        refold::refold(&self.inner.db).await?;
        *is_first = false;
        Ok(())
    }

    /// What is known of the music.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// A number that is another one after every write of this process that could change a right or the place of a file. What was
    /// looked up while it was this is still true as far as this process goes while it stays; others
    /// (the worker, the command line) write without it changing.
    #[must_use]
    pub fn write_generation(&self) -> u64 {
        self.inner.db.write_generation()
    }

    /// What is still to do.
    #[must_use]
    pub fn jobs(&self) -> &dyn JobQueue {
        &self.inner.jobs
    }

    /// Bytes that belong to us.
    #[must_use]
    pub fn blobs(&self) -> &dyn BlobStore {
        &*self.inner.blobs
    }

    /// People, sessions, keys.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.inner.people
    }

    /// Writes when keys and transcodes were last used, which requests only note. Called by a background task about every
    /// minute; closing does it, too.
    ///
    /// # Errors
    /// As every writing call; after `Busy` the notes are kept for the next time.
    pub async fn write_uses(&self) -> Result<()> {
        self.inner.db.write_uses(USES_WAIT).await
    }

    /// Waits until the database may be written, and writes nothing: for work that is long and ends with a write.
    ///
    /// # Errors
    /// `Busy` when somebody else writes for too long.
    pub async fn writable(&self) -> Result<()> {
        self.inner.db.write("waiting for the right to write").await.map(|mut tx| tx.is_a_note())
    }

    /// Keeps every process from writing the database until that is dropped, which is for moments only.
    pub(crate) async fn hold_writers(&self) -> Result<WriteTx> {
        let mut tx = self.inner.db.write("holding writers up for a backup").await?;
        tx.is_a_note();
        Ok(tx)
    }

    /// Writes everything out and closes. Later calls on any clone fail with `Unavailable`.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Lets the database grow by at most that many pages from now on, or freely again: a full disk, for tests.
    ///
    /// # Errors
    /// As every writing call.
    #[cfg(feature = "testsuite")]
    pub async fn limit_pages(&self, more: Option<u32>) -> Result<()> {
        self.inner.db.limit_pages(more).await
    }

    /// Holds the right to write, as another process may, until what is given is dropped; for tests.
    ///
    /// # Errors
    /// As every writing call.
    #[cfg(feature = "testsuite")]
    pub async fn hold(&self) -> Result<WriteGuard> {
        let mut transaction = self.inner.db.write("holding the database").await?;
        transaction.is_a_note();
        Ok(WriteGuard { _transaction: transaction })
    }

    /// A small query that succeeds when the database answers (readiness).
    ///
    /// # Errors
    /// `Busy` when no reader is free in time, `Unavailable` after [`Self::close`], `Io` or `Internal` when
    /// the database cannot be read.
    pub async fn ping(&self) -> Result<()> {
        const WHAT: &str = "asking the database";
        let mut connection = self.inner.db.reader(WHAT).await?;
        sqlx::query("SELECT count(*) FROM folder")
            .fetch_one(&mut *connection)
            .await
            .map_err(sql(WHAT))
            .map(|_| ())
    }
}

/// The kinds of blobs that rows name.
async fn kinds_named(db: &Db) -> Result<Vec<BlobKind>> {
    const WHAT: &str = "looking which blobs rows name";
    let mut reader = db.reader(WHAT).await?;
    let mut named = Vec::new();
    for kind in BlobKind::ALL {
        let statement = format!("SELECT EXISTS ({})", referred_to(*kind));
        let is_named: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_one(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        named.extend(is_named.then_some(*kind));
    }
    Ok(named)
}

fn patience(options: &StoreOptions) -> Duration {
    Duration::from_millis(u64::from(options.busy_timeout_ms))
}

/// Makes the folder, and missing ones above it, for this user alone; an existing one keeps its access.
fn make_private_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        Error::from_io(format_args!("making the data folder {}", folder.display()), error)
            .remedy("choose a data folder that the user who runs fanfare may write (`--data DIR`)")
    })
}

async fn wait_for_file(file: &Path, options: &StoreOptions) -> Result<()> {
    let deadline = tokio::time::Instant::now() + patience(options);
    while !file.exists() {
        if tokio::time::Instant::now() >= deadline {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("there is no database at {}", file.display()),
            )
            .remedy("start `fanfare serve` once with this data folder, or name another one"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
