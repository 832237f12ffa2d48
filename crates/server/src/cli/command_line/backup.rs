//! `fanfare backup` and `fanfare restore` as they are typed.

use std::path::PathBuf;

use clap::Args;

use super::place::PlaceArgs;

/// `fanfare backup`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare backup /media/disk/fanfare\n  fanfare backup /media/disk/fanfare --data /srv/fanfare\n\n\
                  A server may run meanwhile. Into the same folder again, only what is new or damaged there is copied. Left out is what can \
                  be made again\n(transcodes, streams of library tracks), and the files of library folders. The backup \
                  holds password hashes and keys:\nkeep it as private as the data folder."
)]
pub struct BackupArgs {
    /// Where to: a folder that is empty or not there, or an earlier backup
    #[arg(value_name = "DIR")]
    pub target: PathBuf,
    /// Replace a backup that seems to be that of another data folder
    #[arg(long)]
    pub replace: bool,
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// `fanfare restore`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fanfare restore /media/disk/fanfare --data /srv/fanfare\n  \
                  fanfare restore /media/disk/fanfare --data /srv/fanfare --keep-files\n\n\
                  The data folder must be empty or not there, or its database damaged: that file is kept under another name. Every file is \
                  compared with\nits name: what is damaged in the backup is left out and named (exit code 1). A restore that was \
                  interrupted can be done again.")]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "DIR")]
    pub backup: PathBuf,
    /// Restore into a data folder whose database is lost, or damaged and without its files, and keep the files that are there
    #[arg(long)]
    pub keep_files: bool,
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
}
