//! Errors that end a run of making transcodes, because every other track of it would meet them.

use std::fmt;

use fanfare_model::Error;

/// The cause of an error that the next track meets too: there is no room in the cache, or nothing can be stored there.
#[derive(Debug)]
pub(crate) struct NothingFits;

impl fmt::Display for NothingFits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing more fits")
    }
}

impl std::error::Error for NothingFits {}

/// Whether the next track meets that error too: a run ends with it.
pub(crate) fn ends_a_run(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<NothingFits>())
}
