//! The ingest crate.
