//! Walking a library folder: what files are there, without opening any of them.
//!
//! Rules: files and folders that systems put into a library ([`is_system_name`]) are left out, and the folders are reported. Links are followed after everything that lies there for
//! real, so which of two names of a file is listed never depends on the order of the directory: the real one.
//! What Fanfare itself keeps ([`crate::own`]) is passed by. A folder is entered once, whatever leads to it (device and inode), so loops of links end. What is no
//! regular file (FIFO, socket, device) is passed over and never opened. What cannot be read is listed, and
//! the rest goes on.

use std::{
    collections::{HashSet, VecDeque},
    fs::{self, DirEntry, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use fanfare_audio::{CancelFlag, is_audio_suffix, is_system_name};
use fanfare_channel::stamp::{changed_ns, modified};
use fanfare_model::{Error, ErrorKind, Result, Timestamp};
use fanfare_store::{FolderMount, Mounts};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use super::cover::picture_rank;
use crate::own::OwnFolders;

/// An audio file (by its suffix), as the directory shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundFile {
    /// Path below the folder, `/` between parts.
    pub(crate) relative_path: String,
    pub(crate) size_bytes: u64,
    pub(crate) modified: Timestamp,
    /// Its inode change time in ns: it moves with every write, also where the modification time is set back.
    pub(crate) changed_ns: Option<i64>,
    /// Which of [`Walked::pictures`] lies beside it.
    pub(crate) picture: Option<usize>,
}

/// A picture that is the cover of the files beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) path: PathBuf,
    /// When its inode last changed: also right for a picture copied with its old modification time.
    pub(crate) changed: Timestamp,
}

/// Something that could not be read, and what is therefore unknown.
#[derive(Debug)]
pub(crate) struct Unread {
    /// Path below the folder, lossy where the name is no Unicode.
    pub(crate) relative_path: String,
    /// A file to list as unreadable (else a folder: everything known below it stays as it is).
    pub(crate) is_file: bool,
    pub(crate) error: Error,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Sorted by path.
    pub(crate) files: Vec<FoundFile>,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) unread: Vec<Unread>,
    /// Folders that are Fanfare's own, and were passed by.
    pub(crate) own: Vec<String>,
    /// Folders that were left out by their names.
    pub(crate) left_out: Vec<String>,
    /// Folders that could be listed; the root is the empty path.
    pub(crate) folders: HashSet<String>,
    /// The root, and every folder in it that is on another file system (or another mount of one) than the folder above it,
    /// or where a link leads.
    pub(crate) mounts: Vec<FolderMount>,
    /// The root is not there, or is no folder.
    pub(crate) not_there: bool,
}

/// A folder to enter: where it is and its path below the root (empty for the root itself).
struct Todo {
    path: PathBuf,
    relative: String,
    /// What the folder above it is on; `None` for the root and for links, which may lead anywhere.
    above: Option<MountPoint>,
}

/// What was found in one folder so far, besides its audio files.
struct Listing {
    /// What the folder is on.
    mount: MountPoint,
    /// The best picture, with its rank.
    picture: Option<(usize, PathBuf)>,
    subfolders: Vec<Todo>,
}

/// How far a walk is.
#[derive(Debug, Default)]
pub(crate) struct WalkProgress {
    /// Files met.
    pub(crate) found: AtomicU64,
    /// Answers of the file system: while this grows, it does not hang.
    pub(crate) answers: AtomicU64,
}

struct Walk<'a> {
    walked: Walked,
    folders: Vec<Todo>,
    links: VecDeque<Todo>,
    entered: HashSet<(u64, u64)>,
    listed: HashSet<(u64, u64)>,
    own: &'a OwnFolders,
    /// Devices and inodes of those.
    own_ids: HashSet<(u64, u64)>,
    table: Mounts,
    progress: &'a WalkProgress,
}

