//! The delivery crate.
