//! What is wrong with the data folder, in the words of the log, the status, `fanfare serve` and the pages.

/// What is wrong with the data folder at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageTrouble {
    /// Its name in answers.
    pub state: &'static str,
    /// What happened, without a path: people who are not signed in read it too.
    pub sentence: &'static str,
    /// What a person can do about it.
    pub remedy: &'static str,
}

/// What is wrong with a database that opens, and of which SQLite cannot read a part.
pub(crate) const DAMAGED: StorageTrouble = StorageTrouble {
    state: "database-damaged",
    sentence: "a part of the database cannot be read: it is damaged, or its disk fails; what needs that part is answered with an error",
    remedy: "run `fanfare doctor --deep`, which says which of the two; of a damaged one, stop fanfare and restore a backup with \
             `fanfare restore DIR`, which keeps the damaged file; without a backup: `fanfare begin-anew`",
};
