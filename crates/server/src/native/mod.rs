//! Calls of the C library that no crate makes for us: the one place of this crate with `unsafe`.
//!
//! Invariants: nothing but the calls stands in the blocks below; every pointer is that of a live value.

#![allow(unsafe_code)] // see above

pub(crate) mod handshakes;
pub(crate) mod memory;
pub(crate) mod queue;
