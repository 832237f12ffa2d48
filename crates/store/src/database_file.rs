//! The file of the database, looked at before SQLite opens it, and put aside where it is damaged.
//!
//! Layout of the header: <https://www.sqlite.org/fileformat2.html#the_database_header>. Numbers in it are big-endian.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fanfare_model::{Error, ErrorKind, Result};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    connect,
    error::{is_damaged, sql},
    options::DATABASE_FILE,
};

/// How a database of SQLite begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Bytes of its header.
const HEADER_BYTES: usize = 100;
/// What SQLite keeps beside a database and what holds writes that are not in it yet.
const LOGS: &[&str] = &["-wal", "-journal"];
/// The index of the log, which SQLite makes again.
const INDEX: &str = "-shm";
/// How the name of a database goes on that was put aside; a number follows.
const SET_ASIDE: &str = ".set-aside-";
/// How many may lie there: more than anybody needs.
const MOST_SET_ASIDE: u32 = 10_000;
const WHAT: &str = "looking whether the database is damaged";

/// What lies where the database should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing, or a file of no bytes.
    Nothing,
    /// What is no database, or only a part of one: the reason, as the end of a sentence.
    Damaged(String),
    /// A database, as far as its header and its length say.
    Database,
}

/// Looks at header and length.
///
/// # Errors
/// `Conflict` when something else is there that is not ours to rename; `Io`, `PermissionDenied` when the file is there and
/// cannot be read: then nothing is known.
pub(crate) fn look(file: &Path) -> Result<Seen> {
    let failed = |error| {
        Error::from_io(format_args!("reading {}", file.display()), error)
            .remedy("check the disk that holds the data folder, and whose file that is")
    };
    // Before it is opened: a folder cannot be read, and opening a pipe waits for a writer.
    match fs::metadata(file) {
        Ok(meta) if meta.is_dir() => return of_folder(file).map_err(failed)?,
        Ok(meta) if !meta.is_file() => return Err(no_file(file, "is no regular file")),
        _ => {}
    }
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Seen::Nothing),
        Err(error) => return Err(failed(error)),
    };
    let size_bytes = opened.metadata().map_err(failed)?.len();
    if size_bytes == 0 {
        return Ok(Seen::Nothing);
    }
    let mut header = Vec::with_capacity(HEADER_BYTES);
    opened.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(failed)?;
    Ok(of_header(&header, size_bytes, has_log(file)))
}

/// A folder in the place of the database: containers make an empty one where a file that is to be mounted is missing.
fn of_folder(file: &Path) -> io::Result<Result<Seen>> {
    let is_empty = fs::read_dir(file)?.next().is_none();
    Ok(if is_empty {
        Ok(Seen::Damaged(
            "it is an empty folder (a container makes one where a file to be mounted is missing)".to_owned(),
        ))
    } else {
        Err(no_file(file, "is a folder with files in it"))
    })
}

fn no_file(file: &Path, what: &str) -> Error {
    let message = format!("{}, where the database should be, {what}; nothing was changed", file.display());
    Error::new(ErrorKind::Conflict, message)
        .remedy("move it elsewhere and run the command again, or name another data folder with --data")
}

fn of_header(header: &[u8], size_bytes: u64, has_log: bool) -> Seen {
    let damaged = |what: &str| Seen::Damaged(what.to_owned());
    if header.iter().all(|byte| *byte == 0) {
        return damaged("it begins with zeros");
    }
    if header.len() < HEADER_BYTES || !header.starts_with(MAGIC) {
        return damaged("it is no SQLite database");
    }
    let number = |from: usize| {
        let bytes = header.get(from..from + 4).and_then(|bytes| bytes.try_into().ok());
        u64::from(bytes.map_or(0, u32::from_be_bytes))
    };
    let page_bytes = match number(16) >> 16 {
        1 => 65_536,
        bytes => bytes,
    };
    // The count of pages is right only where the last writer knew that field. While there is a log, the file may be shorter:
    // it is written out of the log after the count was.
    let wanted = page_bytes * number(28);
    if number(24) == number(92) && size_bytes < wanted && !has_log {
        return Seen::Damaged(format!("it has {size_bytes} of its {wanted} bytes"));
    }
    Seen::Database
}

