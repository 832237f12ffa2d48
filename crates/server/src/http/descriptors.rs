//! How many files this process may have open, and what they are for.
//!
//! Purpose: ask the system for as many as it allows ([`raise`]), and share them out ([`Shares::of`]) so that what serves never
//! finds none free. `fanfare doctor` says the same numbers.

use fanfare_model::{Error, ErrorKind, Result};
use rustix::process::{Resource, getrlimit, setrlimit};

/// The most connections at the same time; more wait in the kernel's queue.
const CONNECTIONS: u64 = 4_096;
/// Descriptors of a connection: its socket, and the file that is sent or taken in.
const PER_CONNECTION: u64 = 2;
/// Descriptors for everything else: the database, the workers' pipes, folders being watched and scanned, the second file of
/// what is made while it is sent.
const KEPT_BACK: u64 = 128;
/// The fewest descriptors with which anything can be served.
pub const LEAST: u64 = KEPT_BACK + 16 * PER_CONNECTION;
/// As many as can be of use.
pub const WANTED: u64 =
    KEPT_BACK + fanfare_delivery::open_file_cache::PLACES as u64 + CONNECTIONS * PER_CONNECTION;

/// How to have more.
pub const REMEDY: &str = "raise it: `ulimit -n 65536`, or `LimitNOFILE=65536` in a systemd unit";

/// What the descriptors are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Connections at the same time.
    pub connections: usize,
    /// Files that are kept open for a moment after they were asked for.
    pub kept_open: usize,
}

impl Shares {
    /// The shares of a process that may have that many descriptors.
    #[must_use]
    pub fn of(limit: u64) -> Self {
        let rest = limit.max(LEAST) - KEPT_BACK;
        let kept_open = (rest / 4).min(fanfare_delivery::open_file_cache::PLACES as u64);
        let connections = ((rest - kept_open) / PER_CONNECTION).min(CONNECTIONS);
        let small = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self { connections: small(connections), kept_open: small(kept_open) }
    }

    /// Those of this process as it is.
    #[must_use]
    pub fn here() -> Self {
        Self::of(limit())
    }
}

/// How many descriptors this process may have now.
#[must_use]
pub fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(WANTED)
}

/// How many it may have after [`raise`].
#[must_use]
pub fn reachable() -> u64 {
    limit().max(getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX).min(WANTED))
}

/// Asks the system for as many as it allows and can be of use.
///
/// # Errors
/// `Unavailable` when they are fewer than [`LEAST`].
pub fn raise() -> Result<()> {
    let (reachable, mut limits) = (reachable(), getrlimit(Resource::Nofile));
    if limits.current.is_some_and(|current| current < reachable) {
        limits.current = Some(reachable);
        if let Err(error) = setrlimit(Resource::Nofile, limits) {
            tracing::debug!(%error, "the limit on open files stays as it is");
        }
    }
    let shares = Shares::here();
    if shares.connections < CONNECTIONS as usize {
        tracing::info!(
            limit = limit(),
            connections = shares.connections,
            "the limit on open files allows fewer connections at a time"
        );
    }
    if limit() >= LEAST {
        return Ok(());
    }
    let message = format!("the limit on open files is {}, and at least {LEAST} are needed", limit());
    Err(Error::new(ErrorKind::Unavailable, message).remedy(REMEDY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_add_up_to_more_than_there_is() {
        for limit in [LEAST, 200, 256, 400, 1_024, 4_096, WANTED, 1 << 20, u64::MAX] {
            let Shares { connections, kept_open } = Shares::of(limit);
            let used = KEPT_BACK + kept_open as u64 + connections as u64 * PER_CONNECTION;
            assert!(used <= limit && connections >= 12, "{limit}: {connections} and {kept_open}");
        }
        let all = Shares { connections: 4_096, kept_open: 256 };
        assert_eq!(Shares::of(WANTED), all);
        assert_eq!(Shares::of(u64::MAX), all);
        assert_eq!(Shares::of(0), Shares::of(LEAST), "less than that is not served with");
    }
}
