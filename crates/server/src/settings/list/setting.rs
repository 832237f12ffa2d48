//! [`Setting`]: one thing that can be set.

use serde_json::Value;

use crate::settings::{
    DATA_VARIABLE, Settings, ValueType,
    given::{Complaint, Given},
};

/// The name of the one setting that decides where the file is looked for.
pub(in crate::settings) const DATA_DIR: &str = "data_dir";

/// The largest limit for many files: 1 PiB, more than one machine has.
pub(super) const LARGEST_SPACE: u64 = 1 << 50;

/// One thing that can be set.
pub struct Setting {
    /// Dotted name, as in the file.
    pub name: &'static str,
    /// What it takes.
    pub value_type: ValueType,
    /// The default, as the docs say it.
    pub default: &'static str,
    /// The unit of a number; empty where there is none.
    pub unit: &'static str,
    /// What it does, in one or two sentences.
    pub help: &'static str,
    /// An example value as the file writes it.
    pub example: &'static str,
    /// Whether it can be changed on the web page, at once; others are read when the server starts.
    pub page: bool,
    /// The value as JSON; of a secret only whether there is one.
    pub(in crate::settings) get: fn(&Settings) -> Value,
    /// Reads the value into the struct.
    pub(in crate::settings) set: fn(&mut Settings, &Given) -> Result<(), Complaint>,
}

impl Setting {
    /// The environment variable of the same meaning.
    #[must_use]
    pub fn variable(&self) -> String {
        if self.name == DATA_DIR {
            return DATA_VARIABLE.to_owned();
        }
        format!("FANFARE_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}

/// An error as the complaint about a value.
pub(super) fn complaint(error: fanfare_model::Error) -> Complaint {
    error.to_string()
}
