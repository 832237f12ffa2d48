//! For tests only.
//!
//! Purpose: signals whose truth is known by construction ([`signals`]), files made of them ([`wav`]), ways to break a
//! file ([`breaker`]), names that attack ([`hostile`]), a checker of HLS ([`hls`]), and a running server ([`server`], feature `server`).
//!
//! Vocabulary: a *plane* is the samples of one channel; a *case* is an input with what is expected of it.
//!
//! Invariants: the same arguments (and seed) always give the same bytes; no crate uses this outside tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // dev only: a broken test fixture should say so loudly

pub mod binary;
pub mod breaker;
pub mod hls;
pub mod hostile;
pub mod pictures;
pub mod seeded;
#[cfg(feature = "server")]
pub mod server;
pub mod signals;
pub mod wav;

pub use seeded::Seeded;
