//! The HTTP side from outside: a server in this process on a loopback port, over a temporary data folder.
// The workspace's test allowances do not reach functions outside `#[test]`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod analyzers;
mod cache;
mod cache_runs;
mod catalog;
mod document;
mod events;
mod fixture;
#[path = "../../../delivery/tests/ranges/generate.rs"]
mod generate;
mod heads;
mod hostile;
mod jobs;
mod keys;
mod lists;
mod mixtapes;
#[path = "../../../delivery/tests/ranges/oracle.rs"]
mod oracle;
mod pages;
mod paths;
mod problems;
mod ranges;
mod rights;
mod schedule;
mod secrets;
mod serving;
mod sessions;
mod settings;
mod setup;
mod shares;
mod shutdown;
mod small_files;
mod taken;
mod uploads;
