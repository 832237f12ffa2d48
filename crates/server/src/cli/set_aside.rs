//! What is said and done where a database took the place of another one: by `fanfare restore` and `fanfare begin-anew`.

use std::path::PathBuf;

use fanfare_ingest::list_at_once;
use fanfare_model::Result;
use fanfare_store::{QuarantineCounts, Store};

use super::output::{self, Stop, printable};
use crate::http::clock::now;

/// Says where what was left of a database is.
pub(super) fn name_set_aside(files: &[PathBuf]) -> std::result::Result<(), Stop> {
    for file in files {
        output::line(format_args!(
            "the database that was there is kept as {}",
            printable(&file.to_string_lossy())
        ))?;
    }
    Ok(())
}

/// Puts the files that no row of a database names on the list of the quarantine, right after it took the place of another one;
/// closes it.
pub(super) async fn list_unnamed(store: Store) -> Result<QuarantineCounts> {
    let swept = store.catalog().sweep(&list_at_once(), now()).await;
    let counts = store.catalog().quarantine_counts().await;
    store.close().await;
    swept.and(counts)
}
