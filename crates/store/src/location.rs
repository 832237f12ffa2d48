//! Whether a path leads into a folder, whatever links and mounts are on its way.
//!
//! Folders are compared by what they are, not by the text of their paths: by device and inode of all folders above, and by the
//! place on the file system where a part of one is mounted elsewhere (a bind mount).

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use fanfare_model::{Error, ErrorKind, Result};

use rustix::io::Errno;

use crate::{Mounts, mounts::identity};

/// Links followed at most, as by the kernel (path_resolution(7)).
const MOST_LINKS: u32 = 40;

/// Where a path leads.
#[derive(Debug, Default)]
struct Route {
    /// The path without links, as far as it is there.
    end: PathBuf,
    /// The links on the way: the folder that one lies in, and what it leads to.
    links: Vec<(PathBuf, PathBuf)>,
    /// A link that leads nowhere, and what it names; one that leads to itself is none.
    dangling: Option<(PathBuf, PathBuf)>,
}

impl Route {
    fn of(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let parts =
            |path: &Path| path.components().map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
        let mut todo = VecDeque::<OsString>::from(parts(&path));
        let mut route = Self::default();
        let mut followed = 0;
        while let Some(part) = todo.pop_front() {
            if part == ".." {
                route.end.pop();
                continue;
            }
            let next = route.end.join(&part);
            let Ok(named) = fs::read_link(&next) else {
                if part != "." {
                    route.end = next;
                }
                continue;
            };
            match next.canonicalize() {
                Ok(to) => route.links.push((route.end.clone(), to)),
                // One that may not be looked at leads somewhere.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                Err(_) => route.dangling = Some((next.clone(), named.clone())),
            }
            followed += 1;
            if followed > MOST_LINKS {
                route.end = next;
                break;
            }
            for part in parts(&named).into_iter().rev() {
                todo.push_front(part);
            }
        }
        route
    }

    /// The end, and the folders in which a link leads to it: who walks through one of them and follows links comes there.
    fn holders(self) -> Vec<PathBuf> {
        let (mut holders, mut links) = (vec![self.end], self.links);
        loop {
            let leads = |to: &Path| holders.iter().any(|holder| holder.starts_with(to));
            let (found, rest): (Vec<_>, Vec<_>) = links.into_iter().partition(|(_, to)| leads(to));
            if found.is_empty() {
                return holders;
            }
            holders.extend(found.into_iter().map(|(folder, _)| folder));
            links = rest;
        }
    }
}

impl Mounts {
    /// Whether that path is that folder or lies in it, whatever links and mounts lead there. What is not there lies where it
    /// would be made. Blocks.
    #[must_use]
    pub fn lies_in(&self, path: &Path, folder: &Path) -> bool {
        self.is_below(&Route::of(path).end, &Folder::of(self, folder))
    }

    /// Whether a walk through that folder that follows links comes to that path: as [`lies_in`](Self::lies_in), and if the path
    /// goes through a link that lies in the folder. Blocks.
    #[must_use]
    pub fn is_reached_in(&self, path: &Path, folder: &Path) -> bool {
        let folder = Folder::of(self, folder);
        Route::of(path).holders().iter().any(|holder| self.is_below(holder, &folder))
    }

    fn is_below(&self, path: &Path, folder: &Folder<'_>) -> bool {
        let is_it =
            |above: &Path| above == folder.path || identity(above).is_some_and(|id| folder.ids.contains(&id));
        if path.ancestors().any(is_it) {
            return true;
        }
        if self.without_mount(path).is_some_and(|seen| seen.ancestors().any(is_it)) {
            return true;
        }
        self.spot(path).is_some_and(|spot| folder.spots.iter().any(|holder| spot.is_in(holder)))
    }
}

/// A folder, and where else it can be met.
struct Folder<'a> {
    path: PathBuf,
    /// Device and inode of the folder, and of what is mounted below it.
    ids: Vec<(u64, u64)>,
    spots: Vec<crate::mounts::Spot<'a>>,
}

