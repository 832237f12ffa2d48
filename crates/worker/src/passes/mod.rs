//! The passes that jobs run: each opens a file, orders products, and brings back what the job stores.

pub(crate) mod analysis_job;
pub(crate) mod analyze_file;
pub(crate) mod encoding;
pub(crate) mod growing_file;
pub(crate) mod ladder;
pub(crate) mod upload_transcodes;
