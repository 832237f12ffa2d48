//! Black-box tests of the built binary, and what they share.
//!
//! Purpose: [`command`] runs `fanfare` and reads its answers; [`crash`] kills it. `src/bin/measure.rs` is the program
//! behind `cargo xtask bench`.
//!
//! Invariants: nothing here calls what a refactoring would move; every test brings its own folders.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only: what goes wrong should say so loudly

pub mod command;
pub mod crash;
pub mod failing_disk;
pub mod library;
pub mod measure;
pub mod open_files;
pub mod raw;
pub mod sending;
pub mod small_disk;
pub mod until;
