//! The fanfare binary.
fn main() {}
