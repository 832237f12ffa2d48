//! Errors of the operating system in words: the one place that says what each means, and what can be done about it.

use std::{fmt, io};

use crate::{Error, ErrorKind};

/// The system's number (ELOOP) for a path whose links lead to themselves.
const LINKS_IN_A_CIRCLE: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };
/// The system's number (ENAMETOOLONG) for a name or a path that is longer than it allows.
const NAME_TOO_LONG: i32 = if cfg!(target_os = "linux") { 36 } else { 63 };
/// Codes of the system for "no descriptor is free": `ENFILE` (in the whole system) and `EMFILE` (in this process).
const OUT_OF_DESCRIPTORS: [i32; 2] = [23, 24];

/// What to do about missing rights, where the caller does not say more.
const GIVE_RIGHTS: &str = "give the account that runs fanfare the right to it, and to enter every folder above it (`namei -l` with the path \
     shows them)";

impl Error {
    /// The error of an operating-system call while doing `what`: with its kind mapped, and with a remedy where the cause alone
    /// tells one. Callers that know more put their own remedy in its place.
    #[must_use]
    pub fn from_io(what: impl fmt::Display, source: io::Error) -> Self {
        match source.raw_os_error() {
            Some(code) if OUT_OF_DESCRIPTORS.contains(&code) => {
                return Self::out_of_descriptors(what).because(source);
            }
            Some(LINKS_IN_A_CIRCLE) => {
                return Self::new(ErrorKind::NotFound, format!("{what}: links lead in a circle"))
                    .because(source)
                    .remedy("make the link lead to the file or folder itself, or use another path");
            }
            Some(NAME_TOO_LONG) => {
                return Self::new(
                    ErrorKind::Invalid,
                    format!("{what}: the path is too long, or a name in it"),
                )
                .because(source)
                .remedy("use a shorter one: most systems allow 255 bytes for a name and 4,095 for a path");
            }
            _ => {}
        }
        let kind = match source.kind() {
            // A folder on the way that is a file now has nothing in it.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                ErrorKind::NoSpace
            }
            io::ErrorKind::TimedOut => ErrorKind::Timeout,
            io::ErrorKind::ResourceBusy => ErrorKind::Busy,
            _ => ErrorKind::Io,
        };
        let error = Self::new(kind, format!("{what}: {source}")).because(source);
        if kind == ErrorKind::PermissionDenied { error.remedy(GIVE_RIGHTS) } else { error }
    }

    /// The error for a file or socket that cannot be opened because too many are open, while doing `what`.
    #[must_use]
    pub fn out_of_descriptors(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Busy, format!("{what}: too many files are open at the moment")).remedy(
            "try again in a moment; if it persists, raise the limit on open files (`ulimit -n`, `LimitNOFILE=`)",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: of paths that are too long, links in a circle and missing rights the cause or the remedy was another one, or none.
    #[test]
    fn errors_of_the_system_have_their_cause_and_what_to_do() {
        let eacces = 13;
        let eperm = 1;
        for (code, kind, cause, remedy) in [
            (LINKS_IN_A_CIRCLE, ErrorKind::NotFound, "links lead in a circle", "make the link lead to"),
            (NAME_TOO_LONG, ErrorKind::Invalid, "too long", "use a shorter one"),
            (eacces, ErrorKind::PermissionDenied, "Permission denied", "give the account that runs fanfare"),
            (eperm, ErrorKind::PermissionDenied, "not permitted", "give the account that runs fanfare"),
            (OUT_OF_DESCRIPTORS[0], ErrorKind::Busy, "too many files are open", "`ulimit -n`"),
            (OUT_OF_DESCRIPTORS[1], ErrorKind::Busy, "too many files are open", "`ulimit -n`"),
        ] {
            let error = Error::from_io("opening it", io::Error::from_raw_os_error(code));
            assert_eq!(error.kind(), kind, "{code}");
            assert!(
                error.message().starts_with("opening it: ") && error.message().contains(cause),
                "{error}"
            );
            assert!(error.remedy_text().is_some_and(|text| text.contains(remedy)), "{error}");
        }
    }
}
