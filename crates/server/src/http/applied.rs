//! Settings on their way to the parts that go by them: at the start, and whenever the page changes some.

use fanfare_ingest::Ingest;
use fanfare_model::Result;

use crate::Settings;

/// Tells ingest what is set now.
///
/// # Errors
/// `Invalid` for values that ingest refuses; the list of settings lets none through.
pub fn to(ingest: &Ingest, settings: &Settings) -> Result<()> {
    ingest.set_background(settings.analysis.clone())
}
