//! The crash test: `kill -9` of worker and server at random moments, and what is left of it in the end.
//!
//! A *round* is one library, and the files that a client sends meanwhile, from an empty data folder to the end of all work,
//! disturbed by a few kills. Everything random comes from the round's seed, so a failed round can be run again (its moments
//! are as random as the machine's timing, of course).

mod library;
mod process;
mod round;
mod sender;

pub use library::Library;
pub use process::{Server, child_of, children_of};
pub use round::{Round, undisturbed};
pub use sender::Uploads;