/// Lists the folder, telling how far it is. Of a folder that is not there nothing is listed ([`Walked::not_there`]).
///
/// # Errors
/// `Unavailable` when the folder itself cannot be read; `Cancelled`.
pub(crate) fn walk(
    root: &Path,
    own: &OwnFolders,
    cancel: &CancelFlag,
    progress: &WalkProgress,
) -> Result<Walked> {
    let away = |error: std::io::Error| {
        Error::from_io("read it", error).context(format!("the folder {} is away", root.display()))
    };
    let away = |error| {
        let error = away(error);
        Error::new(ErrorKind::Unavailable, error.message().to_owned())
            .remedy("connect the storage and scan again, or remove the folder from the library")
            .because(error)
    };
    // Listing the root once beforehand tells "storage is away" from "a folder in it cannot be read".
    match fs::read_dir(root) {
        Ok(_) => {}
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            return Ok(Walked { not_there: true, ..Walked::default() });
        }
        Err(error) => return Err(away(error)),
    }
    let mut walk = Walk {
        walked: Walked::default(),
        folders: vec![Todo { path: root.to_owned(), relative: String::new(), above: None }],
        links: VecDeque::new(),
        entered: HashSet::new(),
        listed: HashSet::new(),
        own,
        own_ids: own.identities(),
        table: Mounts::now(),
        progress,
    };
    loop {
        if cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "the scan was cancelled"));
        }
        if let Some(folder) = walk.folders.pop() {
            walk.enter(&folder);
        } else if let Some(link) = walk.links.pop_front() {
            walk.follow(link);
        } else {
            break;
        }
    }
    let mut walked = walk.walked;
    walked.files.sort_by(|a, b| a.relative_path.cmp(&b.relative_path));
    Ok(walked)
}

