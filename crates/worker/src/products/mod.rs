//! What a pass can make: a file for each product, one ordered list of them ([`list`]).
//!
//! To add a product: a file here with a type that implements [`Product`](product::Product), a line in the list, and a test.
//!
//! Invariant: no product depends on another one, on a job or on a handler.

pub(crate) mod choice;
pub(crate) mod duplicates;
pub(crate) mod features;
pub(crate) mod growing_transcode;
pub(crate) mod hls;
pub(crate) mod keep;
pub(crate) mod list;
#[cfg(feature = "loopback")]
pub(crate) mod loopback;
pub(crate) mod made;
mod plain_file;
pub(crate) mod product;
pub(crate) mod stored_analysis;
pub(crate) mod transcode_source;
pub(crate) mod transcodes;
pub(crate) mod whole;
