//! What every worker process does, whatever its jobs make: claims and leases ([`executor`]), attempts ([`attempt`]), how
//! gently ([`throttle`]), what it tells its server ([`event_writer`]), and when it tries again ([`retry`](fanfare_channel::retry)).
//!
//! Invariant: nothing here knows a product. What is made is registered ([`registry`]) by
//! [`handlers`](crate::handlers).

pub(crate) mod attempt;
pub(crate) mod context;
pub(crate) mod crash_report;
pub(crate) mod event_writer;
pub(crate) mod executor;
pub(crate) mod job;
pub(crate) mod nothing_fits;
pub(crate) mod registry;
mod running_jobs;
mod signals;
pub(crate) mod throttle;
pub(crate) mod work;