impl<'a> Folder<'a> {
    fn of(mounts: &'a Mounts, folder: &Path) -> Self {
        let path = Route::of(folder).end;
        let (below, points): (Vec<_>, Vec<_>) = mounts.below(&path).into_iter().unzip();
        let ids = [path.as_path()].into_iter().chain(points).filter_map(identity).collect();
        let spots = mounts.spot(&path).into_iter().chain(below).collect();
        Self { path, ids, spots }
    }
}

/// The longest path of a folder with a database, in bytes: SQLite allows 512 for a file, and the names of files in it and of
/// their journals take up to 34.
const MOST_PATH_BYTES: usize = 470;

/// Refuses a folder in which no database can be opened because its path is too long.
///
/// # Errors
/// `Invalid`.
pub fn refuse_long_path(path: &Path) -> Result<()> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // A link is as long as what it leads to: SQLite follows it.
    let whole = whole.canonicalize().unwrap_or(whole);
    let bytes = whole.as_os_str().len();
    if bytes <= MOST_PATH_BYTES {
        return Ok(());
    }
    let message = format!(
        "the path {} is too long for a database: it has {bytes} bytes, of at most {MOST_PATH_BYTES}",
        path.display()
    );
    Err(Error::new(ErrorKind::Invalid, message).remedy("name a folder with a shorter path"))
}

/// Refuses a folder in which no database can be opened because its path is no Unicode.
///
/// # Errors
/// `Invalid`.
pub fn refuse_no_unicode(path: &Path) -> Result<()> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let end = Route::of(path).end;
    if whole.to_str().is_some() && end.to_str().is_some() {
        return Ok(());
    }
    let message = format!("the path {} is not valid UTF-8, which a database needs", path.display());
    Err(Error::new(ErrorKind::Invalid, message).remedy("name another folder, or rename this one"))
}

