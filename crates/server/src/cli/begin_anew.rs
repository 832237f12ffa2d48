//! `fanfare begin-anew`: a new database beside the files of one that was lost.

use fanfare_ingest::DataLock;
use fanfare_model::words::count;
use fanfare_store::Store;

use super::{
    command_line::PlaceArgs,
    exit::{Exit, SUCCESS},
    output::{self, Done},
    serve, set_aside,
};
use crate::{http::clock::now, settings};

/// Runs the command.
pub fn run(place: &PlaceArgs) -> Done {
    let settings = settings::load(&place.request())?;
    serve::make_data_folder(&settings.data_dir)?;
    let _lock = DataLock::acquire(&settings.data_dir)?;
    let (counts, kept) = serve::block_on(async {
        let (store, kept) = Store::begin_anew(&settings.data_dir, &settings.cache_dir(), now()).await?;
        Ok((set_aside::list_unnamed(store).await?, kept))
    })?;
    output::line(format_args!(
        "the database is new; kept for {}: {} of the lost one, of which {} can be made tracks again",
        count(settings.quarantine_days.into(), "day"),
        count(counts.files, "file"),
        count(counts.uploads, "upload")
    ))?;
    set_aside::name_set_aside(&kept)?;
    output::line("start `fanfare serve`; its page `Settings` lists them")?;
    Ok(Exit(SUCCESS))
}
