//! Exit codes: the one place that maps error kinds to them. docs/cli.md has the same table; a test compares.

use fanfare_model::ErrorKind;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(pub u8);

/// Everything was done.
pub const SUCCESS: u8 = 0;
/// The command ran, and at least one file or check failed.
pub const SOME_FAILED: u8 = 1;
/// The command line or a setting is wrong.
pub const USAGE: u8 = 2;
/// What was named does not exist.
pub const NOT_FOUND: u8 = 3;
/// Access was refused.
pub const DENIED: u8 = 4;
/// Reading or writing failed, or no space is left.
pub const STORAGE: u8 = 5;
/// Something is busy or away; the same command can work in a moment.
pub const TRY_LATER: u8 = 6;
/// The change contradicts what is there.
pub const CONFLICT: u8 = 7;
/// A mistake of this program (70 is `EX_SOFTWARE` in sysexits.h).
pub const INTERNAL: u8 = 70;
/// Stopped by Ctrl-C (128 + SIGINT, as shells count).
pub const INTERRUPTED: u8 = 130;

/// The exit code for an error that ends a command.
#[must_use]
pub const fn code_of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::NotAudio
        | ErrorKind::Unsupported
        | ErrorKind::NoDecoder
        | ErrorKind::Malformed
        | ErrorKind::LimitExceeded
        | ErrorKind::Empty => SOME_FAILED,
        ErrorKind::Invalid => USAGE,
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::PermissionDenied | ErrorKind::Unauthorized | ErrorKind::Forbidden => DENIED,
        ErrorKind::Io | ErrorKind::NoSpace => STORAGE,
        ErrorKind::Busy | ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::TooMany => TRY_LATER,
        ErrorKind::Conflict => CONFLICT,
        ErrorKind::Cancelled => INTERRUPTED,
        // `ErrorKind` may grow; a kind unknown here is our mistake.
        _ => INTERNAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_table_says_what_the_code_does() {
        let page =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md")).unwrap();
        for kind in ErrorKind::ALL {
            let code = code_of(*kind);
            let row = page
                .lines()
                .find(|line| line.starts_with(&format!("| {code} |")))
                .unwrap_or_else(|| panic!("docs/cli.md has no row for exit code {code}"));
            assert!(row.contains(&format!("`{kind}`")), "row {code} of docs/cli.md does not name {kind}");
        }
    }
}
