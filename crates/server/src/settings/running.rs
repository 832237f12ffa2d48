//! What a running server goes by, for commands that run beside it ([`of_server`]).
//!
//! A command is started in another shell than the server and reads another environment: it would make files that nobody is
//! sent, and print links to another port. So the server keeps the values that commands need in a file of its data folder.
//!
//! Invariants: the file counts only while the server that wrote it lives, which holds its lock; no secret is in it.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Component, Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use fanfare_model::{CacheOptions, Error, ErrorKind, Result};
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{Given, PageValues, SETTINGS, Settings};

/// Its name in the data folder.
const FILE: &str = "running.json";
/// The address at which the server listens, as a setting.
const LISTEN: &str = "listen";
/// Values beside those of the cache that commands go by.
const TOLD: &[&str] = &[LISTEN, "public_url", "ffmpeg"];
/// Those of them that are paths, or may be.
const PATHS: &[&str] = &[CACHE_DIR, "ffmpeg"];
/// The folder of transcodes.
const CACHE_DIR: &str = "audio_cache.dir";
/// How often a file is read that is being written, and the pause between.
const READS: (u32, Duration) = (20, Duration::from_millis(10));

/// What a running server says of itself. Dropped, or with its process gone, it says nothing.
#[derive(Debug)]
pub struct Running {
    file: Mutex<File>,
    address: SocketAddr,
}

impl Running {
    /// Begins to say it, for a server that listens there.
    ///
    /// # Errors
    /// `Busy` when another server does; I/O errors.
    pub fn begin(data_dir: &Path, address: SocketAddr) -> Result<Self> {
        let path = data_dir.join(FILE);
        let failed = |error| Error::from_io(format_args!("writing {}", path.display()), error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(failed)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            Errno::WOULDBLOCK => Error::new(ErrorKind::Busy, "another server uses the data folder"),
            other => failed(other.into()),
        })?;
        Ok(Self { file: Mutex::new(file), address })
    }

    /// Says these values from now on.
    ///
    /// # Errors
    /// I/O errors.
    pub fn say(&self, settings: &Settings) -> Result<()> {
        let told = SETTINGS.iter().filter(|setting| is_told(setting.name));
        let mut values: PageValues =
            told.map(|setting| (setting.name.to_owned(), (setting.get)(settings))).collect();
        values.insert(LISTEN.to_owned(), self.address.to_string().into());
        // Commands may run in another working directory.
        for name in PATHS {
            let path = values.get(*name).and_then(|value| value.as_str()).filter(|text| text.contains('/'));
            if let Some(whole) = path.and_then(|path| std::path::absolute(path).ok()) {
                values.insert((*name).to_owned(), whole.to_string_lossy().into());
            }
        }
        let text = serde_json::to_string(&values).unwrap_or_default();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(|error| Error::from_io("telling commands what the server goes by", error))
    }
}

fn is_told(name: &str) -> bool {
    name.starts_with("audio_cache.") || TOLD.contains(&name)
}

/// Puts the values of the server that runs on that data folder in place of those of this command's environment; says whether one
/// runs.
pub fn of_server(settings: &mut Settings) -> bool {
    let Ok(mut file) = File::open(settings.data_dir.join(FILE)) else { return false };
    if !matches!(flock(&file, FlockOperation::NonBlockingLockShared), Err(Errno::WOULDBLOCK)) {
        return false; // its server is gone
    }
    let (tries, pause) = READS;
    for _ in 0..tries {
        let mut text = String::new();
        let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
        if let Some(values) = read.ok().and_then(|_| serde_json::from_str::<PageValues>(&text).ok()) {
            take(settings, &values);
            return true;
        }
        std::thread::sleep(pause);
    }
    tracing::warn!("what the running server goes by cannot be read; the settings of this shell are used");
    true
}

fn take(settings: &mut Settings, values: &PageValues) {
    // What the server was not given is a default, whatever this shell says.
    (settings.cache, settings.cache_dir, settings.public_url) = (CacheOptions::default(), None, None);
    for (name, value) in values.iter().filter(|(name, value)| is_told(name) && !value.is_null()) {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else { continue };
        if let Err(complaint) = (setting.set)(settings, &Given::from_json(value)) {
            tracing::warn!(setting = setting.name, %complaint, "a value of the running server is passed over");
        }
    }
    if let Some(given) = settings.cache_dir.take() {
        settings.cache_dir = Some(below(&settings.data_dir, given));
    }
}

