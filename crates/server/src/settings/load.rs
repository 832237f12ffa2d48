//! [`load`]: defaults, then the file, then the environment, then flags.

use std::{
    ffi::OsString,
    fmt, fs, io,
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
const OTHER_PREFIXES: &[&str] = &["FANFARE_TEST_", "FANFARE_CRASH_", "FANFARE_FAULT_"];

#[derive(Clone, Copy)]
enum Origin<'a> {
    File(&'a Path),
    Environment,
    Flag,
}

/// Reads the settings.
///
/// # Errors
/// [`ErrorKind::Invalid`] for an unknown name or a value that does not fit, naming source, setting and remedy;
/// I/O kinds when a file that was asked for cannot be read.
pub fn load(request: &SettingsRequest) -> Result<Settings> {
    let file_asked = request
        .config_file
        .clone()
        .or_else(|| request.variable(CONFIG_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from));
    let data_dir = request.data_dir.clone().or_else(|| default_data_dir(|name| request.variable(name)));
    let mut settings = Settings::defaults(data_dir.clone().unwrap_or_default());
    settings.config_file = file_asked.clone().unwrap_or_else(|| settings.data_dir.join(CONFIG_FILE));

    if let Some(text) = read_file(&settings.config_file, file_asked.is_some())? {
        apply_file(&mut settings, &text, file_asked.is_some())?;
    }
    // The data folder of flag or environment wins over the file's.
    if let Some(given) = &request.data_dir {
        settings.data_dir = given.clone();
    } else if let Some(given) = request.variable(DATA_VARIABLE).filter(|value| !value.is_empty()) {
        settings.data_dir = given.into();
    }
    apply_environment(&mut settings, &request.environment)?;
    for (name, given) in &request.flags {
        apply(&mut settings, name, given, Origin::Flag)?;
    }
    if settings.data_dir.as_os_str().is_empty() {
        return Err(Error::new(ErrorKind::Invalid, "no data folder is known: HOME is not set")
            .remedy("name one with --data DIR or FANFARE_DATA"));
    }
    Ok(settings)
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

fn apply_file(settings: &mut Settings, text: &str, data_dir_counts: bool) -> Result<()> {
    let path = settings.config_file.clone();
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(0, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        Error::new(
            ErrorKind::Invalid,
            format!("settings file {}, line {line}: {}", path.display(), error.message()),
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
        apply(settings, &name, &Given::from_toml(value), Origin::File(&path))?;
    }
    Ok(())
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

fn apply_environment(settings: &mut Settings, environment: &[(OsString, OsString)]) -> Result<()> {
    let mut variables: Vec<_> = environment
        .iter()
        .filter_map(|(key, value)| Some((key.to_str()?, value)))
        .filter(|(key, _)| key.starts_with("FANFARE_"))
        .filter(|(key, _)| *key != DATA_VARIABLE && *key != CONFIG_VARIABLE && !OTHER_VARIABLES.contains(key))
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
        apply(settings, variable, &Given::Text(text.to_owned()), Origin::Environment)?;
    }
    Ok(())
}

fn apply(settings: &mut Settings, name: &str, given: &Given, origin: Origin<'_>) -> Result<()> {
    let known = |setting: &Setting| match origin {
        Origin::Environment => setting.variable(),
        Origin::File(_) | Origin::Flag => setting.name.to_owned(),
    };
    let Some(setting) = SETTINGS.iter().find(|setting| known(setting) == name) else {
        let error = Error::new(ErrorKind::Invalid, format!("unknown setting {name}{origin}"));
        return Err(match nearest(name, SETTINGS.iter().map(known)) {
            Some(near) => error.remedy(format!("did you mean {near}?")),
            None => error.remedy("docs/settings.md lists all settings"),
        });
    };
    (setting.set)(settings, given)
        .map_err(|complaint| Error::new(ErrorKind::Invalid, format!("{name}{origin}: {complaint}")))
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(path) => write!(f, " in {}", path.display()),
            Origin::Environment => f.write_str(" in the environment"),
            Origin::Flag => f.write_str(" on the command line"),
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
