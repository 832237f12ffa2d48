//! Settings on their way to the parts that go by them: at the start, and whenever the page changes some.

use fanfare_ingest::{Ingest, UploadOptions};
use fanfare_model::Result;

use crate::Settings;

/// Tells ingest what is set now.
///
/// # Errors
/// `Invalid` for values that ingest refuses; the list of settings lets none through.
pub fn to(ingest: &Ingest, settings: &Settings) -> Result<()> {
    ingest.set_background(settings.analysis.clone())?;
    ingest.set_uploads(uploads(settings));
    ingest.set_cache(settings.cache.clone());
    ingest.set_write_tags(settings.replaygain_write_tags);
    Ok(())
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
