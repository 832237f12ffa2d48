//! One check, and how it came out.

use serde::Serialize;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Works.
    Ok,
    /// Works with less.
    Warning,
    /// Does not work.
    Failed,
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do, where something can be done.
    pub remedy: Option<String>,
}

/// Something that works.
pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Check {
    Check { name, outcome: Outcome::Ok, found: found.into(), remedy: None }
}

/// Something that works with less, or does not.
pub(super) fn bad(
    name: &'static str,
    outcome: Outcome,
    found: impl Into<String>,
    remedy: impl Into<String>,
) -> Check {
    Check { name, outcome, found: found.into(), remedy: Some(remedy.into()) }
}
