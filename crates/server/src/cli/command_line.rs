//! What the command line looks like: every command, flag and example.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod backup;
mod cache;
mod jobs;
mod mixtape;
mod place;
mod serve;
mod user;

pub use backup::{BackupArgs, RestoreArgs};
pub use cache::{CacheArgs, CacheCommand, ScopeArgs, WarmArgs};
pub use jobs::{JobsArgs, JobsCommand, ParkedArgs};
pub use mixtape::{MixtapeArgs, MixtapeCommand, ShareArgs};
pub use place::PlaceArgs;
pub use serve::{AnalysisArgs, ServeArgs, WorkerArgs};
pub use user::{KeyCommand, UserArgs, UserCommand};

/// `fanfare ...`
#[derive(Debug, Parser)]
#[command(
    name = "fanfare",
    version,
    about = "A music server that analyzes every track once",
    long_about = "A music server that analyzes every track once: one decode feeds loudness, tempo, key, waveform and \
                  fingerprint, and every screen and every room plays it well.",
    after_help = "Examples:\n  fanfare serve ~/Music                     serve a folder, print the address\n  \
                  fanfare analyze *.flac --json             one JSON object per file\n  \
                  fanfare doctor                            check this installation\n\n\
                  `fanfare COMMAND --help` shows examples for each command.",
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server; folders named join the library
    Serve(Box<ServeArgs>),
    /// Measure files: loudness, tempo, key, waveform, fingerprint
    Analyze(AnalyzeArgs),
    /// Bring the library up to date once, without a server
    Scan(ScanArgs),
    /// Write a small generated album, to try things with
    Demo(DemoArgs),
    /// People who may sign in, and their API keys
    User(UserArgs),
    /// Transcodes for phones: make ahead, check, explain, delete
    Cache(CacheArgs),
    /// Parked jobs: what was given up and why; retry, discard
    Jobs(JobsArgs),
    /// Mixtapes: make, fill, export, import, share by a link
    Mixtape(MixtapeArgs),
    /// Check this installation and say what is missing
    Doctor(DoctorArgs),
    /// Copy everything that cannot be made again into another folder, while a server runs
    Backup(BackupArgs),
    /// Make a data folder of a backup
    Restore(RestoreArgs),
    /// Begin with a new database where the old one was lost, and keep its files
    #[command(after_help = "Example:\n  fanfare begin-anew --data /srv/fanfare\n\n\
                            For a data folder whose database is missing or empty while uploads, covers and streams are \
                            there:\n`fanfare serve` refuses such a folder. The files are kept for a time, and listed on the \
                            settings page.\nWith a backup, use `fanfare restore` instead.")]
    BeginAnew(PlaceArgs),
    /// The child process that analyzes tracks for a server
    #[command(hide = true)]
    Worker(WorkerArgs),
    /// The child process that decodes pictures for a server
    #[command(hide = true)]
    Pictures,
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the manual page
    Man(ManArgs),
    /// Print the API's OpenAPI document
    #[command(hide = true)]
    Openapi,
}

/// `fanfare analyze`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare analyze song.flac\n  fanfare analyze ~/Music --json > library.ndjson\n  \
                        fanfare analyze *.mp3 --csv --only loudness,key\n  \
                        fanfare analyze ~/Music/album --album --plot pictures\n\n\
                        Folders are walked in sorted order. A file that fails is reported, the rest go on, and the \
                        exit code is 1.\nNothing is stored; no server is needed."
)]
pub struct AnalyzeArgs {
    /// Files, and folders to walk
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// One JSON object per file and line, in input order
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Comma-separated values with a header line
    #[arg(long)]
    pub csv: bool,
    /// Files analyzed at the same time [default: number of cores]
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Only these analyzers, with commas between
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Also draw one picture (SVG) per file into this folder
    #[arg(long, value_name = "DIR")]
    pub plot: Option<PathBuf>,
    /// Also write audiowaveform data (.dat and .json) of each file into this folder
    #[arg(long, value_name = "DIR")]
    pub waveform: Option<PathBuf>,
    /// After the last file of each folder, its loudness as an album
    #[arg(long)]
    pub album: bool,
    /// Decoder for rare formats: auto, off or a path
    #[arg(long, value_name = "WHICH", env = "FANFARE_FFMPEG", hide_env = true, default_value = "auto")]
    pub ffmpeg: String,
    /// No progress bar, even on a terminal
    #[arg(long, short)]
    pub quiet: bool,
}

/// `fanfare scan`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fanfare scan ~/Music\n  fanfare scan --data /srv/fanfare\n  \
                        fanfare scan --full\n\n\
                        Ends when every new or changed track has been analyzed. Where a server runs on the same data \
                        folder,\nuse its own scan (it also watches the folders).")]
pub struct ScanArgs {
    /// Folders that join the library
    #[arg(value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Tracks analyzed at the same time [default: number of cores]
    #[arg(long, short = 'j', value_name = "N")]
    pub jobs: Option<String>,
    /// Read every file and compare its bytes with those that were analyzed, whatever its size and times say
    #[arg(long)]
    pub full: bool,
    /// Then permanently remove the tracks that were missing before this scan and still are: of the folders DIR, or of all
    #[arg(long)]
    pub remove_missing: bool,
}

/// `fanfare demo`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare demo ./demo-music\n  fanfare demo ./demo-music && fanfare serve ./demo-music\n\n\
                        The same tracks every time, composed and rendered by this program; free of rights (CC0)."
)]
pub struct DemoArgs {
    /// Where to write the album; made if missing, existing files of the same names are kept
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `fanfare doctor`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare doctor\n  fanfare doctor --data /srv/fanfare --json\n  fanfare doctor --deep\n\n\
                        Exit code 0 when nothing is wrong (warnings allowed), 1 when a check fails."
)]
pub struct DoctorArgs {
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// One JSON object with all checks
    #[arg(long)]
    pub json: bool,
    /// Read the bytes of every file in the data folder again, and name those that rotted
    #[arg(long)]
    pub deep: bool,
    /// With --deep: read the files of library folders again, too
    #[arg(long, requires = "deep")]
    pub library: bool,
}

/// `fanfare completions`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fanfare completions bash > ~/.local/share/bash-completion/completions/fanfare\n  \
                        fanfare completions fish > ~/.config/fish/completions/fanfare.fish"
)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `fanfare man`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fanfare man | man -l -\n  fanfare man --dir ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write one page per command into this folder instead
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
