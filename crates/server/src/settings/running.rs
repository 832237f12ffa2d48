//! What a running server goes by, for commands that run beside it ([`of_server`]).
//!
//! A command is started in another shell than the server and reads another environment: it would make files that nobody is sent, and
//! print links to another port. So the server keeps the values that commands need in a file of its data folder.
//!
//! Invariants: the file counts only while the server that wrote it lives, which holds its lock; no secret is in it.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
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
}

#[cfg(test)]
mod tests {
    use fanfare_model::SmallCodec;

    use super::*;

    // issue 13: beside a running server, commands made 96 MP3 files that nobody was sent, and a link to port 4040.
    #[test]
    fn commands_go_by_what_the_running_server_goes_by() {
        let folder = tempfile::tempdir().unwrap();
        let mut of_the_server = Settings::defaults(folder.path().to_owned());
        of_the_server.cache.codec = SmallCodec::Opus;
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
        of_the_server.cache.codec = SmallCodec::Aac;
        running.say(&of_the_server).unwrap();
        assert!(of_server(&mut of_the_shell));
        assert_eq!(of_the_shell.cache.codec, SmallCodec::Aac);
        drop(running);
        let mut alone = before.clone();
        assert!(!of_server(&mut alone));
        assert_eq!(alone.cache, before.cache);
    }
}