impl Walk<'_> {
    /// Whether that folder is one of Fanfare's own, or a link or a mount leads from it into one.
    fn is_own(&self, folder: &Todo, mount: MountPoint, inode: u64) -> bool {
        let leads_elsewhere = folder.above != Some(mount) && !folder.relative.is_empty();
        self.own_ids.contains(&(mount.device, inode))
            || (leads_elsewhere && self.own.hold(&folder.path, &self.table))
    }

    fn enter(&mut self, folder: &Todo) {
        let Some(mount) = self.arrive(folder) else { return };
        let Some(entries) = self.entries(folder) else { return };
        self.walked.folders.insert(folder.relative.clone());
        let first_file = self.walked.files.len();
        let mut listing = Listing { mount, picture: None, subfolders: Vec::new() };
        for entry in entries {
            self.progress.answers.fetch_add(1, Ordering::Relaxed);
            self.entry(folder, &entry, &mut listing);
        }
        // A stack: pushed in reverse, entered in order.
        self.folders.extend(listing.subfolders.into_iter().rev());
        if let Some((_, path)) = listing.picture
            && let Ok(meta) = fs::metadata(&path)
        {
            let index = self.walked.pictures.len();
            let ms = meta.ctime().saturating_mul(1_000).saturating_add(meta.ctime_nsec() / 1_000_000);
            self.walked.pictures.push(Picture { path, changed: Timestamp(ms) });
            for file in &mut self.walked.files[first_file..] {
                file.picture = Some(index);
            }
        }
    }

    /// What the folder is on; `None` where it was entered already, is Fanfare's own, or cannot be read.
    fn arrive(&mut self, folder: &Todo) -> Option<MountPoint> {
        match mount_point(&folder.path) {
            Ok((mount, inode)) if !self.entered.insert((mount.device, inode)) => None,
            Ok((mount, inode)) if self.is_own(folder, mount, inode) => {
                self.walked.own.push(folder.relative.clone());
                None
            }
            Ok((mount, inode)) => {
                if folder.above != Some(mount) {
                    let (path, device) = (folder.relative.clone(), mount.device);
                    self.walked.mounts.push(FolderMount { path, device, inode });
                }
                Some(mount)
            }
            Err(error) => {
                self.unread(&folder.relative, false, "read the folder", error);
                None
            }
        }
    }

    /// What is in the folder, in order of name; `None` where it cannot be listed.
    fn entries(&mut self, folder: &Todo) -> Option<Vec<DirEntry>> {
        let entries = match fs::read_dir(&folder.path) {
            Ok(entries) => entries,
            Err(error) => {
                self.unread(&folder.relative, false, "read the folder", error);
                return None;
            }
        };
        let mut names = Vec::new();
        for entry in entries {
            self.progress.answers.fetch_add(1, Ordering::Relaxed);
            match entry {
                Ok(entry) => names.push(entry),
                // The rest of this folder is unknown: nothing in it may be taken for removed.
                Err(error) => self.unread(&folder.relative, false, "read the folder", error),
            }
        }
        names.sort_by_key(DirEntry::file_name);
        Some(names)
    }

    /// Takes one entry of a folder into the listing.
    fn entry(&mut self, folder: &Todo, entry: &DirEntry, listing: &mut Listing) {
        let name = entry.file_name();
        if is_system_name(&name) {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.walked.left_out.push(join(&folder.relative, &name.to_string_lossy()));
            }
            return;
        }
        let path = entry.path();
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            // It vanished between the two calls.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            // It may be a folder full of tracks: nothing below it may be taken for removed.
            Err(error) => {
                let relative = join(&folder.relative, &name.to_string_lossy());
                return self.unread(&relative, is_audio_suffix(&path), "look at it", error);
            }
        };
        let Some(text) = name.to_str() else {
            if kind.is_dir() || is_audio_suffix(&path) {
                self.not_text(&folder.relative, &name.to_string_lossy(), !kind.is_dir());
            }
            return;
        };
        let relative = join(&folder.relative, text);
        if kind.is_symlink() {
            self.links.push_back(Todo { path, relative, above: None });
        } else if kind.is_dir() {
            listing.subfolders.push(Todo { path, relative, above: Some(listing.mount) });
        } else if kind.is_file() {
            if let Some(rank) = picture_rank(text) {
                if listing.picture.as_ref().is_none_or(|(best, _)| rank < *best) {
                    listing.picture = Some((rank, path));
                }
            } else if is_audio_suffix(&path) {
                match entry.metadata() {
                    Ok(meta) => self.file(relative, &meta),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => self.unread(&relative, true, "look at the file", error),
                }
            }
        }
    }

    fn follow(&mut self, link: Todo) {
        self.progress.answers.fetch_add(1, Ordering::Relaxed);
        match fs::metadata(&link.path) {
            Ok(meta) if meta.is_dir() => self.folders.push(link),
            Ok(meta) if meta.is_file() && is_audio_suffix(&link.path) => {
                if !self.listed.contains(&(meta.dev(), meta.ino())) {
                    self.file(link.relative, &meta);
                }
            }
            Ok(_) => {}
            // A dangling link may have led to a file or to a folder whose storage is away.
            Err(error) => {
                let is_file = is_audio_suffix(&link.path);
                self.unread(&link.relative, is_file, "follow the link", error);
            }
        }
    }

    fn file(&mut self, relative_path: String, meta: &Metadata) {
        self.listed.insert((meta.dev(), meta.ino()));
        self.progress.found.fetch_add(1, Ordering::Relaxed);
        self.walked.files.push(FoundFile {
            relative_path,
            size_bytes: meta.len(),
            modified: modified(meta),
            changed_ns: changed_ns(meta),
            picture: None,
        });
    }

    fn unread(&mut self, relative: &str, is_file: bool, what: &str, error: std::io::Error) {
        let error = Error::from_io(what, error);
        self.walked.unread.push(Unread { relative_path: relative.to_owned(), is_file, error });
    }

    fn not_text(&mut self, folder: &str, lossy: &str, is_file: bool) {
        let error = Error::new(ErrorKind::Unsupported, "the name is not valid UTF-8")
            .remedy("rename it and scan again");
        self.walked.unread.push(Unread { relative_path: join(folder, lossy), is_file, error });
    }
}

/// Which file system a folder is on, and by which mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MountPoint {
    device: u64,
    /// Tells two mounts of one file system apart; `None` where the kernel does not say.
    mount: Option<u64>,
}

/// What that folder is on, and its inode there.
fn mount_point(path: &Path) -> std::io::Result<(MountPoint, u64)> {
    let meta = fs::metadata(path)?;
    let told = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok();
    let mount = told
        .filter(|told| StatxFlags::from_bits_retain(told.stx_mask).contains(StatxFlags::MNT_ID))
        .map(|told| told.stx_mnt_id);
    Ok((MountPoint { device: meta.dev(), mount }, meta.ino()))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
