//! One folder watched by the kernel.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fanfare_store::Mounts;
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

/// An open folder_watcher; dropping it closes it.
pub(crate) struct FolderWatcher {
    _watcher: RecommendedWatcher,
    looks_at: Place,
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
    pub(crate) fn look(
        path: &Path,
        open: Option<Place>,
        on_change: impl Fn(FolderChange) + Send + 'static,
    ) -> Looked {
        let Some(looks_at) = identity(path) else { return Looked::Away };
        if open == Some(looks_at) {
            return Looked::Same;
        }
        let on_event = move |event: notify::Result<Event>| match event {
            Ok(event) if !matters(&event) => {}
            // A folder that came later could not be watched: from here on this folder_watcher misses things. What made
            // the kernel say so may be a change like any other.
            Err(error) if is_limit(&error) => on_change(FolderChange::NotAllWatched),
            Ok(_) | Err(_) => on_change(FolderChange::Changed),
        };
        let opened = notify::recommended_watcher(on_event)
            .and_then(|mut watcher| watcher.watch(path, RecursiveMode::Recursive).map(|()| watcher));
        match opened {
            Ok(watcher) => Looked::Open(Self { _watcher: watcher, looks_at }),
            Err(error) => Looked::Blind { limit: is_limit(&error), error: error.to_string() },
        }
    }

    /// The folder it was opened on.
    pub(crate) const fn looks_at(&self) -> Place {
        self.looks_at
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
    use notify::event::{CreateKind, ModifyKind, RenameMode};

    use super::*;

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
