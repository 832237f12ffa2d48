//! One folder watched by the kernel.

use std::{
    collections::HashSet,
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fanfare_store::Mounts;
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};

/// An open folder_watcher; dropping it closes it.
pub(crate) struct FolderWatcher {
    _watcher: RecommendedWatcher,
    open: Open,
}

/// What a folder watcher looks at.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    looks_at: Place,
    /// Folders in it that cannot be watched.
    left_out: Vec<LeftOut>,
}

/// A folder that cannot be watched, though the folder above it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) path: PathBuf,
    /// What the kernel says.
    pub(crate) error: String,
    /// Whether the right to read it is missing.
    pub(crate) forbidden: bool,
    /// Whether a scan could list it nevertheless.
    pub(crate) is_listed: bool,
}

/// Which folder it is, whatever its path: device and inode, and what is mounted on it and below it.
pub(crate) type Place = (u64, u64, u64);

/// What the kernel reports of a watched folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FolderChange {
    /// Something in it changed.
    Changed,
    /// Something in it changed, and a part of it cannot be watched.
    NotAllWatched,
}

/// What came of looking at a folder.
pub(crate) enum Looked {
    /// The open folder_watcher still looks at what is there.
    Same,
    /// A new folder_watcher is open.
    Open(FolderWatcher),
    /// The kernel refused; `limit` if a limit of watches is the reason.
    Blind { error: String, limit: bool },
    /// The folder is not there.
    Away,
}

impl FolderWatcher {
    /// Watches the folder and everything below it, unless a folder watcher on the same folder is `open` already. Blocks:
    /// for a moment in large trees, for ever on storage that hangs.
    ///
    /// A folder in it that cannot be watched is left out ([`Self::left_out`]); once it can be read, all is watched again.
    pub(crate) fn look(
        path: &Path,
        open: Option<&Open>,
        on_change: impl Fn(FolderChange) + Send + 'static,
    ) -> Looked {
        let Some(looks_at) = identity(path) else { return Looked::Away };
        if open.is_some_and(|open| open.looks_at == looks_at && !open.left_out.iter().any(may_be_watched)) {
            return Looked::Same;
        }
        let on_event = move |event: notify::Result<Event>| match event {
            Ok(event) if !matters(&event) => {}
            // A folder that came later could not be watched: from here on this folder_watcher misses things. What made
            // the kernel say so may be a change like any other.
            Err(error) if is_limit(&error) => on_change(FolderChange::NotAllWatched),
            // The kernel watches what came with it up to the first folder that it may not read.
            Ok(event) if brings_unreadable(&event) => on_change(FolderChange::NotAllWatched),
            Ok(_) | Err(_) => on_change(FolderChange::Changed),
        };
        let opened = notify::recommended_watcher(on_event).and_then(|mut watcher| {
            let left_out = watch_below(path, &mut |path| watcher.watch(path, RecursiveMode::Recursive))?;
            Ok((watcher, left_out))
        });
        match opened {
            Ok((watcher, left_out)) => {
                Looked::Open(Self { _watcher: watcher, open: Open { looks_at, left_out } })
            }
            Err(error) => Looked::Blind { limit: is_limit(&error), error: error.to_string() },
        }
    }

    /// What it was opened on.
    pub(crate) const fn open(&self) -> &Open {
        &self.open
    }

    /// The folders that it does not see into.
    pub(crate) fn left_out(&self) -> &[LeftOut] {
        &self.open.left_out
    }
}

/// Watches a folder and all folders below it; returns those that cannot be watched. `watch` watches one with all below it, and
/// stops at the first that it cannot watch: then those below are watched one by one.
///
/// # Errors
/// Those of the folder itself; a limit of watches.
fn watch_below(
    root: &Path,
    watch: &mut impl FnMut(&Path) -> notify::Result<()>,
) -> notify::Result<Vec<LeftOut>> {
    let (mut left_out, mut seen) = (Vec::new(), HashSet::new());
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        // Links may lead in circles.
        let Ok(meta) = fs::metadata(&folder) else { continue };
        if !meta.is_dir() || !seen.insert((meta.dev(), meta.ino())) {
            continue;
        }
        match watch(&folder) {
            Ok(()) => {}
            Err(error) if is_limit(&error) => return Err(error),
            // It is the folder itself, which is not seen into.
            Err(error) if error.paths.is_empty() || error.paths.contains(&folder) => {
                if folder == root {
                    return Err(error);
                }
                // One that is gone again is no trouble.
                if !matches!(error.kind, notify::ErrorKind::PathNotFound) {
                    left_out.push(LeftOut {
                        forbidden: is_forbidden(&error),
                        is_listed: fs::read_dir(&folder).is_ok(),
                        error: said(&error),
                        path: folder,
                    });
                }
            }
            Err(_) => {
                let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
                folders.extend(entries.map(|entry| entry.path()));
            }
        }
    }
    left_out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(left_out)
}

/// Whether a folder that could be neither watched nor read can be read now.
fn may_be_watched(folder: &LeftOut) -> bool {
    !folder.is_listed && fs::read_dir(&folder.path).is_ok()
}

/// Whether folders came in, or got other rights, and one of them, or one below them, cannot be read.
fn brings_unreadable(event: &Event) -> bool {
    let came = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)));
    came && event.paths.iter().any(|path| {
        let mut folders = vec![path.clone()];
        while let Some(folder) = folders.pop() {
            if !fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir()) {
                continue;
            }
            match fs::read_dir(&folder) {
                Ok(entries) => folders.extend(entries.filter_map(Result::ok).map(|entry| entry.path())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => return true,
            }
        }
        false
    })
}

