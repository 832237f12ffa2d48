//! The single checks, each without side effects beyond a temporary file in the data folder.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use fanfare_model::{
    Error, Result,
    words::{self, bytes},
};
use fanfare_store::{CacheFolder, Disk, Mounts, try_writing};
use walkdir::WalkDir;

use super::{
    check::{Check, Outcome, bad, ok},
    database,
};
use crate::{
    assets,
    http::{
        descriptors::{self, Shares},
        dto::cache::EncoderDto,
    },
    settings::{FfmpegSetting, Settings},
};

/// Folders counted at most when comparing with the kernel's limit of watches.
const MAX_COUNTED_FOLDERS: usize = 200_000;

/// Open files below which that is a remark: the limit that systems give by default.
const FEW_OPEN_FILES: u64 = 1_024;

/// Free bytes of the cache's disk below which that is a remark: a handful of transcodes.
const FEW_CACHE_BYTES: u64 = 64 << 20;

/// Every check, in the order in which a start would meet them.
pub fn all(settings: &Settings) -> Vec<Check> {
    let mut checks = vec![settings_file(settings), data_folder(&settings.data_dir)];
    let (found, mut folders) = database::look(settings);
    checks.extend(found);
    folders.extend(settings.folders.iter().cloned());
    folders.sort();
    folders.dedup();
    checks.push(ffmpeg(settings));
    checks.push(encoder(settings));
    checks.push(cache_folder(settings));
    checks.extend(folders.iter().flat_map(|folder| library_folder(folder, settings)));
    if settings.watch {
        checks.push(watches(&folders));
    }
    checks.push(open_files(descriptors::reachable()));
    checks.push(port(settings));
    checks.push(web_ui());
    checks
}

fn settings_file(settings: &Settings) -> Check {
    let path = settings.config_file.display();
    ok(
        "settings",
        if settings.config_file.exists() { format!("{path}") } else { format!("{path} (none: defaults)") },
    )
}

fn data_folder(path: &Path) -> Check {
    const NAME: &str = "data folder";
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return bad(
                NAME,
                Outcome::Warning,
                format!("{} does not exist yet", path.display()),
                "`fanfare serve` makes it; or name another with --data DIR",
            );
        }
        Err(error) => {
            return bad(
                NAME,
                Outcome::Failed,
                format!("{}: {error}", path.display()),
                "name another with --data DIR",
            );
        }
    };
    if !metadata.is_dir() {
        return bad(
            NAME,
            Outcome::Failed,
            format!("{} is no folder", path.display()),
            "name another with --data DIR",
        );
    }
    if let Some(why) = Disk::of(path).try_writing() {
        return bad(NAME, Outcome::Failed, format!("{}: {}", path.display(), why.sentence()), why.remedy());
    }
    if let Err(error) = try_writing(path, ".doctor-", 1) {
        return bad(
            NAME,
            Outcome::Failed,
            format!("{} cannot be written: {error}", path.display()),
            format!("make it writable for user id {}", metadata.uid()),
        );
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return bad(
            NAME,
            Outcome::Warning,
            format!("{} is open to every account on this machine (mode {mode:03o})", path.display()),
            format!("chmod 700 {}", path.display()),
        );
    }
    ok(NAME, format!("{} (writable, mode {mode:03o})", path.display()))
}

fn ffmpeg(settings: &Settings) -> Check {
    const NAME: &str = "ffmpeg";
    let lacking: Vec<_> = fanfare_audio::CODECS
        .iter()
        .filter(|codec| codec.decoder == fanfare_audio::Decoder::Ffmpeg)
        .map(|codec| codec.name)
        .collect();
    let lacking = lacking.join(", ");
    match fanfare_audio::ffmpeg_version(&settings.ffmpeg_use()) {
        Ok(version) => ok(NAME, version),
        Err(_) if settings.ffmpeg == FfmpegSetting::Off => bad(
            NAME,
            Outcome::Warning,
            format!("switched off; cannot be analyzed without it: {lacking}"),
            "set ffmpeg to auto",
        ),
        Err(error) => bad(
            NAME,
            Outcome::Warning,
            format!("{}; cannot be analyzed without it: {lacking}", error.message()),
            "install the package ffmpeg, or name a program with the setting ffmpeg",
        ),
    }
}

fn encoder(settings: &Settings) -> Check {
    const NAME: &str = "encoder";
    if !settings.cache.enabled {
        return ok(NAME, "not needed: audio_cache.enabled is false");
    }
    let encoder = EncoderDto::look(settings.cache.codec, &settings.ffmpeg_use());
    match encoder.problem {
        None => ok(NAME, format!("{} makes transcodes in {}", encoder.name, settings.cache.codec.as_str())),
        Some(problem) => bad(
            NAME,
            Outcome::Warning,
            format!("{problem}: originals are sent in place of transcodes"),
            encoder.remedy.unwrap_or_default(),
        ),
    }
}

