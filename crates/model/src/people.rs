//! People and what they may do.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

/// What a person with an account may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May browse and play.
    Listener,
    /// May do everything.
    Owner,
}

impl Role {
    /// Every role, least rights first.
    pub const ALL: &'static [Self] = &[Self::Listener, Self::Owner];

    /// The role's stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Owner => "owner",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }
}

/// Who may use a route. A route that does not say is closed to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anybody.
    Public,
    /// Anybody signed in.
    Listener,
    /// Owners only.
    Owner,
}

impl Access {
    /// Whether a person of that role (`None`: not signed in) may pass.
    #[must_use]
    pub fn allows(self, role: Option<Role>) -> bool {
        match self {
            Self::Public => true,
            Self::Listener => role.is_some(),
            Self::Owner => role == Some(Role::Owner),
        }
    }

    /// The access level's stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Listener => "listener",
            Self::Owner => "owner",
        }
    }
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// The name to sign in with, exact.
    pub name: String,
    /// Role.
    pub role: Role,
    /// When the account was made.
    pub created: Timestamp,
}
