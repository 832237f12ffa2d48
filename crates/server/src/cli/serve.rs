//! `fanfare serve`: settings, logging, the lock on the data folder, then the server until it is told to stop.

use std::{
    future::Future,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, Result};
use fanfare_store::{
    DATABASE_FILE, refuse_long_path, refuse_lost_database, refuse_no_folder, refuse_no_unicode,
};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    command_line::ServeArgs,
    exit::{Exit, SUCCESS},
    logging,
    output::{self, Done},
};
use crate::{
    http::{self, Started},
    settings::{Layers, LiveSettings, PageValues, Settings},
};

/// How long a library folder gets to answer whether it is one: storage that hangs never does.
const LOOK_TIME: Duration = Duration::from_secs(10);
/// How long threads that are still at work get at the end.
const THREADS_END: Duration = Duration::from_millis(500);

/// What the setup link is for.
const OPEN_IT: &str = "Open the setup link to create the owner (it works once).";

/// Runs the command.
pub fn run(args: &ServeArgs) -> Done {
    let start = Instant::now();
    let layers = Layers::read(&args.request())?;
    let mut settings = layers.settle(&PageValues::new());
    settings.folders = settings.folders.iter().map(|folder| folder_or_away(folder)).collect::<Result<_>>()?;
    for folder in &args.folders {
        settings.folders.push(absolute_folder(folder)?);
    }
    logging::start(&settings.log);
    make_data_folder(&settings.data_dir)?;
    let live_settings = LiveSettings::new(layers, settings.clone());
    block_on(http::serve(
        live_settings,
        |started| announce(started, &settings, start.elapsed()),
        announce_link,
    ))?;
    Ok(Exit(SUCCESS))
}

/// Runs that on the threads that serve: few, since decoding happens in the worker.
///
/// Threads that wait for storage that hangs are not waited for; they end with the process.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::from_io("starting the server's threads", error))?;
    let done = runtime.block_on(async {
        // A write past a file size limit (`ulimit -f`, `LimitFSIZE=`) raises a signal that ends a process; with a handler
        // for it, the write fails like one on a full disk.
        let past_limit = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        let _listening = signal(past_limit)
            .inspect_err(|error| tracing::debug!(%error, "a file size limit would end this process"));
        work.await
    });
    runtime.shutdown_timeout(THREADS_END);
    done
}

/// Makes the data folder where it is missing, for its owner only: it holds sessions and password hashes.
pub fn make_data_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    refuse_no_folder(path)
        .and_then(|()| refuse_long_path(path))
        .and_then(|()| refuse_no_unicode(path))
        .map_err(|error| error.context("the data folder cannot be used"))?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
        Error::from_io(format_args!("the data folder {} cannot be made", path.display()), error)
            .remedy("name a writable one with --data DIR or FANFARE_DATA, or make room on its disk")
    })
}

/// A folder of the settings: one that is away (a disk that is not plugged in) must not keep the others from
/// being served, so it passes as it is written.
fn folder_or_away(path: &Path) -> Result<PathBuf> {
    match absolute_folder(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unavailable) => {
            std::path::absolute(path)
                .map_err(|error| Error::from_io(format_args!("library folder {}", path.display()), error))
        }
        found => found,
    }
}

/// The folder as an absolute path; what is missing, no folder, or gives no answer is refused before anything starts.
pub fn absolute_folder(path: &Path) -> Result<PathBuf> {
    let wanted = path.to_owned();
    within(LOOK_TIME, move || real_folder(&wanted)).unwrap_or_else(|| {
        let message = format!("library folder {} gives no answer", path.display());
        Err(Error::new(ErrorKind::Unavailable, message).remedy("check the network share or disk it lies on"))
    })
}

/// The answer to a question that may hang; `None` when it does (its thread is left behind) or breaks off.
fn within<T: Send + 'static>(time: Duration, look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, answer) = mpsc::sync_channel(1);
    thread::spawn(move || {
        // Fails when the caller no longer waits.
        let _late = sender.send(look());
    });
    answer.recv_timeout(time).ok()
}

fn real_folder(path: &Path) -> Result<PathBuf> {
    let named = |error| Error::from_io(format_args!("library folder {}", path.display()), error);
    let absolute = path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing_folder(path),
        _ => named(error),
    })?;
    if !absolute.is_dir() {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!("library folder {} is no folder", path.display()),
        )
        .remedy("name the folder that the file lies in"));
    }
    Ok(absolute)
}

/// The error for a library folder that is not there: a link that leads nowhere is named with what it leads to.
fn missing_folder(path: &Path) -> Error {
    let (why, remedy) = match refuse_no_folder(path) {
        Err(found) => {
            (found.message().to_owned(), found.remedy_text().unwrap_or("name another folder").to_owned())
        }
        Ok(()) => (
            "there is no such folder".to_owned(),
            "mount the disk that it lies on, or name another one".to_owned(),
        ),
    };
    Error::new(ErrorKind::NotFound, format!("library folder {}: {why}", path.display())).remedy(remedy)
}

/// What a person (or a test) needs to know once the server answers. The first word of each line is stable.
fn announce(started: &Started, settings: &Settings, took: Duration) {
    let url = settings.public_url.clone().unwrap_or_else(|| format!("http://{}", started.address));
    let mut text = format!("address  {url}\n");
    if let Some(link) = &started.setup_link {
        text.push_str(&format!("setup    {link}\n"));
    }
    for folder in &settings.folders {
        text.push_str(&format!("library  {}\n", output::printable(&folder.to_string_lossy())));
    }
    if let Some(why) = started.trouble {
        text.push_str(&format!("storage  {}; {}\n", why.sentence, why.remedy));
    }
    text.push_str(&format!("ready    in {:.3} s\n", took.as_secs_f64()));
    if io::stdout().is_terminal() {
        if started.setup_link.is_some() {
            text.push_str(&format!("\n{OPEN_IT} "));
        } else {
            text.push('\n');
        }
        text.push_str("Ctrl-C stops the server.\n");
    }
    // The server runs even if this cannot be printed.
    let _ = output::write(text.as_bytes());
}

/// The setup link, where it could not be made before the disk could be written.
fn announce_link(link: &str) {
    let _ = output::write(format!("setup    {link}\n{OPEN_IT}\n").as_bytes());
}

/// Refuses a data folder without a library: none is made by looking at it.
pub(super) fn has_library(settings: &Settings) -> Result<()> {
    refuse_lost_database(&settings.data_dir)?;
    if settings.data_dir.join(DATABASE_FILE).is_file() {
        return Ok(());
    }
    let message = format!("there is no library in {}", settings.data_dir.display());
    Err(Error::new(ErrorKind::NotFound, message)
        .remedy("name its data folder with --data DIR, or make one with `fanfare scan DIR` or `fanfare user add NAME`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_left_behind() {
        let (_hangs, never) = mpsc::channel::<()>();
        assert!(within(Duration::from_millis(10), move || never.recv()).is_none());
        assert_eq!(within(LOOK_TIME, || 3), Some(3));
        let (_hangs, never) = mpsc::channel::<()>();
        // Without a limit, the end of the runtime would wait for that thread.
        let done = block_on(async {
            tokio::task::spawn_blocking(move || never.recv());
            Ok(3)
        });
        assert_eq!(done.unwrap(), 3);
    }
}
