//! Whether a backup or a restored data folder would lie in a library folder: a scan would take its files for music.
//!
//! What counts is where the place lies in the file system now: links and mounts on the way to it, links below the library that lead
//! to it, and places where the last scan met a link or a mount. Not seen: links that are made in the library later, and links in a
//! library that takes longer to walk through than [`LOOK_TIME`].

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, Result};

use crate::{FolderMount, Mounts, Store};

/// How long links of a library folder are looked for. Only names are read: a million files take a few seconds on a local disk.
const LOOK_TIME: Duration = Duration::from_secs(10);

/// Refuses a place for a backup in a library folder of that database.
///
/// # Errors
/// `Invalid`; those of the database.
pub(super) async fn refuse_backup(store: &Store, target: &Path) -> Result<()> {
    for library in store.catalog().folders().await? {
        let met = store.catalog().folder_mounts(library.id).await?;
        refuse("a backup", target, &library.path, met).await?;
    }
    Ok(())
}

/// Refuses a place for `what` in that library folder. `met` are the folders in it where the last scan met a link or a mount.
///
/// # Errors
/// `Invalid`.
pub(super) async fn refuse(what: &str, place: &Path, library: &Path, met: Vec<FolderMount>) -> Result<()> {
    let (at, folder) = (place.to_owned(), library.to_owned());
    if look(move || reaches(&at, &folder, &met)).await { Err(refusal(what, library)) } else { Ok(()) }
}

fn refusal(what: &str, library: &Path) -> Error {
    let message = format!("{what} cannot lie in the library folder {}", library.display());
    Error::new(ErrorKind::Invalid, message).remedy(
        "name a folder outside the library, best on another disk: what is in a library folder is taken for music",
    )
}

/// The answer of a question to storage; no when it gives none (its thread is left behind).
async fn look(question: impl FnOnce() -> bool + Send + 'static) -> bool {
    let (send, answer) = mpsc::sync_channel(1);
    thread::spawn(move || {
        // Refused after the caller has given up.
        let _late = send.send(question());
    });
    let answer = tokio::task::spawn_blocking(move || answer.recv_timeout(LOOK_TIME * 2)).await;
    answer.is_ok_and(|answer| answer.unwrap_or(false))
}

/// Whether a scan of that library folder comes to that place. `met` are the folders in the library, below `library`, where the last
/// scan met a link or a mount.
fn reaches(place: &Path, library: &Path, met: &[FolderMount]) -> bool {
    let mounts = Mounts::now();
    mounts.is_reached_in(place, library)
        || met.iter().any(|link| mounts.lies_in(place, &library.join(&link.path)))
        || links_below(library, LOOK_TIME).iter().any(|link| mounts.lies_in(place, link))
}

/// The links to folders below that folder, and those below where they lead. Each folder is walked through once.
fn links_below(folder: &Path, time: Duration) -> Vec<PathBuf> {
    let deadline = Instant::now() + time;
    let (mut links, mut walked, mut todo) = (Vec::new(), HashSet::new(), vec![folder.to_owned()]);
    while let Some(folder) = todo.pop() {
        let Ok(found) = fs::metadata(&folder) else { continue };
        if !found.is_dir() || !walked.insert((found.dev(), found.ino())) {
            continue;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if Instant::now() > deadline {
                tracing::warn!(
                    folder = %folder.display(),
                    "the library is large or slow: links that were made in it since the last scan may not have been seen"
                );
                return links;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => todo.push(entry.path()),
                // The caller compares where it leads to; a link to a file is no way to a folder.
                Ok(kind) if kind.is_symlink() && entry.path().is_dir() => {
                    links.push(entry.path());
                    todo.push(entry.path());
                }
                _ => {}
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Issue 12: a backup into a library folder was made, and the next scan took its uploads for music.
    #[test]
    fn a_place_in_a_library_folder_is_refused_whatever_leads_there() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        for folder in ["music/albums/deep", "elsewhere", "former", "second"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        symlink(at("music"), at("link")).unwrap();
        // Made after the last scan, at any depth, behind each other, in a circle, and to nothing.
        symlink(at("elsewhere"), at("music/albums/deep/out")).unwrap();
        symlink(at("second"), at("elsewhere/on")).unwrap();
        symlink(at("music"), at("second/back")).unwrap();
        symlink(at("nowhere"), at("music/dangling")).unwrap();
        symlink("circle", at("music/circle")).unwrap();
        // Where the last scan met one that is not there now.
        let met = [FolderMount { path: "../former".to_owned(), device: 0, inode: 0 }];
        for (place, refused) in [
            ("music", true),
            ("music/albums/a/b", true),
            ("other/../link/backup", true), // `other` is made on the way
            ("music/albums/deep/out/backup", true),
            ("elsewhere", true),
            ("elsewhere/backup", true),
            ("second/backup", true),
            ("former/backup", true),
            ("music/../backup", false),
            ("music backup", false),
            ("nowhere", false),
        ] {
            assert_eq!(reaches(&at(place), &at("music"), &met), refused, "{place}");
        }
    }

    #[test]
    fn a_walk_for_links_ends_with_its_time() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir_all(top.path().join("a")).unwrap();
        symlink(top.path(), top.path().join("a/link")).unwrap();
        assert_eq!(links_below(top.path(), LOOK_TIME), [top.path().join("a/link")]);
        assert!(links_below(top.path(), Duration::ZERO).is_empty());
    }
}