/// Whether there is a log with writes that are not in the database yet.
pub(crate) fn has_log(file: &Path) -> bool {
    LOGS.iter().any(|end| fs::metadata(side_file(file, end)).is_ok_and(|log| log.len() > 0))
}

/// What is damaged in a file that SQLite could open; `None` where nothing is. Reads all of it, and changes nothing.
///
/// # Errors
/// `Io` when the disk cannot be read: then nothing is known.
pub(crate) async fn damage(file: &Path) -> Result<Option<String>> {
    match look(file)? {
        Seen::Nothing => return Ok(None),
        Seen::Damaged(what) => return Ok(Some(what)),
        Seen::Database => {}
    }
    if checked(connect::without_writing(file)).await?.is_none() {
        return Ok(None);
    }
    // The check above took no locks. A process that wrote meanwhile must not make the database look damaged.
    let found = checked(SqliteConnectOptions::new().filename(file).read_only(true)).await?;
    if found.is_some() {
        let read = File::open(file).and_then(|mut file| io::copy(&mut file, &mut io::sink()));
        read.map_err(|error| Error::from_io(format_args!("reading {}", file.display()), error))?;
    }
    Ok(found)
}

/// What SQLite's own check says of it.
async fn checked(connect: SqliteConnectOptions) -> Result<Option<String>> {
    let look = async {
        let mut connection = connect.disable_statement_logging().connect().await?;
        let said = integrity(&mut connection).await?;
        connection.close().await?;
        Ok(said)
    };
    match look.await {
        Ok(said) if said == "ok" => Ok(None),
        Ok(said) => Ok(Some(said)),
        Err(error) if is_damaged(&error) => Ok(Some(error.to_string())),
        Err(error) => Err(sql(WHAT)(error)),
    }
}

async fn integrity(connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(connection).await
}

/// Gives whatever is left of a database in that data folder another name, so that another one can take its place; nothing of
/// it is deleted. Nobody may have it open. Returns where the files are now, the database first.
///
/// # Errors
/// What the file system reports.
pub(crate) fn set_aside(data: &Path) -> Result<Vec<PathBuf>> {
    let file = data.join(DATABASE_FILE);
    let ends = || [""].iter().chain(LOGS);
    let free = (1..=MOST_SET_ASIDE)
        .map(|number| data.join(format!("{DATABASE_FILE}{SET_ASIDE}{number}")))
        .find(|to| ends().all(|end| !side_file(to, end).exists()));
    let to = free.ok_or_else(|| {
        Error::new(ErrorKind::Conflict, format!("{} holds too many damaged databases", data.display()))
            .remedy(format!("move the files `{DATABASE_FILE}{SET_ASIDE}...` elsewhere"))
    })?;
    let mut moved = Vec::new();
    for end in ends() {
        let from = side_file(&file, end);
        if fs::metadata(&from).is_ok_and(|left| left.len() > 0 || left.is_dir()) {
            let to = side_file(&to, end);
            fs::rename(&from, &to).map_err(|error| not_renamed(&from, error))?;
            moved.push(to);
        }
    }
    for empty in ends().chain([&INDEX]) {
        // Nothing is in them; beside another database they would be taken for its own.
        let _ = fs::remove_file(side_file(&file, empty));
    }
    let synced = File::open(data).and_then(|folder| folder.sync_all());
    synced
        .map_err(|error| Error::from_io(format_args!("writing to the disk of {}", data.display()), error))?;
    Ok(moved)
}

