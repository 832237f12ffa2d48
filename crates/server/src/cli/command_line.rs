//! What the command line looks like: every command, flag and example.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings::{Given, SettingsRequest};

mod backup;
mod cache;
mod jobs;
mod mixtape;

pub use backup::{BackupArgs, RestoreArgs};
pub use cache::{CacheArgs, CacheCommand, ScopeArgs, WarmArgs};
pub use jobs::{JobsArgs, JobsCommand, ParkedArgs};
pub use mixtape::{MixtapeArgs, MixtapeCommand, ShareArgs};

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

/// Where settings are kept: shared by all commands that read them.
#[derive(Debug, Clone, Default, Args)]
pub struct PlaceArgs {
    /// Data folder [default: $FANFARE_DATA, else fanfare in the XDG data home]
    #[arg(long = "data", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Settings file [default: fanfare.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl PlaceArgs {
    /// The request for settings with this process's environment.
    #[must_use]
    pub fn request(&self) -> SettingsRequest {
        SettingsRequest {
            data_dir: self.data.clone(),
            config_file: self.config.clone(),
            ..SettingsRequest::from_process()
        }
    }
}

/// `fanfare serve`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fanfare serve ~/Music\n  \
                        fanfare serve ~/Music /media/more --listen 0.0.0.0:4040\n  \
                        fanfare serve --data /srv/fanfare --jobs 2 --log-format json\n\n\
                        The first start prints a link that creates the owner; it works once.\n\
                        Settings can also stand in fanfare.toml or in FANFARE_* variables; flags win.")]
pub struct ServeArgs {
    /// Folders of music that join the library
    #[arg(value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Where to listen [default: 127.0.0.1:4040, this machine only]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Address of the proxy in front.
    #[arg(long, value_name = "URL", help = "Address of the proxy in front, as in https://music.example.org")]
    pub public_url: Option<String>,
    /// Do not watch the folders for changes
    #[arg(long)]
    pub no_watch: bool,
    /// Look through the folders every so many seconds [default: 0, never by the clock]
    #[arg(long, value_name = "SECONDS")]
    pub poll_interval_s: Option<String>,
    /// How tracks are analyzed.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

impl ServeArgs {
    /// The request for settings, with the flags that were given.
    #[must_use]
    pub fn request(&self) -> SettingsRequest {
        let mut request = self.place.request();
        add_texts(
            &mut request,
            [
                ("listen", &self.listen),
                ("public_url", &self.public_url),
                ("poll_interval_s", &self.poll_interval_s),
            ],
        );
        self.analysis.add_to(&mut request);
        if self.no_watch {
            request.flags.push(("watch", Given::Switch(false)));
        }
        request
    }
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

/// `fanfare worker`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  fanfare worker --data /srv/fanfare --jobs 2\n\n\
                        Started by `fanfare serve`; talks with it over standard input and output.")]
pub struct WorkerArgs {
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// How tracks are analyzed.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

impl WorkerArgs {
    /// The request for settings, with the flags that were given.
    #[must_use]
    pub fn request(&self) -> SettingsRequest {
        let mut request = self.place.request();
        self.analysis.add_to(&mut request);
        request
    }
}

/// What a server hands on to its worker.
#[derive(Debug, Args)]
pub struct AnalysisArgs {
    /// Tracks analyzed at the same time [default: number of cores]
    #[arg(long, short = 'j', value_name = "N")]
    pub jobs: Option<String>,
    /// Decoder for rare formats: auto, off or a path [default: auto]
    #[arg(long, value_name = "WHICH")]
    pub ffmpeg: Option<String>,
    /// Log as text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What to log: error, warn, info, debug, trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

impl AnalysisArgs {
    fn add_to(&self, request: &mut SettingsRequest) {
        add_texts(
            request,
            [
                ("jobs", &self.jobs),
                ("ffmpeg", &self.ffmpeg),
                ("log.format", &self.log_format),
                ("log.level", &self.log_level),
            ],
        );
    }
}

/// Adds the flags that were given, each as text.
fn add_texts<const N: usize>(request: &mut SettingsRequest, flags: [(&'static str, &Option<String>); N]) {
    let given = flags.into_iter().filter_map(|(name, flag)| Some((name, Given::Text(flag.clone()?))));
    request.flags.extend(given);
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::settings::{FfmpegSetting, LogFormat, Settings, load};

    #[derive(clap::Parser)]
    struct WorkerLine {
        #[command(flatten)]
        args: WorkerArgs,
    }

    /// What a worker makes of the arguments its server starts it with, whatever stands in the environment.
    fn as_worker(settings: &Settings) -> Settings {
        let line = WorkerLine::parse_from(settings.worker_args());
        load(&SettingsRequest { environment: Vec::new(), ..line.args.request() }).unwrap()
    }

    #[test]
    fn a_worker_works_by_the_settings_of_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::defaults(folder.path().to_path_buf());
        assert_eq!(as_worker(&settings), settings);
        settings.jobs = 3;
        settings.log.format = LogFormat::Json;
        settings.log.level = "debug".to_owned();
        for ffmpeg in [FfmpegSetting::Off, FfmpegSetting::At("/opt/f/ffmpeg".into())] {
            settings.ffmpeg = ffmpeg;
            assert_eq!(as_worker(&settings), settings);
        }
        // The file in the data folder may name that folder when it was asked for by name.
        let text = format!("data_dir = {:?}\n", folder.path().to_str().unwrap());
        std::fs::write(&settings.config_file, text).unwrap();
        assert_eq!(as_worker(&settings), settings);
    }
}