/// The folder of transcodes: whether it can be written, and how full it is.
fn cache_folder(settings: &Settings) -> Check {
    const NAME: &str = "cache folder";
    let folder = settings.cache_dir();
    let shown = folder.display();
    let cache = CacheFolder::new(folder.clone());
    if let Err(error) = cache.try_writing() {
        return bad(NAME, Outcome::Failed, error.message(), error.remedy_text().unwrap_or_default());
    }
    let (free, free_bytes) = match cache.free_bytes() {
        Some(free) => (format!("; {} free on its disk", bytes(free)), free),
        None => (String::new(), u64::MAX),
    };
    if !folder.exists() {
        return ok(NAME, format!("{shown} (made with the first file{free})"));
    }
    let size: u64 = cache.names().iter().filter_map(|name| cache.size(name)).sum();
    let cap = settings.cache.cap_bytes;
    let found = format!("{shown} (writable; {} of at most {}{free})", bytes(size), bytes(cap));
    if let Err(full) = cache.refuse_full(FEW_CACHE_BYTES)
        && free_bytes < cap.saturating_sub(size)
    {
        return bad(NAME, Outcome::Warning, found, full.remedy_text().unwrap_or_default());
    }
    ok(NAME, found)
}

/// A library folder: whether it can be read, and what of Fanfare's own lies in it or around it.
fn library_folder(path: &Path, settings: &Settings) -> Vec<Check> {
    const NAME: &str = "library";
    let mounts = Mounts::now();
    let own = [("data folder", settings.data_dir.clone()), ("cache folder", settings.cache_dir())];
    if let Some((name, folder)) = own.iter().find(|(_, folder)| mounts.lies_in(path, folder)) {
        return vec![bad(
            NAME,
            Outcome::Failed,
            format!("{} lies in the {name} {}: it is not scanned", path.display(), folder.display()),
            "remove it from the library (no file is touched), and name a folder that holds music alone",
        )];
    }
    let lies_in_it = |(_, folder): &&(&str, PathBuf)| folder.exists() && mounts.is_reached_in(folder, path);
    // The cache folder of a data folder goes with it.
    let inner = own.iter().find(lies_in_it).map(|(name, folder)| {
        let (folder, path) = (folder.display(), path.display());
        bad(
            NAME,
            Outcome::Warning,
            format!("the {name} {folder} lies in the library folder {path}: it is left out of the library"),
            "whatever is done to the library's folder is done to it: stop the server, move it elsewhere, and name its new place",
        )
    });
    [readable(path)].into_iter().chain(inner).collect()
}

fn readable(path: &Path) -> Check {
    const NAME: &str = "library";
    let read = |path: &Path| -> Result<usize> {
        let entries = fs::read_dir(path).map_err(|error| Error::from_io(path.display(), error))?;
        Ok(entries.flatten().count())
    };
    match read(path) {
        Ok(entries) => ok(NAME, format!("{} ({})", path.display(), words::count(entries as u64, "entry"))),
        Err(error) => bad(
            NAME,
            Outcome::Failed,
            error.message(),
            "mount it, give this account the right to read it, or remove it from the library",
        ),
    }
}

/// Watching takes one inotify watch per folder; the kernel limits them per user.
fn watches(folders: &[PathBuf]) -> Check {
    const NAME: &str = "watching";
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_user_watches")
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok());
    let Some(limit) = limit else { return ok(NAME, "no limit known on this system") };
    let needed = folders
        .iter()
        .flat_map(|folder| WalkDir::new(folder).into_iter().flatten())
        .filter(|entry| entry.file_type().is_dir())
        .take(MAX_COUNTED_FOLDERS)
        .count();
    // Other programs of the same user watch too: leave them half.
    if needed > limit / 2 {
        return bad(
            NAME,
            Outcome::Warning,
            format!("{needed} folders to watch, the kernel allows {limit} watches in all"),
            "raise fs.inotify.max_user_watches, or set poll_interval_s",
        );
    }
    ok(NAME, format!("{needed} of {limit} watches"))
}

/// How many files the server may have open, and what that is enough for.
fn open_files(limit: u64) -> Check {
    const NAME: &str = "open files";
    let Shares { connections, .. } = Shares::of(limit);
    let found = format!("{limit} at a time: enough for {connections} connections");
    match limit {
        FEW_OPEN_FILES.. => ok(NAME, found),
        descriptors::LEAST.. => bad(NAME, Outcome::Warning, found, descriptors::REMEDY),
        _ => {
            let found = format!("{limit} at a time, and at least {} are needed", descriptors::LEAST);
            bad(NAME, Outcome::Failed, found, descriptors::REMEDY)
        }
    }
}

fn port(settings: &Settings) -> Check {
    const NAME: &str = "port";
    match TcpListener::bind(settings.listen) {
        Ok(_) => ok(NAME, format!("{} is free", settings.listen)),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bad(
            NAME,
            Outcome::Warning,
            format!("{} is in use, perhaps by a running fanfare", settings.listen),
            "stop the other program, or choose another with --listen",
        ),
        Err(error) => bad(
            NAME,
            Outcome::Failed,
            format!("{}: {error}", settings.listen),
            "choose another address with --listen",
        ),
    }
}

fn web_ui() -> Check {
    if assets::BUILT {
        ok("web UI", "built in")
    } else {
        bad(
            "web UI",
            Outcome::Warning,
            "this program was built without it",
            "build with Node.js 20.19 or newer present: make build",
        )
    }
}
