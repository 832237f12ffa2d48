//! [`SETTINGS`]: the one ordered list of everything that can be set.

use super::{
    FfmpegSetting, LogFormat, Settings,
    given::{Complaint, Given},
};

/// What kind of value a setting takes, in the words of the docs table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// A path.
    Path,
    /// Several paths.
    Paths,
    /// An IP address with a port.
    Address,
    /// A web address.
    Url,
    /// A whole number.
    Count,
    /// True or false.
    Switch,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// Free text.
    Text,
}

impl ValueType {
    /// The type's name for people.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Path => "path".to_owned(),
            Self::Paths => "list of paths".to_owned(),
            Self::Address => "address:port".to_owned(),
            Self::Url => "web address".to_owned(),
            Self::Count => "whole number".to_owned(),
            Self::Switch => "true or false".to_owned(),
            Self::Choice(words) => words.join(" or "),
            Self::Text => "text".to_owned(),
        }
    }
}

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

/// The largest number of tracks heard at once; beyond it memory and disk, not cores, would set the pace.
const MAX_JOBS: u64 = 256;
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
        set: |settings, given| given.path().map(|value| settings.data_dir = value),
    },
    Setting {
        name: "listen",
        value_type: ValueType::Address,
        default: "127.0.0.1:4040",
        unit: "",
        help: "Where the server listens. The default is reachable from this machine only; `0.0.0.0:4040` from the network. Port 0 takes any free port.",
        example: "\"0.0.0.0:4040\"",
        set: |settings, given| given.address().map(|value| settings.listen = value),
    },
    Setting {
        name: "public_url",
        value_type: ValueType::Url,
        default: "none",
        unit: "",
        help: "The address under which listeners reach the server when a proxy stands in front of it. With `https` cookies are only sent over HTTPS.",
        example: "\"https://music.example.org\"",
        set: |settings, given| given.url().map(|value| settings.public_url = Some(value)),
    },
    Setting {
        name: "folders",
        value_type: ValueType::Paths,
        default: "none",
        unit: "",
        help: "Folders that join the library at start, beside those added in the web UI. In the environment they are separated as in `PATH`.",
        example: "[\"/srv/music\", \"/media/more\"]",
        set: |settings, given| given.paths().map(|value| settings.folders = value),
    },
    Setting {
        name: "watch",
        value_type: ValueType::Switch,
        default: "true",
        unit: "",
        help: "Whether library folders are watched, so that new and changed files are heard by themselves.",
        example: "false",
        set: |settings, given| given.switch().map(|value| settings.watch = value),
    },
    Setting {
        name: "poll_interval_s",
        value_type: ValueType::Count,
        default: "0",
        unit: "seconds",
        help: "Look through the folders this often, for network shares that report no changes. 0: never by the clock.",
        example: "900",
        set: |settings, given| {
            given.count(0..=MAX_POLL_S).map(|value| settings.poll_interval_s = (value > 0).then_some(value))
        },
    },
    Setting {
        name: "jobs",
        value_type: ValueType::Count,
        default: "number of processor cores",
        unit: "tracks",
        help: "How many tracks are heard at the same time.",
        example: "2",
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
];
