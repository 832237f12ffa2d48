//! `fanfare begin-anew`: a new database beside the files of one that was lost.

use fanfare_ingest::{DataLock, list_at_once};
use fanfare_model::Result;
use fanfare_model::words::count;
use fanfare_store::{QuarantineCounts, Store};

use super::{
    backup,
    command_line::PlaceArgs,
    exit::{Exit, SUCCESS},
    output::{self, Done},
    serve,
};
use crate::{http::clock::now, settings};

/// Runs the command.
pub fn run(place: &PlaceArgs) -> Done {
    let settings = settings::load(&place.request())?;
    serve::make_data_folder(&settings.data_dir)?;
    let _lock = DataLock::acquire(&settings.data_dir)?;
    let (counts, set_aside) = serve::block_on(async {
        let (store, set_aside) = Store::begin_anew(&settings.data_dir, &settings.cache_dir(), now()).await?;
        Ok((list_unnamed(store).await?, set_aside))
    })?;
    output::line(format_args!(
        "the database is new; kept for {}: {} of the lost one, of which {} can be made tracks again",
        count(settings.quarantine_days.into(), "day"),
        count(counts.files, "file"),
        count(counts.uploads, "upload")
    ))?;
    backup::name_set_aside(&set_aside)?;
    output::line("start `fanfare serve`; its page `Settings` lists them")?;
    Ok(Exit(SUCCESS))
}

/// Puts the files that no row of a database names on the list of the quarantine, right after it took the place of another one;
/// closes it.
pub(super) async fn list_unnamed(store: Store) -> Result<QuarantineCounts> {
    let swept = store.catalog().sweep(&list_at_once(), now()).await;
    let counts = store.catalog().quarantine_counts().await;
    store.close().await;
    swept.and(counts)
}