fn not_renamed(from: &Path, error: io::Error) -> Error {
    let is_mounted = error.kind() == io::ErrorKind::ResourceBusy;
    let error = Error::from_io(format_args!("renaming {}", from.display()), error);
    if is_mounted {
        return error
            .remedy("something is mounted there by itself: take it out of the mounts of the container, and mount the data folder alone");
    }
    error
}

/// Which file it is, whatever it is called: the numbers of its file system and of the file in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// That of the file of that name; `None` where there is none, or it cannot be examined.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        fs::metadata(file).ok().map(|meta| Self { device: meta.dev(), inode: meta.ino() })
    }

    /// Whether no file, or another one, has that name now. What cannot be examined counts as unchanged.
    pub(crate) fn is_elsewhere(self, file: &Path) -> bool {
        match fs::metadata(file) {
            Ok(meta) => self != Self { device: meta.dev(), inode: meta.ino() },
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

fn side_file(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(page_bytes: u16, pages: u32) -> Vec<u8> {
        let mut header = vec![0; HEADER_BYTES];
        header[..MAGIC.len()].copy_from_slice(MAGIC);
        header[16..18].copy_from_slice(&page_bytes.to_be_bytes());
        header[28..32].copy_from_slice(&pages.to_be_bytes());
        header
    }

    #[test]
    fn header_and_length_tell_a_database_from_what_is_none() {
        let mut other_count = header(4_096, 9);
        other_count[24] = 1;
        for (header, size_bytes, has_log, damaged) in [
            (vec![0; 100], 4_096, false, Some("zeros")),
            (b"not a database".to_vec(), 14, false, Some("no SQLite database")),
            (b"SQLite format 3\0".to_vec(), 16, false, Some("no SQLite database")),
            (header(4_096, 2), 8_192, false, None),
            (header(4_096, 2), 4_096, false, Some("4096 of its 8192 bytes")),
            (header(4_096, 2), 4_096, true, None),
            (header(1, 2), 65_536, false, Some("65536 of its 131072 bytes")),
            (other_count, 4_096, false, None),
        ] {
            let seen = of_header(&header, size_bytes, has_log);
            match damaged {
                None => assert_eq!(seen, Seen::Database),
                Some(says) => {
                    assert!(matches!(&seen, Seen::Damaged(what) if what.contains(says)), "{seen:?}")
                }
            }
        }
    }

    /// issue 12: a folder there was reported as a disk that fails, and no command made way for a database.
    #[tokio::test]
    async fn an_empty_folder_in_its_place_is_set_aside_and_one_with_files_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (data, file) = (folder.path(), folder.path().join(DATABASE_FILE));
        fs::create_dir(&file).unwrap();
        let found = damage(&file).await.unwrap().unwrap();
        assert!(found.contains("an empty folder"), "{found}");
        fs::write(file.join("song"), "x").unwrap();
        let error = look(&file).unwrap_err();
        assert!(
            error.kind() == ErrorKind::Conflict && error.message().contains("with files in it"),
            "{error}"
        );
        assert!(error.remedy_text().unwrap().contains("move it elsewhere"));
        fs::remove_file(file.join("song")).unwrap();
        let moved = set_aside(data).unwrap();
        assert!(moved.len() == 1 && moved[0].is_dir() && look(&file).unwrap() == Seen::Nothing, "{moved:?}");
    }

    #[test]
    fn what_is_set_aside_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        for round in ["first", "second"] {
            for end in ["", "-wal", "-shm"] {
                fs::write(data.join(format!("{DATABASE_FILE}{end}")), format!("{round}{end}")).unwrap();
            }
            let moved = set_aside(data).unwrap();
            assert_eq!(moved.len(), 2);
            assert_eq!(fs::read_to_string(&moved[0]).unwrap(), round);
            assert_eq!(fs::read_to_string(&moved[1]).unwrap(), format!("{round}-wal"));
        }
        assert_eq!(fs::read_dir(data).unwrap().count(), 4);
        assert_eq!(set_aside(data).unwrap(), Vec::<PathBuf>::new());
    }
}
