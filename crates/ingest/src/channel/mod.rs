//! Between the server and its worker processes: commands and events ([`protocol`]), how gently to work ([`policy`]),
//! and when a failed attempt is tried again ([`retry`]).
//!
//! Both sides import this; it imports neither.

pub(crate) mod policy;
pub(crate) mod protocol;
pub(crate) mod retry;
