//! People and their keys.

use fanfare_model::{Role, User};
use fanfare_store::ApiKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{http::clock::rfc3339, settings::UploadSettings};

/// What a person may do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub enum RoleDto {
    /// Browse and play.
    Listener,
    /// Everything.
    Owner,
}

impl From<Role> for RoleDto {
    fn from(role: Role) -> Self {
        match role {
            Role::Listener => Self::Listener,
            Role::Owner => Self::Owner,
        }
    }
}

impl From<RoleDto> for Role {
    fn from(role: RoleDto) -> Self {
        match role {
            RoleDto::Listener => Self::Listener,
            RoleDto::Owner => Self::Owner,
        }
    }
}

/// The person who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeDto {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: RoleDto,
    /// Whether `POST /tracks` takes files from them.
    pub may_upload: bool,
    /// The largest file it takes.
    pub upload_max_bytes: u64,
}

impl MeDto {
    /// The person, by the present settings.
    #[must_use]
    pub fn new(user: User, upload: &UploadSettings) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name,
            role: user.role.into(),
            may_upload: upload.is_open_to(user.role),
            upload_max_bytes: upload.max_bytes,
        }
    }
}

/// A person with an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserDto {
    /// Id.
    pub id: String,
    /// The name to sign in with.
    pub name: String,
    /// Role.
    pub role: RoleDto,
    /// When the account was made.
    #[schema(format = DateTime)]
    pub created: String,
}

impl From<User> for UserDto {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name,
            role: user.role.into(),
            created: rfc3339(user.created),
        }
    }
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyDto {
    /// Id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created: String,
    /// When it was last used, to the minute.
    #[schema(format = DateTime)]
    pub last_used: Option<String>,
}

impl From<ApiKey> for ApiKeyDto {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            created: rfc3339(key.created),
            last_used: key.last_used.map(rfc3339),
        }
    }
}

/// A new API key: the only time its secret is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub struct NewApiKeyDto {
    /// Id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The secret, `ff_...`: send it as a bearer token.
    pub secret: String,
}

/// Makes the first owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// The token of the one-time link.
    #[schema(max_length = 128)]
    pub token: String,
    /// The owner's name.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// The owner's password.
    #[schema(min_length = 8, max_length = 1024)]
    pub password: String,
}

/// Signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Name.
    pub name: String,
    /// Password.
    pub password: String,
}

/// Makes an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserRequest {
    /// The name to sign in with.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// The first password.
    #[schema(min_length = 8, max_length = 1024)]
    pub password: String,
    /// What they may do.
    pub role: RoleDto,
}

/// Changes one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    /// The present password.
    pub current_password: String,
    /// The new password.
    #[schema(min_length = 8, max_length = 1024)]
    pub new_password: String,
    /// Whether one's API keys end, too; otherwise they go on working.
    #[serde(default)]
    pub revoke_keys: bool,
}

/// Makes an API key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeyRequest {
    /// What it is for.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
}