/// Refuses a path at which no folder is and none can be made: links in a circle, names that are too long, folders that may not be
/// entered, a link that leads nowhere, or something else on the way.
///
/// # Errors
/// `Invalid`; `NotFound` for links in a circle; `PermissionDenied`.
pub fn refuse_no_folder(path: &Path) -> Result<()> {
    if let Err(error) = fs::metadata(path) {
        let of_the_path = [Errno::LOOP, Errno::NAMETOOLONG, Errno::ACCESS];
        if of_the_path.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error())) {
            return Err(Error::from_io(path.display(), error));
        }
    }
    if let (Some((link, to)), false) = (Route::of(path).dangling, path.exists()) {
        let message = format!("the link {} leads to {}, which is not there", link.display(), to.display());
        return Err(Error::new(ErrorKind::Invalid, message)
            .remedy("mount the disk that it leads to, or make that folder; or name another one"));
    }
    let there = path.ancestors().find_map(|above| Some((above, fs::metadata(above).ok()?)));
    match there {
        Some((above, meta)) if !meta.is_dir() => {
            Err(Error::new(ErrorKind::Invalid, format!("{} is no folder", above.display()))
                .remedy("name a folder, or a path where one can be made"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Issue 12: a circle of links was called a missing folder, and a path that is too long a missing right.
    #[test]
    fn why_no_folder_can_be_at_a_path_is_told_as_it_is() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        symlink("circle", at("circle")).unwrap();
        symlink("one", at("two")).unwrap();
        symlink("two", at("one")).unwrap();
        symlink("gone", at("dangling")).unwrap();
        fs::write(at("file"), "x").unwrap();
        for (path, kind, cause) in [
            (at("circle"), ErrorKind::NotFound, "links lead in a circle"),
            (at("circle/below"), ErrorKind::NotFound, "links lead in a circle"),
            (at("one"), ErrorKind::NotFound, "links lead in a circle"),
            (at(&"n".repeat(256)), ErrorKind::Invalid, "too long"),
            (at(&"n/".repeat(2_100)), ErrorKind::Invalid, "too long"),
            (at("dangling"), ErrorKind::Invalid, "leads to gone, which is not there"),
            (at("file/below"), ErrorKind::Invalid, "is no folder"),
        ] {
            let error = refuse_no_folder(&path).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.message().contains(cause) && error.remedy_text().is_some(), "{error}");
        }
        refuse_no_folder(&at("new/below")).unwrap();
        refuse_no_folder(top.path()).unwrap();
        let long = |bytes: usize| Path::new("/").join("n/".repeat(bytes / 2)).join("n".repeat(bytes % 2));
        refuse_long_path(&long(460)).unwrap();
        // Issue 12: what the database says of it has no remedy.
        let bad = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"bad\xff");
        fs::create_dir(at("bad").with_file_name(bad)).unwrap();
        symlink(bad, at("to bad")).unwrap();
        for path in
            [top.path().join(bad), top.path().join(bad).join("below"), at("to bad"), at("to bad/below")]
        {
            let error = refuse_no_unicode(&path).unwrap_err();
            assert!(error.message().contains("UTF-8") && error.remedy_text().is_some(), "{error}");
        }
        refuse_no_unicode(&at("new/below")).unwrap();
        let error = refuse_long_path(&long(480)).unwrap_err();
        assert!(error.message().contains("too long for a database"), "{error}");
    }

    /// Issue 12: a path was compared by its text alone.
    #[test]
    fn a_path_leads_into_a_folder_by_whatever_links() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        for folder in ["music/albums", "elsewhere/in", "third"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for (to, link) in [
            (at("music"), "link"),
            (at("elsewhere"), "music/out"),
            ("../elsewhere".into(), "music/relative"),
            (at("music/out"), "chain"),
            (at("third"), "elsewhere/third"),
            ("circle".into(), "circle"),
        ] {
            symlink(to, at(link)).unwrap();
        }
        let mounts = Mounts::now();
        for (path, lies, is_reached) in [
            ("music", true, true),
            ("music/albums/a/b", true, true),
            ("link/backup", true, true),
            ("other/../music/backup", true, true), // `other` is made on the way
            ("other/../link/backup", true, true),
            ("music/./backup", true, true),
            ("music/out", false, true),
            ("music/out/backup", false, true),
            ("music/relative/in/backup", false, true),
            ("music/relative/in/../backup", false, true),
            ("chain/backup", false, true),
            ("music/out/third/backup", false, true),
            ("link/out/third/backup", false, true),
            ("music/out/../backup", false, false),
            ("elsewhere/backup", false, false),
            ("elsewhere/third/backup", false, false),
            ("music/../backup", false, false),
            ("music backup", false, false),
            ("circle/backup", false, false),
            ("", false, false),
        ] {
            let found =
                (mounts.lies_in(&at(path), &at("music")), mounts.is_reached_in(&at(path), &at("music")));
            assert_eq!(found, (lies, is_reached), "{path}");
        }
        assert!(!mounts.lies_in(&at("music"), &at("not there")));
        assert!(mounts.lies_in(&at("not there/x"), &at("not there")), "where it would be made");
    }

    /// Issue 12: the system's words were "File exists".
    #[test]
    fn where_no_folder_can_be_made_the_cause_is_said() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::write(at("file"), "x").unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (to, link) in [("gone", "dangling"), ("circle", "circle"), ("folder", "whole"), ("file", "short")]
        {
            symlink(to, at(link)).unwrap();
        }
        for (path, said) in [
            ("dangling", "dangling leads to gone, which is not there"),
            ("dangling/a/b", "dangling leads to gone, which is not there"),
            ("circle/a", "links lead in a circle"),
            ("file", "file is no folder"),
            ("file/a", "file is no folder"),
            ("short/a", "short is no folder"),
        ] {
            let refused = refuse_no_folder(&at(path)).unwrap_err();
            assert!(refused.message().contains(said), "{path}: {refused}");
            assert!(refused.remedy_text().is_some());
        }
        for path in ["folder", "folder/a/b", "whole", "whole/a", "a/b", "a/../whole/b"] {
            refuse_no_folder(&at(path)).unwrap();
        }
    }
}
