//! The settings: one struct, one list, four sources.
//!
//! Purpose: [`Settings`] is what the rest of the program reads. It is filled from [`SETTINGS`] in this order, the
//! later winning: the defaults, `fanfare.toml` (in the data folder or where `--config` says), what was changed on the
//! web page, `FANFARE_*` environment variables, flags. [`LiveSettings`] holds them while a server runs.
//!
//! Vocabulary: a setting's *name* is dotted as in the file (`log.format`); its variable is the name in capitals
//! (`FANFARE_LOG_FORMAT`).
//!
//! Invariants: an unknown name is refused in every source, with the nearest known one; every row of the list can be
//! given in every source but the page, which takes those that say so; `docs/settings.md` is generated from the list.

mod given;
mod kinds;
mod list;
mod live_settings;
mod load;
mod paper;
mod place;
mod running;
mod secret;

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use fanfare_ingest::{AcoustIdOptions, BackgroundOptions};
use fanfare_model::CacheOptions;

pub use given::Given;
pub use kinds::ValueType;
pub use list::{SETTINGS, Setting};
pub use live_settings::{LiveSettings, SettingRow};
pub use load::{Layers, PageValues, SettingsRequest, Source, load};
pub use paper::settings_markdown;
pub use running::{Running, of_server};
pub use secret::Secret;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line per event.
    Text,
    /// One JSON object per event.
    Json,
}

impl LogFormat {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
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

/// What may be sent to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadSettings {
    /// The most bytes of one file.
    pub max_bytes: u64,
    /// The most bytes of one person's uploads; 0: as many as there is space for.
    pub quota_bytes: u64,
    /// Whether the file that was sent is kept when everything was made of it.
    pub keep_originals: bool,
    /// Whether listeners may upload too.
    pub listeners: bool,
}

impl UploadSettings {
    /// Whether a person of that role may upload.
    #[must_use]
    pub fn is_open_to(&self, role: fanfare_model::Role) -> bool {
        role == fanfare_model::Role::Owner || self.listeners
    }
}

/// What HTTP Live Streaming offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HlsSettings {
    /// The variants: `name=codec:kbit/s`, with commas between.
    pub ladder: String,
}

/// Who is asked what a recording is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcoustIdSettings {
    /// The address of the service.
    pub endpoint: String,
    /// The key of this application there; without one nobody is asked.
    pub key: Option<Secret>,
}

impl std::fmt::Display for FfmpegSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
            Self::At(path) => path.display().fmt(f),
        }
    }
}

/// Everything that can be set. See [`SETTINGS`] for units, defaults and meaning.
#[derive(Debug, Clone, PartialEq)]
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
    /// Days for which a track is kept whose file is missing; 0: until a user removes it.
    pub keep_missing_days: u32,
    /// Tracks analyzed at the same time.
    pub jobs: usize,
    /// Logging.
    pub log: LogSettings,
    /// The outside decoder.
    pub ffmpeg: FfmpegSetting,
    /// What may be sent to the server.
    pub upload: UploadSettings,
    /// What HTTP Live Streaming offers.
    pub hls: HlsSettings,
    /// What is made smaller and kept, and how much.
    pub cache: CacheOptions,
    /// Where that is kept; relative to the data folder, and `cache/audio` there when it is not set.
    pub cache_dir: Option<PathBuf>,
    /// How many days files of ours are kept that no row names.
    pub quarantine_days: u32,
    /// What is analyzed by itself, when, and how gently.
    pub analysis: BackgroundOptions,
    /// Whether measured ReplayGain is written into the tags of library files.
    pub replaygain_write_tags: bool,
    /// Who is asked what a recording is.
    pub acoustid: AcoustIdSettings,
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
            keep_missing_days: fanfare_ingest::DEFAULT_KEEP_MISSING_DAYS,
            jobs: default_jobs(),
            log: LogSettings { format: LogFormat::Text, level: "info".to_owned() },
            ffmpeg: FfmpegSetting::Auto,
            upload: UploadSettings {
                max_bytes: UPLOAD_MAX_BYTES,
                quota_bytes: 0,
                keep_originals: true,
                listeners: false,
            },
            hls: HlsSettings { ladder: HLS_LADDER.to_owned() },
            cache: CacheOptions::default(),
            cache_dir: None,
            quarantine_days: fanfare_ingest::QUARANTINE_DAYS,
            analysis: BackgroundOptions::default(),
            replaygain_write_tags: false,
            acoustid: AcoustIdSettings { endpoint: ACOUSTID_ENDPOINT.to_owned(), key: None },
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
        args.extend([
            "--log-format".into(),
            self.log.format.as_str().into(),
            "--log-level".into(),
            self.log.level.clone().into(),
        ]);
        args
    }

    /// The folder of transcodes.
    #[must_use]
    pub fn cache_dir(&self) -> PathBuf {
        let given = self.cache_dir.as_deref().unwrap_or(Path::new(fanfare_store::CACHE_FOLDER));
        self.data_dir.join(given)
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

/// The largest file that may be uploaded: 2 GiB, about three hours of stereo at 24 bits and 96 kHz (docs/guarantees.md R-30).
const UPLOAD_MAX_BYTES: u64 = 2 << 30;
/// Two variants of AAC-LC for slow connections and one that is lossless.
const HLS_LADDER: &str = "low=aac:256,medium=aac:512,high=flac";
/// The lookup service of AcoustID (acoustid.org, "Web Service").
const ACOUSTID_ENDPOINT: &str = "https://api.acoustid.org/v2/lookup";
/// How long one AcoustID request may take: the job keeps its place in the executor meanwhile, so other analyses wait.
const ACOUSTID_TIME: Duration = Duration::from_secs(20);

impl AcoustIdSettings {
    /// How it is asked; `None` without a key.
    #[must_use]
    pub fn options(&self) -> Option<AcoustIdOptions> {
        let key = self.key.as_ref()?.reveal().to_owned();
        Some(AcoustIdOptions { endpoint: self.endpoint.clone(), key, time: ACOUSTID_TIME })
    }
}

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
