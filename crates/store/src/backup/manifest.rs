//! [`Manifest`]: what a backup is, in a file that is written last.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use fanfare_model::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use super::{copy::Damaged, failed, folder::private_file};

/// The name of the file.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The format that this program writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUpFile {
    /// Its name in the backup.
    pub name: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub blake3: String,
}

/// How much of a kind a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// `upload`, `cover` or `media`.
    pub kind: String,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a backup is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// The program that made it.
    pub version: String,
    /// When, in milliseconds since 1970 (UTC).
    pub created_ms: i64,
    /// The database.
    pub database: BackedUpFile,
    /// The settings file, where there was one.
    pub settings: Option<BackedUpFile>,
    /// How much of each kind.
    pub kept: Vec<Kept>,
    /// Files that rows name and that could not be copied whole: they were damaged or missing already.
    pub damaged: Vec<Damaged>,
}

impl Manifest {
    /// That of a backup; `None` where there is none.
    ///
    /// # Errors
    /// `Unsupported` for one of a later program; `Malformed` for what is no manifest; `Io`.
    pub fn of(backup: &Path) -> Result<Option<Self>> {
        let path = backup.join(MANIFEST_FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("reading", &path, error)),
        };
        let is_later = serde_json::from_slice::<serde_json::Value>(&text)
            .is_ok_and(|value| value["format"].as_u64().is_some_and(|format| format > u64::from(FORMAT)));
        if is_later {
            return Err(Error::new(ErrorKind::Unsupported, "the backup was made by a newer fanfare")
                .remedy("use the newer version"));
        }
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            Error::new(ErrorKind::Malformed, format!("{} is damaged: {error}", path.display()))
                .remedy("use another backup")
        })
    }

    /// Writes it, in one step: the backup is this one from then on.
    pub(super) fn store(&self, backup: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::new(ErrorKind::Internal, "a manifest has no JSON form").because(error))?;
        let (new, path) = (backup.join("manifest.new"), backup.join(MANIFEST_FILE));
        private_file(&new)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&new, &path))
            .and_then(|()| File::open(backup)?.sync_all())
            .map_err(|error| failed("writing", &path, error))
    }
}
