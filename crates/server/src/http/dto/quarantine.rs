//! Files of ours that no track names.

use fanfare_store::{QuarantineCounts, Quarantined, StoredKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PageDto;
use crate::http::clock::rfc3339;

/// What a file in quarantine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StoredKind)]
pub enum StoredKindDto {
    /// An audio file as a client sent it; a track can be made of it again.
    Upload,
    /// A cover.
    Cover,
    /// A stream that was made of a track.
    Media,
    /// A transcode that was made of a track.
    Cache,
}

impl From<StoredKind> for StoredKindDto {
    fn from(kind: StoredKind) -> Self {
        match kind {
            StoredKind::Blob(fanfare_store::BlobKind::Upload) => Self::Upload,
            StoredKind::Blob(fanfare_store::BlobKind::Cover) => Self::Cover,
            StoredKind::Blob(fanfare_store::BlobKind::Media) => Self::Media,
            StoredKind::Cache => Self::Cache,
        }
    }
}

impl From<StoredKindDto> for StoredKind {
    fn from(kind: StoredKindDto) -> Self {
        match kind {
            StoredKindDto::Upload => Self::Blob(fanfare_store::BlobKind::Upload),
            StoredKindDto::Cover => Self::Blob(fanfare_store::BlobKind::Cover),
            StoredKindDto::Media => Self::Blob(fanfare_store::BlobKind::Media),
            StoredKindDto::Cache => Self::Cache,
        }
    }
}

/// A file that belongs to the server and that no track names.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuarantinedFile)]
pub struct QuarantinedDto {
    /// What it is.
    pub kind: StoredKindDto,
    /// Its name: of a cached file its file name, of others the hash of their bytes.
    pub name: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// When the server first found that no track names it.
    #[schema(format = DateTime)]
    pub missed: String,
    /// When it will be deleted, if the server runs until then and nothing names it again.
    #[schema(format = DateTime)]
    pub delete_at: String,
}

impl From<Quarantined> for QuarantinedDto {
    fn from(file: Quarantined) -> Self {
        Self {
            kind: file.kind.into(),
            name: file.name,
            size_bytes: file.size_bytes,
            missed: rfc3339(file.missed),
            delete_at: rfc3339(file.due),
        }
    }
}

/// The quarantine: how much is in it, and a page of its list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quarantine)]
pub struct QuarantineDto {
    /// How many days files are kept (`storage.quarantine_days`).
    pub days: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// How many are uploads.
    pub uploads: u64,
    /// Bytes of those.
    pub upload_bytes: u64,
    /// A page of the list: uploads first, then those that are deleted first.
    pub items: Vec<QuarantinedDto>,
    /// How many files there are in all.
    pub total: u64,
    /// The first row's number.
    pub offset: u64,
}

impl QuarantineDto {
    /// The counts and the page.
    pub fn new(days: u32, counts: QuarantineCounts, page: PageDto<QuarantinedDto>) -> Self {
        let QuarantineCounts { bytes, uploads, upload_bytes, .. } = counts;
        let PageDto { items, total, offset } = page;
        Self { days, bytes, uploads, upload_bytes, items, total, offset }
    }
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedFiles)]
pub struct DeletedFilesDto {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}
