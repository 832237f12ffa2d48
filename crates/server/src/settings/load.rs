//! [`Layers`]: defaults, then the file, then the page, then the environment, then flags.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use fanfare_model::{Error, ErrorKind, Result};

use super::{
    CONFIG_FILE, CONFIG_VARIABLE, DATA_VARIABLE, SETTINGS, Setting, Settings, default_data_dir, given::Given,
    list::DATA_DIR,
};

/// What a command knows about where settings come from.
#[derive(Debug, Clone, Default)]
pub struct SettingsRequest {
    /// `--data`.
    pub data_dir: Option<PathBuf>,
    /// `--config`.
    pub config_file: Option<PathBuf>,
    /// Flags that were given, by the name of their setting.
    pub flags: Vec<(&'static str, Given)>,
    /// All environment variables.
    pub environment: Vec<(OsString, OsString)>,
}

impl SettingsRequest {
    /// A request with this process's environment and nothing else.
    #[must_use]
    pub fn from_process() -> Self {
        Self { environment: std::env::vars_os().collect(), ..Self::default() }
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

/// A settings file of more bytes than this is refused unread: 1 MiB.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Variables of ours that are no settings: they steer tests and builds.
const OTHER_VARIABLES: &[&str] = &["FANFARE_BLESS", "FANFARE_BIN", "FANFARE_UI_DIST"];
/// Variables of the cache may also be given without the prefix `FANFARE_`.
const BARE_PREFIX: &str = "AUDIO_CACHE_";
const OTHER_PREFIXES: &[&str] = &["FANFARE_TEST_", "FANFARE_CRASH_", "FANFARE_FAULT_"];

/// Where a setting's value comes from; later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The settings file.
    File,
    /// The web page.
    Page,
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

impl Source {
    /// The source's name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Page => "page",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

/// Values of the page, by name.
pub type PageValues = BTreeMap<String, serde_json::Value>;

/// What was given where, all of it known to fit.
#[derive(Clone)]
pub struct Layers {
    /// The defaults, over the data folder and the file that were found.
    base: Settings,
    /// By rising precedence, with the setting's name.
    given: Vec<(Source, &'static Setting, Given)>,
}

impl Layers {
    /// Settings that nobody gave: for a server whose settings are made by a program.
    #[must_use]
    pub fn over(base: Settings) -> Self {
        Self { base, given: Vec::new() }
    }

    /// Reads every source but the page.
    ///
    /// # Errors
    /// As those of [`load`].
    pub fn read(request: &SettingsRequest) -> Result<Self> {
        let file_asked = request
            .config_file
            .clone()
            .or_else(|| request.variable(CONFIG_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from));
        let data_dir = request.data_dir.clone().or_else(|| default_data_dir(|name| request.variable(name)));
        let mut base = Settings::defaults(data_dir.unwrap_or_default());
        base.config_file = file_asked.clone().unwrap_or_else(|| base.data_dir.join(CONFIG_FILE));
        let mut layers = Self { given: Vec::new(), base };
        if let Some(text) = read_file(&layers.base.config_file, file_asked.is_some())? {
            layers.add_file(&text, file_asked.is_some())?;
        }
        // The data folder of flag or environment wins over the file's.
        let variable = request.variable(DATA_VARIABLE).filter(|value| !value.is_empty());
        if let Some(given) = request.data_dir.clone().or(variable.map(PathBuf::from)) {
            layers.given.retain(|(_, setting, _)| setting.name != DATA_DIR);
            layers.base.data_dir = given;
        }
        layers.add_environment(&request.environment)?;
        for (name, given) in &request.flags {
            layers.add(Source::Flag, name, given)?;
        }
        if layers.settle(&PageValues::new()).data_dir.as_os_str().is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "no data folder is known: HOME is not set")
                .remedy("name one with --data DIR or FANFARE_DATA"));
        }
        Ok(layers)
    }

    /// The settings, with what was changed on the page. A value of the page that does not fit (any more) counts as
    /// not given.
    #[must_use]
    pub fn settle(&self, page: &PageValues) -> Settings {
        let mut settings = self.base.clone();
        let before_page = |source: &Source| *source < Source::Page;
        let apply = |settings: &mut Settings, setting: &Setting, given: &Given| {
            if let Err(complaint) = (setting.set)(settings, given) {
                tracing::warn!(setting = setting.name, %complaint, "a stored setting is passed over");
            }
        };
        for (_, setting, given) in self.given.iter().filter(|(source, ..)| before_page(source)) {
            apply(&mut settings, setting, given);
        }
        for (name, value) in page {
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.page && setting.name == name) {
                apply(&mut settings, setting, &Given::from_json(value));
            }
        }
        for (_, setting, given) in self.given.iter().filter(|(source, ..)| !before_page(source)) {
            apply(&mut settings, setting, given);
        }
        settings
    }

    /// The last source that gave that setting, besides the page.
    #[must_use]
    pub fn source(&self, name: &str) -> Source {
        let of_it = self.given.iter().filter(|(_, setting, _)| setting.name == name);
        of_it.map(|(source, ..)| *source).max().unwrap_or(Source::Default)
    }

