//! The mixtape that a command names.

use fanfare_model::{Error, ErrorKind, Mixtape, Result};
use fanfare_store::Store;

use super::output::printable;

/// The mixtape of that slug.
pub(super) async fn named(store: &Store, slug: &str) -> Result<Mixtape> {
    let found = match slug.parse() {
        Ok(slug) => store.catalog().mixtape(&slug).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("there is no mixtape {}", printable(slug)))
            .remedy("`fanfare mixtape list` shows every slug")
    })
}
