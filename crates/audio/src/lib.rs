//! The audio crate.
