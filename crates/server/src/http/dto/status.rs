//! The server itself.

use fanfare_store::StorageTrouble;
use serde::Serialize;
use utoipa::ToSchema;

/// What a client asks first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub struct StatusDto {
    /// The server's version.
    pub version: String,
    /// Whether the web UI was built in.
    pub ui: UiDto,
    /// Whether the owner has yet to be created by the one-time link.
    pub setup_needed: bool,
    /// Whether the caller is signed in.
    pub signed_in: bool,
    /// What is wrong with the data folder at the moment; null when all is well.
    pub storage: Option<StorageDto>,
}

/// What is wrong with the data folder: nothing can be stored, or a part of what is stored cannot be read. The rest plays on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Storage)]
pub struct StorageDto {
    /// `full`, `read-only`, `moved` (the database was moved, deleted or replaced while the server runs), `uploads-away` (the
    /// storage of uploads and covers cannot be reached), or `database-damaged`.
    #[schema(example = "full")]
    pub state: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What can be done about it.
    pub remedy: String,
}

impl From<StorageTrouble> for StorageDto {
    fn from(why: StorageTrouble) -> Self {
        let (detail, remedy) = (why.sentence.to_owned(), why.remedy.to_owned());
        Self { state: why.state.to_owned(), detail, remedy }
    }
}

/// What is served at `/`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Ui)]
pub enum UiDto {
    /// The web UI.
    Built,
    /// A page that says that the web UI was not built.
    Placeholder,
}

/// Whether the server lives, or is ready.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthDto {
    /// `ok`; `read-only` when what is there plays and nothing new can be stored; `degraded` when `storage` says that a part of
    /// what is stored cannot be read; `unavailable`.
    #[schema(example = "ok")]
    pub status: String,
    /// What is not ready, in words; empty when all is.
    pub waiting_for: Vec<String>,
    /// What is wrong with the data folder at the moment; null when all is well.
    pub storage: Option<StorageDto>,
}