/// Whether a right is missing.
fn is_forbidden(error: &notify::Error) -> bool {
    matches!(&error.kind, notify::ErrorKind::Io(error) if error.kind() == io::ErrorKind::PermissionDenied)
}

/// What the kernel says, without the paths, which are said apart.
fn said(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

fn identity(path: &Path) -> Option<Place> {
    fs::metadata(path)
        .ok()
        .filter(|meta| meta.is_dir())
        .map(|meta| (meta.dev(), meta.ino(), Mounts::now().fingerprint(path)))
}

fn is_limit(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => true,
        // ENOSPC: no watch left; EMFILE: no instance left.
        notify::ErrorKind::Io(error) => matches!(error.raw_os_error(), Some(24 | 28)),
        _ => false,
    }
}

/// Whether a scan could find something new after that event: reading a file (a scan does) is none.
fn matters(event: &Event) -> bool {
    if event.need_rescan() {
        return true;
    }
    let kind = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any => true,
        EventKind::Other => false,
    };
    let left_out =
        |path: &PathBuf| path.file_name().is_some_and(fanfare_audio::is_system_name) || is_being_copied(path);
    kind && (event.paths.is_empty() || !event.paths.iter().all(left_out))
}

/// Whether a name is one that `rsync` and its like give a file until it is whole: `.song.flac.Xy12Zz`.
fn is_being_copied(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    hidden && path.file_stem().is_some_and(|stem| fanfare_audio::is_audio_suffix(Path::new(stem)))
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, RenameMode};

    use super::*;

    /// As the kernel does it for an account that may not read `secret`: folder by folder, up to the first refusal.
    fn watch_up_to_a_refusal(
        folder: &Path,
        refused: &dyn Fn(&Path) -> Option<io::Error>,
        watched: &mut Vec<PathBuf>,
    ) -> notify::Result<()> {
        if let Some(error) = refused(folder) {
            return Err(notify::Error::io(error).add_path(folder.to_owned()));
        }
        watched.push(folder.to_owned());
        let mut below: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        below.sort();
        below
            .iter()
            .filter(|path| path.is_dir())
            .try_for_each(|path| watch_up_to_a_refusal(path, refused, watched))
    }

    /// Issue 12: one folder that could not be read ended the watching of its whole library.
    #[test]
    fn a_folder_that_cannot_be_read_is_left_out_and_all_others_are_watched() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["a/secret/below", "a/z", "b", "c/secret", "c/y/deep"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let forbidden =
            |path: &Path| path.ends_with("secret").then(|| io::Error::from(io::ErrorKind::PermissionDenied));
        let refusing = |watched: &mut Vec<PathBuf>, refused: &dyn Fn(&Path) -> Option<io::Error>| {
            watch_below(root.path(), &mut |path: &Path| watch_up_to_a_refusal(path, refused, watched))
        };
        let mut watched = Vec::new();
        let left_out = refusing(&mut watched, &forbidden).unwrap();
        let names: Vec<_> =
            left_out.iter().map(|folder| folder.path.strip_prefix(root.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a/secret"), Path::new("c/secret")]);
        assert!(left_out.iter().all(|folder| folder.forbidden && folder.is_listed), "{left_out:?}");
        for folder in ["", "a", "a/z", "b", "c", "c/y", "c/y/deep"] {
            assert!(watched.contains(&root.path().join(folder)), "{folder}");
        }
        // A limit, and the library folder itself, are another matter.
        let none_left = |path: &Path| path.ends_with("b").then(|| io::Error::from_raw_os_error(28));
        assert!(is_limit(&refusing(&mut Vec::new(), &none_left).unwrap_err()));
        let root_refused = |path: &Path| (path == root.path()).then(|| io::Error::from_raw_os_error(13));
        assert!(is_forbidden(&refusing(&mut Vec::new(), &root_refused).unwrap_err()));
        // All is watched again when the folder can be read.
        let mut folder = left_out[0].clone();
        assert!(!may_be_watched(&folder), "it was refused though it can be read: nothing has changed");
        folder.is_listed = false;
        assert!(may_be_watched(&folder));
        fs::remove_dir_all(root.path().join("a")).unwrap();
        assert!(!may_be_watched(&folder));
    }

    #[test]
    fn only_changes_to_what_a_scan_sees_matter() {
        let of = |kind, paths: &[&str]| {
            paths.iter().fold(Event::new(kind), |event, path| event.add_path((*path).into()))
        };
        let create = EventKind::Create(CreateKind::File);
        let rename = EventKind::Modify(ModifyKind::Name(RenameMode::Both));
        for (event, expected) in [
            (of(create, &["/m/a.flac"]), true),
            (of(create, &["/m/.a.flac.Xy12"]), false),
            (of(create, &["/m/.45 Club"]), true),
            (of(create, &["/m/.a.flac"]), true),
            (of(create, &["/m/._a.flac"]), false),
            (of(rename, &["/m/.a.flac.Xy12", "/m/a.flac"]), true),
            (of(EventKind::Access(AccessKind::Open(AccessMode::Read)), &["/m/a.flac"]), false),
            (of(EventKind::Access(AccessKind::Close(AccessMode::Write)), &["/m/a.flac"]), true),
            (of(EventKind::Other, &[]).set_flag(notify::event::Flag::Rescan), true),
        ] {
            assert_eq!(matters(&event), expected, "{event:?}");
        }
    }
}
