//! `fanfare cache ...` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use fanfare_model::Quality;

use super::place::PlaceArgs;

/// `fanfare cache`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fanfare cache status                        size, cap, encoder\n  \
                        fanfare cache warm --all --quality medium   make what is missing ahead of time\n  \
                        fanfare cache verify --all                  exit code 1 when something is not ready\n  \
                        fanfare cache explain song.flac             which file is expected, and why it is not there\n\n\
                        All of it works on the data folder, with or without a running server.")]
pub struct CacheArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// `fanfare cache ...`
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Say how the cache stands: switches, encoder, size against cap
    #[command(after_help = "Examples:\n  fanfare cache status\n  fanfare cache status --json")]
    Status {
        /// One JSON object
        #[arg(long)]
        json: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Make transcodes ahead of time; existing ones are skipped
    #[command(after_help = "Examples:\n  fanfare cache warm --all\n  \
                            fanfare cache warm ~/Music/Album --quality high,medium,low --workers 1\n  \
                            fanfare cache warm --search \"night bus\"\n\n\
                            Without a server, the library is scanned first. With one, the server's worker does the \
                            work.\nExit code 1 when a track failed, or the cap was reached before the end.")]
    Warm {
        /// What to make.
        #[command(flatten)]
        args: WarmArgs,
        /// Make again what is there, too
        #[arg(long)]
        overwrite: bool,
    },
    /// Look whether the files of tracks are there, whole by their checksums, and made of what their sources are now
    #[command(after_help = "Examples:\n  fanfare cache verify\n  \
                            fanfare cache verify ~/Music/Album --quality high,medium --json\n\n\
                            Exit code 1 when a file is missing, stale or damaged.")]
    Verify {
        /// Which tracks.
        #[command(flatten)]
        scope: ScopeArgs,
        /// Which qualities: high, medium, low [default: `audio_cache.precache_qualities`]
        #[arg(long, value_name = "Q,...", value_delimiter = ',', value_parser = Quality::of_transcode)]
        quality: Vec<Quality>,
        /// One JSON object
        #[arg(long)]
        json: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Make transcodes again that were made of an earlier version of their source, or are damaged
    #[command(after_help = "Examples:\n  fanfare cache refresh\n  \
                            fanfare cache refresh ~/Music/Album --quality high,medium,low\n\n\
                            What was never made is left alone; `fanfare cache warm` makes it.")]
    Refresh(WarmArgs),
    /// Remove files; a listener hears one to its end
    #[command(after_help = "Examples:\n  fanfare cache clear --yes\n  \
                            fanfare cache clear ~/Music/Album/song.flac --yes\n  \
                            fanfare cache clear --older-than-days 30 --quality high --yes")]
    Clear {
        /// Which tracks.
        #[command(flatten)]
        scope: ScopeArgs,
        /// Only what was made longer ago than that
        #[arg(long, value_name = "N")]
        older_than_days: Option<u32>,
        /// Only that quality: high, medium, low
        #[arg(long, value_name = "Q", value_parser = Quality::of_transcode)]
        quality: Option<Quality>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Say which file is expected per quality, whether it is there, and why
    #[command(after_help = "Examples:\n  fanfare cache explain ~/Music/Album/song.flac\n  \
                            fanfare cache explain 0190f3c2a1b4d5e6f708192a3b4c5d6e --json\n\n\
                            A file outside of the library is known by its bytes.")]
    Explain {
        /// A file, or the id of a track
        #[arg(value_name = "FILE|TRACK-ID")]
        what: PathBuf,
        /// One JSON object
        #[arg(long)]
        json: bool,
        /// Where settings are kept.
        #[command(flatten)]
        place: PlaceArgs,
    },
}

/// `fanfare cache warm` and `fanfare cache refresh`
#[derive(Debug, Args)]
pub struct WarmArgs {
    /// Which tracks.
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Which qualities: high, medium, low [default: `audio_cache.precache_qualities`]
    #[arg(long, value_name = "Q,...", value_delimiter = ',', value_parser = Quality::of_transcode)]
    pub quality: Vec<Quality>,
    /// Tracks at a time; 1 for one after the other [default: `audio_cache.max_workers`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: Option<u16>,
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Which tracks: one of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct ScopeArgs {
    /// Every track of the library
    #[arg(long)]
    pub all: bool,
    /// The tracks of a release
    #[arg(long, value_name = "ID")]
    pub release: Option<String>,
    /// The tracks that a search finds
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Files of the library, and folders of them
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}
