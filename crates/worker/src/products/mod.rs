//! What the worker makes of a decoded track: results of analyzers, HLS ladders, transcodes; and what storing them takes.
//!
//! Invariant: nothing here knows a handler.

pub(crate) mod analysis_product;
pub(crate) mod analyze_file;
pub(crate) mod choice;
pub(crate) mod duplicates;
pub(crate) mod encoding;
pub(crate) mod growing_file;
pub(crate) mod keep;
pub(crate) mod ladder;
#[cfg(feature = "loopback")]
pub(crate) mod loopback;
pub(crate) mod small;
pub(crate) mod stored_analysis;
pub(crate) mod transcode_products;
pub(crate) mod whole;
