//! [`Mounts`]: the kernel's table of mounts: what is mounted below a folder, and where on its file system a path lies.
//!
//! A watched folder says nothing when a file system is mounted on a folder in it or taken away, so the table is compared with
//! what it was when the folder was last scanned. It is not compared with the look before: the kernel gives the number of a
//! mount that was taken away to the next one, so what is put back at once looks as if it had never been away. Where there is
//! no table (`/proc` is not mounted), a changed mount is found by the next scan.

use std::{
    ffi::OsString,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::{ffi::OsStringExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

const TABLE: &str = "/proc/self/mountinfo";

/// A file system in the tree of folders.
#[derive(Debug)]
struct Mount {
    number: u64,
    /// Major and minor number of its file system.
    device: Vec<u8>,
    /// Which folder of that file system is mounted: `/` but for bind mounts and subvolumes.
    root: PathBuf,
    /// Where.
    point: PathBuf,
}

/// The mounts of one moment.
#[derive(Debug, Default)]
pub struct Mounts(Vec<Mount>);

/// A place on a file system, and the mount by which it was found.
#[derive(Debug)]
pub(crate) struct Spot<'a> {
    mount: &'a Mount,
    path: PathBuf,
}

impl Spot<'_> {
    /// Whether this is that place, or lies below it.
    pub(crate) fn is_in(&self, other: &Self) -> bool {
        let (here, there) = (self.mount, other.mount);
        // NFS tells `/` for every folder that is mounted (nfs_show_path in Linux): two mounts of one root are one place only
        // where the folders at which they are mounted are the same.
        let is_told = here.root != there.root || identity(&here.point) == identity(&there.point);
        here.device == there.device && self.path.starts_with(&other.path) && is_told
    }
}

impl Mounts {
    /// The mounts of now; none where the system does not say.
    #[must_use]
    pub fn now() -> Self {
        fs::read(TABLE).map_or_else(|_| Self::default(), |table| Self::of(&table))
    }

    fn of(table: &[u8]) -> Self {
        // Number, parent, device, root in it, mount point (proc(5)).
        let mount = |line: &[u8]| {
            let mut fields = line.split(|byte| *byte == b' ');
            let number = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
            let device = fields.nth(1)?.to_vec();
            Some(Mount { number, device, root: unescaped(fields.next()?), point: unescaped(fields.next()?) })
        };
        Self(table.split(|byte| *byte == b'\n').filter_map(mount).collect())
    }

    /// A number that changes with every mount on that folder or below it.
    #[must_use]
    pub fn fingerprint(&self, folder: &Path) -> u64 {
        let mut hasher = DefaultHasher::new();
        for mount in self.0.iter().filter(|mount| mount.point.starts_with(folder)) {
            (mount.number, &mount.device, &mount.point).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Where on its file system a path lies. It must be absolute and without links; what is not there lies where it would be
    /// made. `None` where the system does not say.
    pub(crate) fn spot(&self, path: &Path) -> Option<Spot<'_>> {
        let mount = self.mount_of(path)?;
        Some(mount.spot(path.strip_prefix(&mount.point).ok()?))
    }

    fn mount_of(&self, path: &Path) -> Option<&Mount> {
        let number = path.ancestors().find_map(mount_number);
        let known = number.and_then(|number| self.0.iter().find(|mount| mount.number == number));
        // The longest mount point that leads there; the last of those that lie over one another.
        let leads = self.0.iter().filter(|mount| path.starts_with(&mount.point));
        known.or_else(|| leads.max_by_key(|mount| mount.point.as_os_str().len()))
    }

    /// A path on a bind mount, as it is reached without that mount, where the folder that is mounted is seen from here.
    ///
    /// In a changed root (chroot) the table names no mount of the root, and folders on it have no [`spot`](Self::spot). The
    /// place that is mounted is told from the true root there, so its beginning may be missing in the path that leads to it.
    pub(crate) fn without_mount(&self, path: &Path) -> Option<PathBuf> {
        let mount = self.mount_of(path)?;
        let below = path.strip_prefix(&mount.point).ok()?;
        let id = identity(&mount.point)?;
        let mut root = mount.root.components();
        while root.next().is_some() {
            let seen = Path::new("/").join(root.as_path());
            if seen != mount.point && identity(&seen) == Some(id) {
                return Some(seen.join(below));
            }
        }
        None
    }

    /// What is mounted below that folder, and not hidden by another mount: where on its file system it lies, and the mount point.
    pub(crate) fn below(&self, folder: &Path) -> Vec<(Spot<'_>, &Path)> {
        let below = |mount: &&Mount| mount.point != folder && mount.point.starts_with(folder);
        let is_seen = |mount: &&Mount| mount_number(&mount.point).is_none_or(|number| number == mount.number);
        let seen = self.0.iter().filter(below).filter(is_seen);
        seen.map(|mount| (mount.spot(Path::new("")), mount.point.as_path())).collect()
    }
}

impl Mount {
    fn spot(&self, below: &Path) -> Spot<'_> {
        Spot { mount: self, path: self.root.join(below) }
    }
}