/// The folder of transcodes as servers up to 0.1 stored it, with the data folder as it was given to them: relative to a
/// working directory that is not known. The longest beginning that the path of the data folder ends with is the data
/// folder.
fn below(data: &Path, given: PathBuf) -> PathBuf {
    if given.is_absolute() {
        return given;
    }
    let data = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let is_name = |part: &Component<'_>| matches!(part, Component::Normal(_));
    let parts: Vec<Component<'_>> = given.components().filter(is_name).collect();
    let begins = (0..=parts.len())
        .rev()
        .find(|parts_of_it| data.ends_with(parts.iter().take(*parts_of_it).collect::<PathBuf>()));
    data.join(parts.iter().skip(begins.unwrap_or(0)).collect::<PathBuf>())
}

#[cfg(test)]
mod tests {
    use fanfare_model::TranscodeCodec;

    use super::*;
    use crate::settings::FfmpegSetting;

    // issue 13: beside a running server, commands made 96 MP3 files that nobody was sent, and a link to port 4040.
    #[test]
    fn commands_go_by_what_the_running_server_goes_by() {
        let folder = tempfile::tempdir().unwrap();
        let mut of_the_server = Settings::defaults(folder.path().to_owned());
        of_the_server.cache.codec = TranscodeCodec::Opus;
        of_the_server.cache.cap_bytes = 5_000_000;
        of_the_server.cache_dir = Some("/srv/small".into());
        let mut of_the_shell = Settings::defaults(folder.path().to_owned());
        of_the_shell.cache.enabled = false;
        of_the_shell.public_url = Some("https://elsewhere.example".to_owned());
        let before = of_the_shell.clone();
        assert!(!of_server(&mut of_the_shell), "none ever ran");
        let running = Running::begin(folder.path(), "127.0.0.1:21399".parse().unwrap()).unwrap();
        running.say(&of_the_server).unwrap();
        assert_eq!(Running::begin(folder.path(), running.address).unwrap_err().kind(), ErrorKind::Busy);
        assert!(of_server(&mut of_the_shell));
        assert_eq!((&of_the_shell.cache, of_the_shell.public_url.as_deref()), (&of_the_server.cache, None));
        assert_eq!((of_the_shell.cache_dir(), of_the_shell.listen.port()), ("/srv/small".into(), 21_399));
        // A change of the page is said at once; a server that is gone says nothing.
        of_the_server.cache.codec = TranscodeCodec::Aac;
        running.say(&of_the_server).unwrap();
        assert!(of_server(&mut of_the_shell));
        assert_eq!(of_the_shell.cache.codec, TranscodeCodec::Aac);
        drop(running);
        let mut alone = before.clone();
        assert!(!of_server(&mut alone));
        assert_eq!(alone.cache, before.cache);
    }

    // issue 13: beside a server that was started with `--data d0`, `fanfare doctor` looked in `d0/d0/cache/audio`.
    #[test]
    fn no_path_that_a_running_server_says_is_relative() {
        let folder = tempfile::tempdir_in(".").unwrap();
        let relative = PathBuf::from(folder.path().file_name().unwrap());
        let whole = std::path::absolute(&relative).unwrap();
        let mut of_the_server = Settings::defaults(relative.clone());
        of_the_server.ffmpeg = FfmpegSetting::At("bin/ffmpeg".into());
        let running = Running::begin(&relative, "127.0.0.1:21398".parse().unwrap()).unwrap();
        running.say(&of_the_server).unwrap();
        let text = std::fs::read_to_string(whole.join(FILE)).unwrap();
        let values: PageValues = serde_json::from_str(&text).unwrap();
        let relative_ones: Vec<_> = values
            .iter()
            .filter(|(_, value)| {
                value.as_str().is_some_and(|text| text.contains('/') && !text.starts_with('/'))
            })
            .collect();
        assert!(relative_ones.is_empty(), "{relative_ones:?}");
        for data in [relative, whole.clone()] {
            let mut of_the_shell = Settings::defaults(data);
            assert!(of_server(&mut of_the_shell));
            assert_eq!(of_the_shell.cache_dir(), whole.join("cache/audio"));
        }
    }

    #[test]
    fn a_relative_cache_folder_of_an_older_server_is_found_in_the_data_folder() {
        for (given, found) in [
            ("d0/cache/audio", "/srv/d0/cache/audio"),
            ("./srv/d0/cache/audio", "/srv/d0/cache/audio"),
            ("../d0/cache/audio", "/srv/d0/cache/audio"),
            ("./cache/audio", "/srv/d0/cache/audio"),
            ("d0/elsewhere", "/srv/d0/elsewhere"),
            ("/var/small", "/var/small"),
        ] {
            assert_eq!(below(Path::new("/srv/d0"), given.into()), Path::new(found), "{given}");
        }
    }
}
