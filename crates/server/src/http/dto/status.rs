//! The server itself.

use fanfare_store::Unwritable;
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
    /// Why nothing can be stored at the moment; null when all is well.
    pub storage: Option<StorageDto>,
}

/// Why nothing can be stored in the data folder. What is there plays on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Storage)]
pub struct StorageDto {
    /// `full`, `read-only`, or `moved` (the database was moved, deleted or replaced while the server runs).
    #[schema(example = "full")]
    pub state: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What can be done about it.
    pub remedy: String,
}

impl From<Unwritable> for StorageDto {
    fn from(why: Unwritable) -> Self {
        let (detail, remedy) = (why.sentence().to_owned(), why.remedy().to_owned());
        Self { state: why.as_str().to_owned(), detail, remedy }
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
    /// `ok`; `read-only` when what is there plays and nothing new can be stored; `unavailable`.
    #[schema(example = "ok")]
    pub status: String,
    /// What is not ready, in words; empty when all is.
    pub waiting_for: Vec<String>,
    /// Why nothing can be stored at the moment; null when all is well.
    pub storage: Option<StorageDto>,
}
