//! `fanfare serve`: settings, logging, the lock on the data folder, then the server until it is told to stop.

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, Result};

use super::{
    exit::{Exit, SUCCESS},
    line::ServeArgs,
    logging,
    output::{self, Done},
};
use crate::{
    http::{self, Started},
    settings::{self, Settings},
};

/// Runs the command.
pub fn run(args: &ServeArgs) -> Done {
    let start = Instant::now();
    let mut settings = settings::load(&args.request())?;
    settings.folders = settings.folders.iter().map(|folder| folder_or_away(folder)).collect::<Result<_>>()?;
    for folder in &args.folders {
        settings.folders.push(absolute_folder(folder)?);
    }
    logging::start(&settings.log);
    make_data_folder(&settings.data_dir)?;
    runtime()?.block_on(http::serve(settings.clone(), |started| {
        announce(started, &settings, start.elapsed());
    }))?;
    Ok(Exit(SUCCESS))
}

/// The threads that serve: few, since decoding happens in the worker.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::from_io("starting the server's threads", error))
}

/// Makes the data folder where it is missing, for its owner only: it holds sessions and password hashes.
pub fn make_data_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
        Error::from_io(format_args!("data folder {}", path.display()), error)
            .remedy("name a writable one with --data DIR or FANFARE_DATA")
    })
}

/// A folder of the settings: one that is away (a disk that is not plugged in) must not keep the others from
/// being served, so it passes as it is written.
fn folder_or_away(path: &Path) -> Result<PathBuf> {
    match absolute_folder(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => std::path::absolute(path)
            .map_err(|error| Error::from_io(format_args!("library folder {}", path.display()), error)),
        found => found,
    }
}

/// The folder as an absolute path; what is missing or no folder is refused before anything starts.
pub fn absolute_folder(path: &Path) -> Result<PathBuf> {
    let named = |error| Error::from_io(format_args!("library folder {}", path.display()), error);
    let absolute = path.canonicalize().map_err(named)?;
    if !absolute.is_dir() {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!("library folder {} is no folder", path.display()),
        )
        .remedy("name the folder that the file lies in"));
    }
    Ok(absolute)
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
    text.push_str(&format!("ready    in {:.3} s\n", took.as_secs_f64()));
    if io::stdout().is_terminal() {
        if started.setup_link.is_some() {
            text.push_str("\nOpen the setup link to create the owner (it works once). ");
        } else {
            text.push('\n');
        }
        text.push_str("Ctrl-C stops the server.\n");
    }
    // The server runs whether or not somebody reads this.
    let _ = output::write(text.as_bytes());
}
