//! [`SETTINGS`]: the one ordered list of everything that can be set.

mod analysis;
mod cache;
mod setting;
mod storage;
mod upload;

use serde_json::{Value, json};

pub use setting::Setting;

pub(super) use setting::DATA_DIR;

use super::{FfmpegSetting, LogFormat, Secret, ValueType};

/// The largest number of tracks analyzed at once; beyond it memory and disk, not cores, would set the pace.
const MAX_JOBS: u64 = 256;
/// The longest that a missing track is kept by the clock: ten years.
const MAX_KEEP_DAYS: u64 = 3_650;
/// The longest pause between looks at the folders: one week.
const MAX_POLL_S: u64 = 604_800;

/// Everything that can be set, in the order of the docs.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: DATA_DIR,
        value_type: ValueType::Path,
        default: "`fanfare` in the XDG data home",
        unit: "",
        help: "Where the database, covers and the settings file are kept. In a file it only counts when that file was named by `--config`.",
        example: "\"/srv/fanfare\"",
        page: false,
        get: |settings| json!(settings.data_dir.to_string_lossy()),
        set: |settings, given| given.path().map(|value| settings.data_dir = value),
    },
    Setting {
        name: "listen",
        value_type: ValueType::Address,
        default: "127.0.0.1:4040",
        unit: "",
        help: "Where the server listens. The default is reachable from this machine only; `0.0.0.0:4040` from the network. Port 0 takes any free port.",
        example: "\"0.0.0.0:4040\"",
        page: false,
        get: |settings| json!(settings.listen.to_string()),
        set: |settings, given| given.address().map(|value| settings.listen = value),
    },
    Setting {
        name: "public_url",
        value_type: ValueType::Url,
        default: "none",
        unit: "",
        help: "The address under which listeners reach the server when a proxy stands in front of it, without a path. With `https` cookies are only sent over HTTPS.",
        example: "\"https://music.example.org\"",
        page: false,
        get: |settings| json!(settings.public_url),
        set: |settings, given| given.origin().map(|value| settings.public_url = Some(value)),
    },
    Setting {
        name: "folders",
        value_type: ValueType::Paths,
        default: "none",
        unit: "",
        help: "Folders that join the library at start, beside those added in the web UI. In the environment they are separated as in `PATH`.",
        example: "[\"/srv/music\", \"/media/more\"]",
        page: false,
        get: |settings| paths(&settings.folders),
        set: |settings, given| given.paths().map(|value| settings.folders = value),
    },
    Setting {
        name: "watch",
        value_type: ValueType::Switch,
        default: "true",
        unit: "",
        help: "Whether library folders are watched, so that new and changed files are analyzed by themselves.",
        example: "false",
        page: false,
        get: |settings| json!(settings.watch),
        set: |settings, given| given.switch().map(|value| settings.watch = value),
    },
    Setting {
        name: "poll_interval_s",
        value_type: ValueType::Count { min: 0, max: MAX_POLL_S },
        default: "0",
        unit: "seconds",
        help: "Look through the folders this often, for network shares that report no changes. 0: never by the clock.",
        example: "900",
        page: false,
        get: |settings| json!(settings.poll_interval_s.unwrap_or(0)),
        set: |settings, given| {
            given.count(0..=MAX_POLL_S).map(|value| settings.poll_interval_s = (value > 0).then_some(value))
        },
    },
    Setting {
        name: "library.keep_missing_days",
        value_type: ValueType::Count { min: 0, max: MAX_KEEP_DAYS },
        default: "30",
        unit: "days",
        help: "How long a track is kept whose file is not where it was: hidden, and whole again when the file is back. Then it is removed, with its publication and its places in mixtapes. 0: never by itself.",
        example: "365",
        page: true,
        get: |settings| json!(settings.keep_missing_days),
        set: |settings, given| {
            let value = given.count(0..=MAX_KEEP_DAYS)?;
            settings.keep_missing_days = u32::try_from(value).unwrap_or(u32::MAX);
            Ok(())
        },
    },
    Setting {
        name: "jobs",
        value_type: ValueType::Count { min: 1, max: MAX_JOBS },
        default: "number of processor cores",
        unit: "tracks",
        help: "How many tracks are analyzed at the same time.",
        example: "2",
        page: false,
        get: |settings| json!(settings.jobs),
        set: |settings, given| {
            let value = given.count(1..=MAX_JOBS)?;
            settings.jobs = usize::try_from(value).unwrap_or(1);
            Ok(())
        },
    },
    Setting {
        name: "ffmpeg",
        value_type: ValueType::Text,
        default: "auto",
        unit: "",
        help: "Which `ffmpeg` decodes the formats that the built-in decoders lack: `auto` (the one in `PATH`), `off`, or a path.",
        example: "\"/opt/ffmpeg/bin/ffmpeg\"",
        page: false,
        get: |settings| json!(settings.ffmpeg.to_string()),
        set: |settings, given| {
            settings.ffmpeg = FfmpegSetting::parse(&given.text()?)?;
            Ok(())
        },
    },
    Setting {
        name: "log.format",
        value_type: ValueType::Choice(&["text", "json"]),
        default: "text",
        unit: "",
        help: "How log lines look on standard error: for people, or one JSON object per line.",
        example: "\"json\"",
        page: false,
        get: |settings| json!(settings.log.format.as_str()),
        set: |settings, given| {
            given
                .choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)])
                .map(|value| settings.log.format = value)
        },
    },
    Setting {
        name: "log.level",
        value_type: ValueType::Text,
        default: "info",
        unit: "",
        help: "What is logged: `error`, `warn`, `info`, `debug`, `trace`, or `target=level` pairs with commas between.",
        example: "\"info,fanfare_worker=debug\"",
        page: false,
        get: |settings| json!(settings.log.level),
        set: |settings, given| {
            let text = given.text()?;
            match text.parse::<tracing_subscriber::EnvFilter>() {
                Ok(_) => {
                    settings.log.level = text;
                    Ok(())
                }
                Err(_) => Err(format!("{text:?} is not a level such as info, or target=level")),
            }
        },
    },
    analysis::ON_ARRIVAL,
    analysis::SCHEDULE,
    analysis::QUIET_HOURS,
    analysis::BUDGET_H,
    analysis::CONCURRENCY,
    analysis::PACING,
    analysis::CPU_SHARE_PERCENT,
    analysis::YIELD_WHILE_PLAYING,
    upload::MAX_BYTES,
    upload::QUOTA_BYTES,
    upload::KEEP_ORIGINALS,
    upload::LISTENERS,
    upload::LADDER,
    cache::ENABLED,
    cache::DIR,
    cache::CODEC,
    cache::DEFAULT_QUALITY,
    cache::ON_MISS,
    cache::CAP_BYTES,
    cache::MAX_AGE_DAYS,
    cache::MAX_WORKERS,
    cache::PRECACHE_ON_UPLOAD,
    cache::PRECACHE_QUALITIES,
    cache::MAX_ENCODES,
    cache::MAX_ENCODES_PER_USER,
    storage::QUARANTINE_DAYS,
    Setting {
        name: "replaygain.write_tags",
        value_type: ValueType::Switch,
        default: "false",
        unit: "",
        help: "Whether measured ReplayGain is written into the tags of library files. Audio and all other tags stay as they are.",
        example: "true",
        page: true,
        get: |settings| json!(settings.replaygain_write_tags),
        set: |settings, given| given.switch().map(|value| settings.replaygain_write_tags = value),
    },
    Setting {
        name: "acoustid.endpoint",
        value_type: ValueType::Url,
        default: "https://api.acoustid.org/v2/lookup",
        unit: "",
        help: "The service that is asked what a recording is, by its fingerprint.",
        example: "\"https://acoustid.example.org/v2/lookup\"",
        page: true,
        get: |settings| json!(settings.acoustid.endpoint),
        set: |settings, given| given.url().map(|value| settings.acoustid.endpoint = value),
    },
    Setting {
        name: "acoustid.key",
        value_type: ValueType::Secret,
        default: "none",
        unit: "",
        help: "The application key for that service. Without one nobody is asked, and no fingerprint leaves the server.",
        example: "\"aBcDeFgHiJ\"",
        page: true,
        get: |settings| json!(settings.acoustid.key.is_some()),
        set: |settings, given| {
            settings.acoustid.key = Some(Secret::new(given.key(LONGEST_KEY)?));
            Ok(())
        },
    },
];

/// The longest key of an outside service, in characters.
const LONGEST_KEY: usize = 128;

fn paths(paths: &[std::path::PathBuf]) -> Value {
    paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
}
