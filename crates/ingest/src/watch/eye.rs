//! One folder watched by the kernel.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use fanfare_model::FolderId;
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};
use tokio::sync::mpsc;

use super::Seen;

/// An open eye; dropping it closes it.
pub(crate) struct Eye {
    _watcher: RecommendedWatcher,
    looks_at: (u64, u64),
}

/// What came of opening an eye.
pub(crate) enum EyeOpened {
    Open(Eye),
    /// The kernel refused; `limit` if a limit of watches is the reason.
    Blind {
        error: String,
        limit: bool,
    },
    /// The folder is not there.
    Away,
}

impl Eye {
    /// Watches the folder and everything below it. Blocks for a moment in large trees.
    pub(crate) fn open(id: FolderId, path: &Path, sender: mpsc::Sender<Seen>) -> EyeOpened {
        let Some(looks_at) = identity(path) else { return EyeOpened::Away };
        let on_event = move |event: notify::Result<Event>| {
            let seen = match event {
                Ok(event) if matters(&event) => Seen::Change(id),
                Ok(_) => return,
                // A folder that came later could not be watched: from here on this eye misses things.
                Err(error) if is_limit(&error) => Seen::Blind(id),
                Err(_) => Seen::Change(id),
            };
            // A full queue holds changes already, of which one is enough.
            let _told = sender.try_send(seen);
        };
        let opened = notify::recommended_watcher(on_event)
            .and_then(|mut watcher| watcher.watch(path, RecursiveMode::Recursive).map(|()| watcher));
        match opened {
            Ok(watcher) => EyeOpened::Open(Self { _watcher: watcher, looks_at }),
            Err(error) => EyeOpened::Blind { limit: is_limit(&error), error: error.to_string() },
        }
    }

    /// Whether the path still leads to the folder that was there when the eye was opened.
    pub(crate) fn still_looks_at(&self, path: &Path) -> bool {
        identity(path) == Some(self.looks_at)
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().filter(|meta| meta.is_dir()).map(|meta| (meta.dev(), meta.ino()))
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
    let hidden = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    kind && (event.paths.is_empty() || !event.paths.iter().all(hidden))
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
            (of(rename, &["/m/.a.flac.Xy12", "/m/a.flac"]), true),
            (of(EventKind::Access(AccessKind::Open(AccessMode::Read)), &["/m/a.flac"]), false),
            (of(EventKind::Access(AccessKind::Close(AccessMode::Write)), &["/m/a.flac"]), true),
            (of(EventKind::Other, &[]).set_flag(notify::event::Flag::Rescan), true),
        ] {
            assert_eq!(matters(&event), expected, "{event:?}");
        }
    }
}
