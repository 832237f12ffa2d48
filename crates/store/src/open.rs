//! Opening a data folder: makes folder and file with the right access, connects, checks the schema.

mod sound;
mod tidying;
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
    BLOB_FOLDER, CACHE_FOLDER, CacheFolder, Catalog, DATABASE_FILE, FileBlobStore, People, SqliteJobQueue,
    Store, StoreOptions, blobs::BlobsWatch, database_file::Identity, db::Db, disk::Disk, fresh, lost,
    migrate, store::Parts,
};

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
        lost::end_restore(data, options.migrate).await?;
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
        if let Err(error) = lost::end_restore(data, true).await
            && error.kind() != ErrorKind::Conflict
        {
            return Err(error);
        }
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
