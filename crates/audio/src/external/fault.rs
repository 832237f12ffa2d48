//! Which ends of a child say nothing about the file.
//!
//! A signal comes from outside (the system has no memory left, a person, a limit) or from a fault of the program, for example a
//! broken library. The file may have met that fault, but the next version of the program may be without it: so no signal is a
//! verdict on a file.

use std::{os::unix::process::ExitStatusExt as _, process::ExitStatus};

use fanfare_model::{Error, ErrorKind};

/// What a shell adds to the number of the signal that ended its program (POSIX, "Exit Status for Commands"), and the largest number.
const OF_SHELL: i32 = 128;
const MOST_SIGNAL: i32 = 31;
/// How `ffmpeg` ends when it was asked to by a signal.
const ASKED_TO_END: i32 = 255;

/// How the child ended, if by a signal.
pub(super) fn fault(status: ExitStatus) -> Option<String> {
    let signal = match status.code() {
        None => status.signal(),
        Some(ASKED_TO_END) => return Some("was asked to end by a signal".to_owned()),
        Some(code) => Some(code - OF_SHELL).filter(|signal| (1..=MOST_SIGNAL).contains(signal)),
    };
    signal.map(|signal| format!("was ended by signal {signal}"))
}

/// The error for a run that ended so.
pub(super) fn interrupted(how: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("ffmpeg {how}"))
        .remedy("it is tried again; if it persists, look whether memory is short, or reinstall ffmpeg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_from_an_exit_status() {
        // As `wait` gives it: the signal in the low bits, the exit status above them.
        for (raw, expected) in [
            (0, None),
            (1 << 8, None),
            (69 << 8, None),
            (183 << 8, None),
            (9, Some("was ended by signal 9")),
            (11 | 0x80, Some("was ended by signal 11")),
            (137 << 8, Some("was ended by signal 9")),
            (255 << 8, Some("was asked to end by a signal")),
        ] {
            assert_eq!(fault(ExitStatus::from_raw(raw)).as_deref(), expected, "{raw}");
        }
    }
}
