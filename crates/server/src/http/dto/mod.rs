//! What travels as JSON: types of their own, so that the domain can change without changing the contract.
//!
//! Every field of an answer is always there, `null` where nothing is known. Bodies of requests refuse unknown fields.

pub mod analysis_run;
pub mod cache;
pub mod catalog;
pub mod enrichment;
pub mod features;
pub mod identify;
pub mod job;
pub mod library;
pub mod mixtape;
pub mod page;
pub mod people;
pub mod problem;
pub mod quarantine;
pub mod settings;
pub mod share;
pub mod status;
pub mod task;
pub mod track;

pub use page::{ListDto, Offset, PageDto};
