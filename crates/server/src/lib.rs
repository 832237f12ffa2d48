//! HTTP, settings, people and the command line: the only crate that knows them.
//!
//! Purpose: turn requests and command lines into calls of the other crates and their answers into bytes.
//!
//! Vocabulary: a *setting* is one row of [`settings::SETTINGS`]; a *command* is one subcommand of `fanfare`.
//!
//! Invariants: holds no rules of its own: a handler or a command parses, checks rights, calls one function and
//! maps the answer. [`cli::exit`] is the one place that maps error kinds to exit codes.

pub mod assets;
pub mod cli;
pub mod demo;
pub mod http;
mod native;
pub mod settings;

pub use settings::Settings;
