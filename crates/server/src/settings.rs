//! The settings: one struct, one list, three sources.
//!
//! Purpose: [`Settings`] is what the rest of the program reads. It is filled from [`SETTINGS`] in this order, the
//! later winning: the defaults, `fanfare.toml` (in the data folder or where `--config` says), `FANFARE_*`
//! environment variables, flags.
//!
//! Vocabulary: a setting's *name* is dotted as in the file (`log.format`); its variable is the name in capitals
//! (`FANFARE_LOG_FORMAT`).
//!
//! Invariants: an unknown name is refused in every source, with the nearest known one; every row of the list can be
//! given in every source; `docs/settings.md` is generated from the list.

mod given;
mod list;
mod load;
mod paper;

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use given::Given;
pub use list::{SETTINGS, Setting, ValueType};
pub use load::{SettingsRequest, load};
pub use paper::settings_markdown;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line per event.
    Text,
    /// One JSON object per event.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Text or JSON.
    pub format: LogFormat,
    /// A `tracing` filter: a level, or `target=level` pairs with commas between.
    pub level: String,
}

/// Which `ffmpeg` decodes what the built-in decoders lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FfmpegSetting {
    /// The one found in `PATH`, if any.
    Auto,
    /// None: such files are listed as unsupported.
    Off,
    /// The program at that path.
    At(PathBuf),
}

impl FfmpegSetting {
    /// What the text of the setting means.
    ///
    /// # Errors
    /// A sentence that says what it is not.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        match text.trim() {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            path if path.contains('/') => Ok(Self::At(path.into())),
            other => Err(format!("{other:?} is not auto, off or a path with a / in it")),
        }
    }

    /// The decoder's way of saying the same.
    #[must_use]
    pub fn as_use(&self) -> fanfare_audio::FfmpegUse {
        match self {
            Self::Auto => fanfare_audio::FfmpegUse::Auto,
            Self::Off => fanfare_audio::FfmpegUse::Off,
            Self::At(path) => fanfare_audio::FfmpegUse::At(path.clone()),
        }
    }
}

/// Everything that can be set. See [`SETTINGS`] for units, defaults and meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the program keeps what belongs to it.
    pub data_dir: PathBuf,
    /// The file that was read, or would be if it existed.
    pub config_file: PathBuf,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The address under which listeners reach the server, when a proxy stands in front of it.
    pub public_url: Option<String>,
    /// Folders that join the library at start.
    pub folders: Vec<PathBuf>,
    /// Whether library folders are watched for changes.
    pub watch: bool,
    /// Seconds between looks at the folders, for file systems that report no changes; `None`: only on change.
    pub poll_interval_s: Option<u64>,
    /// Tracks heard at the same time.
    pub jobs: usize,
    /// Logging.
    pub log: LogSettings,
    /// The outside decoder.
    pub ffmpeg: FfmpegSetting,
}

impl Settings {
    /// The defaults over that data folder.
    #[must_use]
    pub fn defaults(data_dir: PathBuf) -> Self {
        Self {
            config_file: data_dir.join(CONFIG_FILE),
            data_dir,
            listen: SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)),
            public_url: None,
            folders: Vec::new(),
            watch: true,
            poll_interval_s: None,
            jobs: default_jobs(),
            log: LogSettings { format: LogFormat::Text, level: "info".to_owned() },
            ffmpeg: FfmpegSetting::Auto,
        }
    }

    /// The arguments with which this program starts its own worker child, so that it works by the same settings,
    /// wherever they came from.
    #[must_use]
    pub fn worker_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["worker".into(), "--data".into(), self.data_dir.clone().into()];
        // A file that is named must exist, the default one need not.
        if self.config_file.is_file() {
            args.extend(["--config".into(), self.config_file.clone().into()]);
        }
        args.extend(["--jobs".into(), self.jobs.to_string().into()]);
        let ffmpeg = match &self.ffmpeg {
            FfmpegSetting::Auto => "auto".into(),
            FfmpegSetting::Off => "off".into(),
            FfmpegSetting::At(path) => path.clone().into_os_string(),
        };
        args.extend(["--ffmpeg".into(), ffmpeg]);
        let format = match self.log.format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        args.extend([
            "--log-format".into(),
            format.into(),
            "--log-level".into(),
            self.log.level.clone().into(),
        ]);
        args
    }

    /// The decoder's way of saying which `ffmpeg` to use.
    #[must_use]
    pub fn ffmpeg_use(&self) -> fanfare_audio::FfmpegUse {
        self.ffmpeg.as_use()
    }

    /// Whether listeners reach the server by HTTPS, so that cookies may insist on it.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// The settings file's name in the data folder.
pub const CONFIG_FILE: &str = "fanfare.toml";

/// The port listened on unless told otherwise: 4040, which music apps of the Subsonic family try first.
pub const DEFAULT_PORT: u16 = 4040;

/// As many tracks at once as there are processor cores.
#[must_use]
pub fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The data folder when no flag names one: `FANFARE_DATA`, else `fanfare` in the XDG data home, else in
/// `~/.local/share` (XDG Base Directory Specification, "Environment variables").
#[must_use]
pub fn default_data_dir(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let given = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(path) = given(DATA_VARIABLE) {
        return Some(path.into());
    }
    // The specification: a relative XDG path is invalid and to be ignored.
    if let Some(path) = given("XDG_DATA_HOME").filter(|path| Path::new(path).is_absolute()) {
        return Some(Path::new(&path).join("fanfare"));
    }
    given("HOME").map(|home| Path::new(&home).join(".local/share/fanfare"))
}

/// The variable that names the data folder.
pub const DATA_VARIABLE: &str = "FANFARE_DATA";

/// The variable that names the settings file.
pub const CONFIG_VARIABLE: &str = "FANFARE_CONFIG";

#[cfg(test)]
mod tests;
