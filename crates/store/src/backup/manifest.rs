//! [`Manifest`]: what a backup is, in a file that is written last.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use fanfare_model::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{damaged::Damaged, errors::broken, files::private_file};
use crate::file_work::failed;

/// The name of the file.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The format that this program writes, and the newest that it reads. 1 had no checksum of the manifest.
pub(super) const FORMAT: u32 = 2;
/// The first format whose manifest has a checksum of itself.
const WITH_CHECKSUM: u64 = 2;
/// The field that holds it.
const CHECKSUM: &str = "checksum";

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
    /// `Unsupported` for one of a later program; `Io` for one that is damaged or cannot be read.
    pub fn of(backup: &Path) -> Result<Option<Self>> {
        let path = backup.join(MANIFEST_FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("reading", &path, error)),
        };
        Self::parse(&text).map(Some)
    }

    fn parse(text: &[u8]) -> Result<Self> {
        let wrong = |what: &dyn std::fmt::Display| {
            broken(&format!("{MANIFEST_FILE} is not as it was written ({what})"))
        };
        let mut value: Value = serde_json::from_slice(text).map_err(|error| wrong(&error))?;
        let format = value["format"].as_u64().unwrap_or_default();
        let given = value.as_object_mut().and_then(|fields| fields.remove(CHECKSUM));
        let is_sound = match &given {
            Some(given) => given.as_str() == Some(&checksum(&value)),
            None => format < WITH_CHECKSUM,
        };
        // A format of the future may count otherwise: what it says of itself is believed.
        if format > u64::from(FORMAT) {
            return Err(Error::new(ErrorKind::Unsupported, "the backup was made by a newer fanfare")
                .remedy("use the newer version"));
        }
        if !is_sound {
            return Err(wrong(&"its checksum is another one"));
        }
        serde_json::from_value(value).map_err(|error| wrong(&error))
    }

    fn text(&self) -> Result<Vec<u8>> {
        let failed = |error: serde_json::Error| {
            Error::new(ErrorKind::Internal, "a manifest has no JSON form").because(error)
        };
        let mut value = serde_json::to_value(self).map_err(failed)?;
        value[CHECKSUM] = Value::String(checksum(&value));
        serde_json::to_vec_pretty(&value).map_err(failed)
    }

    /// Writes it, in one step: the backup is this one from then on.
    pub(super) fn store(&self, backup: &Path) -> Result<()> {
        let text = self.text()?;
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

/// BLAKE3 of a manifest without its checksum, written without spaces: it says nothing of how the text is laid out.
fn checksum(manifest: &Value) -> String {
    blake3::hash(manifest.to_string().as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: a manifest had no checksum, so a wrong digit in it was believed.
    #[test]
    fn a_manifest_with_any_byte_changed_is_refused_or_says_the_same() {
        let file = BackedUpFile { name: "database-1.db".into(), size_bytes: 4_096, blake3: "ab".repeat(32) };
        let kept = Kept { kind: "upload".into(), files: 3, bytes: 700 };
        let manifest = Manifest {
            format: FORMAT,
            version: "0.1.0".into(),
            created_ms: 1_700_000_000_000,
            database: file.clone(),
            settings: Some(file),
            kept: vec![kept],
            damaged: Vec::new(),
        };
        let text = manifest.text().unwrap();
        assert_eq!(Manifest::parse(&text).unwrap(), manifest);
        for place in 0..text.len() {
            for bit in 0..8 {
                let mut other = text.clone();
                other[place] ^= 1 << bit;
                match Manifest::parse(&other) {
                    Ok(read) => assert_eq!(read, manifest, "byte {place}, bit {bit}"),
                    Err(error) => assert!(
                        matches!(error.kind(), ErrorKind::Io | ErrorKind::Unsupported),
                        "byte {place}, bit {bit}: {error}"
                    ),
                }
            }
        }
        // One of the first format had none.
        let first = Manifest { format: 1, ..manifest };
        let text = serde_json::to_vec(&first).unwrap();
        assert_eq!(Manifest::parse(&text).unwrap(), first);
    }
}
