//! The server itself.

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
    /// `ok` or `unavailable`.
    #[schema(example = "ok")]
    pub status: String,
    /// What is not ready, in words; empty when all is.
    pub waiting_for: Vec<String>,
}
