//! Signals with known truth and things that break.
