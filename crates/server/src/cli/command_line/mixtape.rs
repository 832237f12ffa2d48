//! `fanfare mixtape ...` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::place::PlaceArgs;

/// `fanfare mixtape`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare mixtape create \"Train to Lyon\" Ann/One/01.flac Bob/Best/02.flac\n  \
                        fanfare mixtape import list.pls  (or .m3u, .m3u8, .xspf)\n  fanfare mixtape export train-to-lyon > list.m3u8\n  \
                        fanfare mixtape share train-to-lyon --days 7"
)]
pub struct MixtapeArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: MixtapeCommand,
}

/// `fanfare mixtape ...`
#[derive(Debug, Subcommand)]
pub enum MixtapeCommand {
    /// List mixtapes, the one that changed last first
    #[command(after_help = "Example:\n  fanfare mixtape list --json")]
    List {
        /// One JSON object per mixtape and line
        #[arg(long)]
        json: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Show a mixtape and its tracks
    #[command(after_help = "Example:\n  fanfare mixtape show train-to-lyon")]
    Show {
        /// Its name in addresses, as listed
        slug: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Make a mixtape and print its slug
    #[command(
        after_help = "Example:\n  fanfare mixtape create \"Train to Lyon\" Ann/One/01.flac --owner ada"
    )]
    Create {
        /// Its title
        title: String,
        /// Tracks: ids, or paths as in the library (their end is enough)
        #[arg(value_name = "TRACK")]
        tracks: Vec<String>,
        /// What there is to say about it
        #[arg(long, value_name = "TEXT", default_value = "")]
        notes: String,
        /// Whose it is [default: the owner, where there is one only]
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Add tracks at the end of a mixtape
    #[command(after_help = "Example:\n  fanfare mixtape add train-to-lyon Ann/One/02.flac")]
    Add {
        /// Its name in addresses, as listed
        slug: String,
        /// Tracks: ids, or paths as in the library (their end is enough)
        #[arg(value_name = "TRACK", required = true)]
        tracks: Vec<String>,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Take tracks out of a mixtape, wherever they stand in it
    #[command(after_help = "Example:\n  fanfare mixtape remove train-to-lyon Ann/One/02.flac")]
    Remove {
        /// Its name in addresses, as listed
        slug: String,
        /// Tracks: ids (also of tracks that are gone), or paths as in the library
        #[arg(value_name = "TRACK", required = true)]
        tracks: Vec<String>,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Delete a mixtape and its public links; its tracks stay
    #[command(after_help = "Example:\n  fanfare mixtape delete train-to-lyon")]
    Delete {
        /// Its name in addresses, as listed
        slug: String,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Print a mixtape as an M3U8 playlist
    #[command(after_help = "Example:\n  fanfare mixtape export train-to-lyon > list.m3u8")]
    Export {
        /// Its name in addresses, as listed
        slug: String,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Make a mixtape of a playlist (M3U, M3U8, PLS or XSPF) and print its slug
    #[command(after_help = "Example:\n  fanfare mixtape import list.m3u8 --title \"Train to Lyon\"\n\n\
                            Files that the playlist names are looked up in the library, not opened. What is not\n\
                            there is told on standard error, and the exit code is 1.")]
    Import {
        /// The playlist, in M3U, M3U8, PLS or XSPF; `-` for standard input
        file: PathBuf,
        /// Its title [default: the playlist's own, else the file's name]
        #[arg(long)]
        title: Option<String>,
        /// Whose it is [default: the owner, where there is one only]
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        /// One JSON object: the slug and the files that are not in the library
        #[arg(long)]
        json: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Make a public link to a mixtape and print it; it is shown this once
    #[command(after_help = "Examples:\n  fanfare mixtape share train-to-lyon --days 7\n  \
                            fanfare mixtape share train-to-lyon --password < secret.txt\n  \
                            fanfare mixtape share train-to-lyon --list\n  \
                            fanfare mixtape share train-to-lyon --end 0190f3c2a1b4d5e6f708192a3b4c5d6e")]
    Share(ShareArgs),
}

/// `fanfare mixtape share`
#[derive(Debug, Args)]
pub struct ShareArgs {
    /// Its name in addresses, as listed
    pub slug: String,
    /// Days until the link ends [default: it ends when you end it]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: Option<u16>,
    /// Ask for a password that guests need; without a terminal it is read from standard input
    #[arg(long)]
    pub password: bool,
    /// Let guests take the files with them
    #[arg(long)]
    pub download: bool,
    /// List the mixtape's links instead (not what opens them)
    #[arg(long, conflicts_with_all = ["days", "password", "download", "end"])]
    pub list: bool,
    /// End the link of that id instead
    #[arg(long, value_name = "ID", conflicts_with_all = ["days", "password", "download"])]
    pub end: Option<String>,
    /// JSON, one object per link and line
    #[arg(long)]
    pub json: bool,
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
}
