//! [`SETTINGS`]: the one ordered list of everything that can be set.

mod cache;
mod storage;

use fanfare_ingest::{BackgroundOptions, QuietHours};
use serde_json::{Value, json};

use super::{
    FfmpegSetting, LogFormat, Secret, Settings, ValueType,
    given::{Complaint, Given},
};

/// One thing that can be set.
pub struct Setting {
    /// Dotted name, as in the file.
    pub name: &'static str,
    /// What it takes.
    pub value_type: ValueType,
    /// The default, as the docs say it.
    pub default: &'static str,
    /// The unit of a number; empty where there is none.
    pub unit: &'static str,
    /// What it does, in one or two sentences.
    pub help: &'static str,
    /// An example value as the file writes it.
    pub example: &'static str,
    /// Whether it can be changed on the web page, at once; others are read when the server starts.
    pub page: bool,
    /// The value as JSON; of a secret only whether there is one.
    pub(super) get: fn(&Settings) -> Value,
    /// Reads the value into the struct.
    pub(super) set: fn(&mut Settings, &Given) -> Result<(), Complaint>,
}

impl Setting {
    /// The environment variable of the same meaning.
    #[must_use]
    pub fn variable(&self) -> String {
        if self.name == DATA_DIR {
            return super::DATA_VARIABLE.to_owned();
        }
        format!("FANFARE_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}

/// The name of the one setting that decides where the file is looked for.
pub(super) const DATA_DIR: &str = "data_dir";

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
        example: "\"info,fanfare_ingest=debug\"",
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
    Setting {
        name: "analysis.on_arrival",
        value_type: ValueType::Switch,
        default: "true",
        unit: "",
        help: "Whether tracks are analyzed as soon as a scan finds them; otherwise the next nightly run analyzes them.",
        example: "false",
        page: true,
        get: |settings| json!(settings.analysis.on_arrival),
        set: |settings, given| given.switch().map(|value| settings.analysis.on_arrival = value),
    },
    Setting {
        name: "analysis.schedule",
        value_type: ValueType::Schedule,
        default: "00:00",
        unit: "",
        help: "When the nightly run starts, in local time: it analyzes every track that lacks a result, and failed ones that are due again. `off`: never by itself.",
        example: "\"03:30\"",
        page: true,
        get: |settings| json!(settings.analysis.schedule.to_string()),
        set: |settings, given| {
            settings.analysis.schedule = given.text()?.parse().map_err(complaint)?;
            Ok(())
        },
    },
    Setting {
        name: "analysis.quiet_hours",
        value_type: ValueType::Hours,
        default: "off",
        unit: "",
        help: "The only hours in which a nightly run may work, in local time; they may go over midnight. A run that is missed is caught up inside them.",
        example: "\"22:00-06:00\"",
        page: true,
        get: |settings| match settings.analysis.quiet_hours {
            Some(hours) => json!(hours.to_string()),
            None => json!("off"),
        },
        set: |settings, given| {
            settings.analysis.quiet_hours = QuietHours::parse_setting(&given.text()?).map_err(complaint)?;
            Ok(())
        },
    },
    Setting {
        name: "analysis.budget_h",
        value_type: ValueType::Number { min: 0.1, max: 24.0 },
        default: "4",
        unit: "hours",
        help: "How long a nightly run starts new tracks; those under way are analyzed to their end.",
        example: "2.5",
        page: true,
        get: |settings| json!(settings.analysis.budget_h),
        set: |settings, given| given.number(0.1..=24.0).map(|value| settings.analysis.budget_h = value),
    },
    Setting {
        name: "analysis.concurrency",
        value_type: ValueType::Count { min: 1, max: fanfare_channel::policy::MAX_CONCURRENCY as u64 },
        default: "1",
        unit: "tracks",
        help: "How many tracks a nightly run analyzes at the same time. Numbers outside 1 to 8 are brought into that range.",
        example: "2",
        page: true,
        get: |settings| json!(settings.analysis.concurrency),
        set: |settings, given| {
            let wanted = given.count(0..=u64::MAX)?;
            let concurrency = usize::try_from(wanted).unwrap_or(usize::MAX);
            let checked = BackgroundOptions { concurrency, ..settings.analysis.clone() }.checked();
            settings.analysis = checked.map_err(complaint)?;
            Ok(())
        },
    },
    Setting {
        name: "analysis.pacing",
        value_type: ValueType::Number { min: 0.0, max: 10.0 },
        default: "0.25",
        unit: "seconds per second of audio",
        help: "How slowly a nightly run goes: each second of audio takes at least this long. 0: as fast as the machine can.",
        example: "0.5",
        page: true,
        get: |settings| json!(settings.analysis.pacing),
        set: |settings, given| given.number(0.0..=10.0).map(|value| settings.analysis.pacing = value),
    },
    Setting {
        name: "analysis.cpu_share_percent",
        value_type: ValueType::Count { min: 1, max: 100 },
        default: "25",
        unit: "percent",
        help: "How much of the machine's processor time a nightly run takes at most.",
        example: "50",
        page: true,
        get: |settings| json!(settings.analysis.cpu_share_percent),
        set: |settings, given| {
            let percent = given.count(1..=100)?;
            settings.analysis.cpu_share_percent = u8::try_from(percent).unwrap_or(100);
            Ok(())
        },
    },
    Setting {
        name: "analysis.yield_while_playing",
        value_type: ValueType::Switch,
        default: "true",
        unit: "",
        help: "Whether background work stands back while anything is being played.",
        example: "false",
        page: true,
        get: |settings| json!(settings.analysis.yield_while_playing),
        set: |settings, given| given.switch().map(|value| settings.analysis.yield_while_playing = value),
    },
    Setting {
        name: "upload.max_bytes",
        value_type: ValueType::Bytes { min: 1, max: LARGEST_UPLOAD },
        default: "2 GiB",
        unit: "bytes",
        help: "The largest file that may be uploaded.",
        example: "\"500 MiB\"",
        page: true,
        get: |settings| json!(settings.upload.max_bytes),
        set: |settings, given| given.bytes(1..=LARGEST_UPLOAD).map(|value| settings.upload.max_bytes = value),
    },
    Setting {
        name: "upload.quota_bytes",
        value_type: ValueType::Bytes { min: 0, max: LARGEST_SPACE },
        default: "0",
        unit: "bytes",
        help: "How much the uploads of one person may take in all. 0: as much as there is space for.",
        example: "\"50 GiB\"",
        page: true,
        get: |settings| json!(settings.upload.quota_bytes),
        set: |settings, given| {
            given.bytes(0..=LARGEST_SPACE).map(|value| settings.upload.quota_bytes = value)
        },
    },
    Setting {
        name: "upload.keep_originals",
        value_type: ValueType::Switch,
        default: "true",
        unit: "",
        help: "Whether an uploaded file is kept when everything was made of it. Without it the track plays by HLS only, and better analyzers of later versions cannot analyze it again.",
        example: "false",
        page: true,
        get: |settings| json!(settings.upload.keep_originals),
        set: |settings, given| given.switch().map(|value| settings.upload.keep_originals = value),
    },
    Setting {
        name: "upload.listeners",
        value_type: ValueType::Switch,
        default: "false",
        unit: "",
        help: "Whether listeners may upload too, not only owners.",
        example: "true",
        page: true,
        get: |settings| json!(settings.upload.listeners),
        set: |settings, given| given.switch().map(|value| settings.upload.listeners = value),
    },
    Setting {
        name: "hls.ladder",
        value_type: ValueType::Ladder,
        default: "low=aac:256,medium=aac:512,high=flac",
        unit: "",
        help: "What HTTP Live Streaming offers: variants with commas between, each `name=aac:KBITS` or `name=flac`. A variant for slow lines is one more (`tiny=aac:96`). Counts for tracks from now on.",
        example: "\"tiny=aac:96,low=aac:256,high=flac\"",
        page: true,
        get: |settings| json!(settings.hls.ladder),
        set: |settings, given| ladder(&given.text()?).map(|value| settings.hls.ladder = value),
    },
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

/// The largest limit for one file: 64 GiB, a day of stereo at 32 bits and 192 kHz is less.
const LARGEST_UPLOAD: u64 = 64 << 30;
/// The largest limit for many files: 1 PiB, more than one machine has.
const LARGEST_SPACE: u64 = 1 << 50;
/// The longest key of an outside service, in characters.
const LONGEST_KEY: usize = 128;

fn complaint(error: fanfare_model::Error) -> Complaint {
    error.to_string()
}

fn paths(paths: &[std::path::PathBuf]) -> Value {
    paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
}

/// A ladder that can be made.
fn ladder(text: &str) -> Result<String, Complaint> {
    let ladder: fanfare_audio::hls::Ladder = text.parse().map_err(complaint)?;
    Ok(ladder.to_string())
}
