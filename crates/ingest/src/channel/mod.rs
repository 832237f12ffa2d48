//! Between the server and its worker processes: commands and events ([`protocol`]), and how gently to work ([`policy`]).
//!
//! Both sides import this; it imports neither.

pub(crate) mod policy;
pub(crate) mod protocol;
