//! `fanfare user` as it is typed.

use clap::{Args, Subcommand};

use super::place::PlaceArgs;

/// `fanfare user`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fanfare user add ada --owner              asks for a password\n  \
                        fanfare user password ada < secret.txt    reads it from the file's first line\n  \
                        fanfare user list\n  fanfare user key add ada \"kitchen radio\"  prints a new API key once")]
pub struct UserArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: UserCommand,
}

/// `fanfare user ...`
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account; the password is asked for, or read from standard input
    #[command(after_help = "Examples:\n  fanfare user add ada --owner\n  fanfare user add ben < secret.txt")]
    Add {
        /// The name to sign in with
        name: String,
        /// May do everything, not only browse and play
        #[arg(long)]
        owner: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Set a new password; it is asked for, or read from standard input
    ///
    /// Every session of that person ends. Their API keys go on working unless --revoke-keys is given.
    #[command(
        after_help = "Examples:\n  fanfare user password ada\n  fanfare user password ada --revoke-keys"
    )]
    Password {
        /// Whose
        name: String,
        /// End the person's API keys too
        #[arg(long)]
        revoke_keys: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// List accounts
    #[command(after_help = "Example:\n  fanfare user list")]
    List {
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Remove an account
    #[command(after_help = "Example:\n  fanfare user remove ben")]
    Remove {
        /// Whose
        name: String,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// API keys
    #[command(
        after_help = "Examples:\n  fanfare user key add ada \"kitchen radio\"\n  fanfare user key list ada"
    )]
    Key {
        /// What to do.
        #[command(subcommand)]
        command: KeyCommand,
    },
}

/// `fanfare user key ...`
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it; it is shown this once
    #[command(after_help = "Example:\n  fanfare user key add ada \"kitchen radio\"")]
    Add {
        /// Whose
        name: String,
        /// What it is for
        label: String,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// List a person's keys (not their secrets)
    #[command(after_help = "Example:\n  fanfare user key list ada")]
    List {
        /// Whose
        name: String,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Remove a key
    #[command(after_help = "Example:\n  fanfare user key remove ada 0190f3c2a1b4d5e6f708192a3b4c5d6e")]
    Remove {
        /// Whose
        name: String,
        /// The key's id, as listed
        id: String,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
}
