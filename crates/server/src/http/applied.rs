//! Settings on their way to the parts that go by them: at the start, and whenever the page changes some.

use std::time::Duration;

use fanfare_ingest::{Ingest, IngestOptions, PictureCommand, UploadOptions};
use fanfare_model::{Error, Result};

use crate::Settings;

/// The command of this program that decodes pictures.
pub const PICTURES: &str = "pictures";

/// Tells ingest what is set now.
///
/// # Errors
/// `Invalid` for values that ingest refuses; the list of settings lets none through.
pub fn to(ingest: &Ingest, settings: &Settings) -> Result<()> {
    ingest.set_background(settings.analysis.clone())?;
    ingest.set_uploads(uploads(settings));
    ingest.set_cache(settings.cache.clone());
    ingest.set_quarantine_days(settings.quarantine_days);
    ingest.set_keep_missing(settings.keep_missing_days);
    ingest.set_write_tags(settings.replaygain_write_tags);
    ingest.set_acoustid(settings.acoustid.options());
    Ok(())
}

/// What ingest is started with. `settings` are those of the page as well: the cache is cut to its cap at once.
///
/// # Errors
/// `Io` when this program's own file cannot be found.
pub fn options(settings: &Settings) -> Result<IngestOptions> {
    let worker_exe =
        std::env::current_exe().map_err(|error| Error::from_io("finding this program's own file", error))?;
    Ok(IngestOptions {
        data_dir: settings.data_dir.clone(),
        pictures: PictureCommand { exe: worker_exe.clone(), args: vec![PICTURES.into()] },
        worker_exe,
        worker_args: settings.worker_args(),
        jobs: settings.jobs,
        watch: settings.watch,
        poll_interval: settings.poll_interval_s.map(Duration::from_secs),
        background: settings.analysis.clone(),
        uploads: uploads(settings),
        cache: settings.cache.clone(),
        quarantine_days: settings.quarantine_days,
        keep_missing_days: settings.keep_missing_days,
    })
}

/// What people may send, and what is made of it, in ingest's words.
pub fn uploads(settings: &Settings) -> UploadOptions {
    UploadOptions {
        max_bytes: settings.upload.max_bytes,
        quota_bytes: settings.upload.quota_bytes,
        keep_originals: settings.upload.keep_originals,
        ladder: settings.hls.ladder.clone(),
    }
}
