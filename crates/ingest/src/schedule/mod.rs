//! Background analysis: what runs by itself, when, and how gently.
//!
//! Vocabulary: a *nightly run* analyzes, once a day, every track that lacks a result at its analyzer's present
//! version, and every failed one whose next retry is due; *quiet hours* are the hours in which it may run; its
//! *budget* is how long it may start new tracks; a *deferred* track waits for the next run.
//!
//! [`plan`] says when, without reading a clock; [`nightly`] waits; [`run`] sees a run through; how gently they work is
//! the [`work_policy`](crate::work_policy)'s.

mod nightly;
mod options;
mod plan;
mod run;
#[cfg(test)]
mod tests;

pub use nightly::BackgroundStatus;
pub(crate) use nightly::{NightClock, Nightly, NightlyParts};
pub use options::{BackgroundOptions, DailyTime, QuietHours, Schedule};