/// Device and inode of what is there.
pub(crate) fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// The number of the mount that a path that is there lies on; `None` where the kernel does not say (before Linux 5.8).
fn mount_number(path: &Path) -> Option<u64> {
    let told = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    let is_told = StatxFlags::from_bits_retain(told.stx_mask).contains(StatxFlags::MNT_ID);
    is_told.then_some(told.stx_mnt_id)
}

/// A field without its escapes: a space is `\040`.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut text = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        if let [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] = rest {
            text.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
            rest = tail;
        } else {
            text.push(*first);
            rest = tail;
        }
    }
    PathBuf::from(OsString::from_vec(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 6] = [
        "29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "40 29 0:40 / /srv/music rw - tmpfs tmpfs rw",
        r"41 40 0:41 / /srv/music/a\040b rw - tmpfs tmpfs rw",
        "42 29 0:42 / /srv/music2 rw - tmpfs tmpfs rw",
        "43 40 0:41 / /srv/music/nas rw - tmpfs tmpfs rw",
        r"44 29 0:40 /al\040bums /no\040such/bound rw - tmpfs tmpfs rw",
    ];

    #[test]
    fn only_mounts_on_the_folder_or_below_it_count() {
        let of = |lines: &[usize], folder: &str| {
            let table: Vec<&str> = lines.iter().map(|line| LINES[*line]).collect();
            Mounts::of(table.join("\n").as_bytes()).fingerprint(Path::new(folder))
        };
        let all = of(&[0, 1, 2, 3, 4], "/srv/music");
        assert_eq!(all, of(&[1, 2, 4], "/srv/music"), "others do not count");
        assert_ne!(all, of(&[0, 1, 2, 3], "/srv/music"), "one below it is gone");
        assert_ne!(all, of(&[0, 2, 3, 4], "/srv/music"), "its own is gone");
        assert_ne!(of(&[2], "/srv/music/a b"), of(&[], "/srv/music/a b"), "names are read as they are");
        assert_eq!(of(&[0, 1], "/home"), of(&[], "/home"));
        assert_ne!(of(&[0], "/"), of(&[0, 1], "/"));
    }

    /// Issue 12: a folder of a library is the same place by a bind mount of it.
    #[test]
    fn a_place_is_the_same_by_whatever_mount() {
        let mounts = Mounts::of(LINES.join("\n").as_bytes());
        let of = |number: u64, below: &str| {
            let mount = mounts.0.iter().find(|mount| mount.number == number).unwrap();
            mount.spot(Path::new(below))
        };
        assert!(of(44, "x").is_in(&of(40, "al bums/x")) && of(40, "al bums/x").is_in(&of(44, "x")));
        assert!(of(44, "x").is_in(&of(40, "")) && !of(40, "").is_in(&of(44, "")));
        assert!(!of(42, "").is_in(&of(40, "")), "another file system");
        assert_eq!(mounts.without_mount(Path::new("/home/x")), None, "no bind mount");
        let below: Vec<_> = mounts.below(Path::new("/no such")).into_iter().map(|(_, point)| point).collect();
        assert_eq!(below, [Path::new("/no such/bound")]);
    }
    /// Issue 12: in a changed root a bind mount of a folder of the library was another place.
    #[test]
    fn what_is_mounted_is_found_where_the_root_is_changed() {
        let top = tempfile::tempdir().unwrap();
        let (music, part) = (top.path().join("music/albums"), top.path().join("part"));
        fs::create_dir_all(&music).unwrap();
        // The link stands for the mount: the same device and inode.
        std::os::unix::fs::symlink(&music, &part).unwrap();
        let line = |root: &Path| {
            format!("2 1 8:1 /true/root{} {} rw - ext4 /dev/sda1 rw", root.display(), part.display())
        };
        let backup = part.join("backup");
        let mounts = Mounts::of(line(&music).as_bytes());
        assert_eq!(mounts.without_mount(&backup), Some(music.join("backup")));
        let other = Mounts::of(line(top.path()).as_bytes());
        assert_eq!(other.without_mount(&backup), None, "another folder of that name");
    }
    /// Issue 12: a library and a data folder of one NFS mount were taken for one folder.
    #[test]
    fn two_folders_of_a_mount_that_does_not_tell_which_are_two_places() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        for folder in ["music", "data"] {
            fs::create_dir(at(folder)).unwrap();
        }
        std::os::unix::fs::symlink(at("music"), at("again")).unwrap();
        let line =
            |number: u32, name: &str| format!("{number} 1 0:50 / {} rw - nfs4 nas:/ rw", at(name).display());
        let mounts = Mounts::of([line(2, "music"), line(3, "data"), line(4, "again")].join("\n").as_bytes());
        let of = |number: usize| mounts.0[number - 2].spot(Path::new("x"));
        assert!(of(2).is_in(&of(2)) && of(4).is_in(&of(2)));
        assert!(!of(3).is_in(&of(2)) && !of(2).is_in(&of(3)));
    }
}