    /// The defaults.
    #[must_use]
    pub fn defaults(&self) -> Settings {
        Settings::defaults(self.base.data_dir.clone())
    }

    fn add_file(&mut self, text: &str, data_dir_counts: bool) -> Result<()> {
        let path = self.base.config_file.clone();
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line =
                error.span().map_or(0, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            Error::new(
                ErrorKind::Invalid,
                format!(
                    "settings file {}, line {line}: {}",
                    path.display(),
                    error.message().replace('\n', ", ")
                ),
            )
        })?;
        let mut rows = Vec::new();
        flatten("", &table, &mut rows);
        for (name, value) in rows {
            if name == DATA_DIR && !data_dir_counts {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!(
                        "{DATA_DIR} in {}: this file was found in the data folder and cannot move it",
                        path.display()
                    ),
                )
                .remedy("give --data DIR or FANFARE_DATA instead"));
            }
            self.add(Source::File, &name, &Given::from_toml(value))?;
        }
        Ok(())
    }

    fn add_environment(&mut self, environment: &[(OsString, OsString)]) -> Result<()> {
        let mut variables: Vec<_> = environment
            .iter()
            .filter_map(|(key, value)| Some((key.to_str()?, value)))
            .filter(|(key, _)| key.starts_with("FANFARE_") || key.starts_with(BARE_PREFIX))
            .filter(|(key, _)| {
                *key != DATA_VARIABLE && *key != CONFIG_VARIABLE && !OTHER_VARIABLES.contains(key)
            })
            .filter(|(key, _)| !OTHER_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
            .collect();
        variables.sort_unstable();
        for (variable, value) in variables {
            // An empty variable is the usual way of unsetting one in a service file.
            if value.is_empty() {
                continue;
            }
            let Some(text) = value.to_str() else {
                return Err(Error::new(ErrorKind::Invalid, format!("{variable} is not valid UTF-8")));
            };
            // The bare names sort before ours, so ours decide where both are set.
            let name = if variable.starts_with(BARE_PREFIX) {
                format!("FANFARE_{variable}")
            } else {
                variable.to_owned()
            };
            self.add(Source::Environment, &name, &Given::Text(text.to_owned()))?;
        }
        Ok(())
    }

    /// Takes a value in, if there is such a setting and the value fits.
    fn add(&mut self, source: Source, name: &str, given: &Given) -> Result<()> {
        let known = |setting: &Setting| match source {
            Source::Environment => setting.variable(),
            _ => setting.name.to_owned(),
        };
        let place = match source {
            Source::File => format!(" in {}", self.base.config_file.display()),
            Source::Environment => " in the environment".to_owned(),
            _ => " on the command line".to_owned(),
        };
        let Some(setting) = SETTINGS.iter().find(|setting| known(setting) == name) else {
            return Err(unknown(name, &place, SETTINGS.iter().map(known)));
        };
        (setting.set)(&mut self.base.clone(), given)
            .map_err(|complaint| Error::new(ErrorKind::Invalid, format!("{name}{place}: {complaint}")))?;
        self.given.push((source, setting, given.clone()));
        Ok(())
    }
}

/// Reads the settings, without those of the page.
///
/// # Errors
/// [`ErrorKind::Invalid`] for an unknown name or a value that does not fit, naming source, setting and remedy;
/// I/O kinds when a file that was asked for cannot be read.
pub fn load(request: &SettingsRequest) -> Result<Settings> {
    Ok(Layers::read(request)?.settle(&PageValues::new()))
}

/// The refusal of a name that is no setting's, with the nearest one that is.
pub(super) fn unknown(name: &str, place: &str, known: impl Iterator<Item = String>) -> Error {
    let error = Error::new(ErrorKind::Invalid, format!("unknown setting {name}{place}"));
    match nearest(name, known) {
        Some(near) => error.remedy(format!("did you mean {near}?")),
        None => error.remedy("docs/settings.md lists all settings"),
    }
}

fn read_file(path: &Path, must_exist: bool) -> Result<Option<String>> {
    let size = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error)
            if !must_exist
                && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(Error::from_io(format!("settings file {}", path.display()), error)),
    };
    if size > MAX_FILE_BYTES {
        return Err(Error::limit("settings_file_bytes", size, MAX_FILE_BYTES));
    }
    fs::read_to_string(path)
        .map(Some)
        .map_err(|error| Error::from_io(format!("settings file {}", path.display()), error))
}

/// Tables become dotted names, except where a setting of that name exists.
fn flatten<'a>(prefix: &str, table: &'a toml::Table, rows: &mut Vec<(String, &'a toml::Value)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) if !inner.is_empty() => flatten(&name, inner, rows),
            _ => rows.push((name, value)),
        }
    }
}

/// The known name nearest to the given one, when it is near enough to be what was meant.
fn nearest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    known
        .map(|candidate| (distance(name, &candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let next = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
