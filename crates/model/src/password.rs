//! What may be a password: one rule for the server, the command line and the pages.

use crate::{Error, ErrorKind, Result};

/// The fewest characters of a password (NIST SP 800-63B section 5.1.1.2).
pub const MIN_PASSWORD_CHARS: usize = 8;
/// The most characters of a password.
pub const MAX_PASSWORD_CHARS: usize = 1024;
/// No password is longer in UTF-8, so longer text need not be looked at.
pub const MAX_PASSWORD_BYTES: usize = MAX_PASSWORD_CHARS * 4;

/// Refuses what cannot be a new password.
///
/// # Errors
/// `Invalid` when it is too short or too long.
pub fn check_password(password: &str) -> Result<()> {
    let length = password.chars().count();
    if (MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&length) {
        return Ok(());
    }
    let message = format!(
        "a password needs {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters, this one has {length}"
    );
    Err(Error::new(ErrorKind::Invalid, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_not_bytes() {
        for (password, fits) in [
            ("", false),
            ("1234567", false),
            ("12345678", true),
            ("üüüü", false),
            ("üüüüüüüü", true),
            ("🎺🎺🎺🎺🎺🎺🎺🎺", true),
            (&"x".repeat(MAX_PASSWORD_CHARS), true),
            (&"🎺".repeat(MAX_PASSWORD_CHARS), true),
            (&"x".repeat(MAX_PASSWORD_CHARS + 1), false),
        ] {
            assert_eq!(check_password(password).is_ok(), fits, "{password}");
            assert!(!fits || password.len() <= MAX_PASSWORD_BYTES);
        }
    }
}
