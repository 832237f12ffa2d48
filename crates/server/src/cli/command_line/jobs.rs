//! `fanfare jobs ...` as it is typed.

use clap::{Args, Subcommand};
use fanfare_model::JobId;

use super::place::PlaceArgs;

/// `fanfare jobs`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare jobs parked            what was given up, why, and what to do about it\n  \
                        fanfare jobs retry --all       try all of it again\n  \
                        fanfare jobs discard 0190f3c2a1b4d5e6f708192a3b4c5d6e\n\n\
                        All of it works on the data folder, with or without a running server."
)]
pub struct JobsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: JobsCommand,
}

/// Which parked jobs.
#[derive(Debug, Clone, Default, Args)]
pub struct ParkedArgs {
    /// Only those of this queue, as in process-track
    #[arg(long, value_name = "NAME")]
    pub queue: Option<String>,
    /// Only those given up for a reason of this kind, as in malformed
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
}

/// `fanfare jobs ...`
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// List parked jobs with their reasons, the latest first
    #[command(
        after_help = "Examples:\n  fanfare jobs parked\n  fanfare jobs parked --queue process-track\n  \
                            fanfare jobs parked --json"
    )]
    Parked {
        /// Which.
        #[command(flatten)]
        which: ParkedArgs,
        /// One JSON object per job and line, with the log of its attempts
        #[arg(long)]
        json: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Queue parked jobs again, with fresh attempts
    #[command(after_help = "Examples:\n  fanfare jobs retry 0190f3c2a1b4d5e6f708192a3b4c5d6e\n  \
                            fanfare jobs retry --all\n  fanfare jobs retry --all --kind no-space\n\n\
                            The worker of the running server does them, or that of the next `fanfare serve`.")]
    Retry {
        /// The jobs' ids, as listed
        #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<JobId>,
        /// All of them, or all of a queue or kind
        #[arg(long)]
        all: bool,
        /// Which.
        #[command(flatten)]
        which: ParkedArgs,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Take parked jobs off the list; tracks and files stay as they are
    #[command(after_help = "Example:\n  fanfare jobs discard 0190f3c2a1b4d5e6f708192a3b4c5d6e\n\n\
                            Nothing of the track is deleted, and it can still be tried again by itself.")]
    Discard {
        /// The jobs' ids, as listed
        #[arg(value_name = "ID", required = true)]
        ids: Vec<JobId>,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
}
