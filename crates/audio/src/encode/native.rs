//! Encoders in C, called through their interfaces: the one place of this crate with `unsafe`.
//!
//! Invariants: they see only our own PCM; every length that is handed over is that of a live slice; an encoder is used
//! by one thread at a time.

#![allow(unsafe_code)] // calling a C library is; nothing but the calls stands in the blocks below

#[cfg(feature = "mp3-lame")]
pub(super) mod lame;
pub(super) mod libopus;
