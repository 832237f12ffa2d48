//! Names of files and folders that systems and programs put into a music library, and that hold no music.
//!
//! A dot at the beginning of a name does not tell: `...Even Louder` and `.45 Club` are music. So there is a list of the names
//! that are left out.

use std::ffi::OsStr;

/// Whole names, in lower case: trash, snapshots, indexes and settings of systems, storage boxes and programs.
const NAMES: &[&str] = &[
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "@sharebin",
    "@tmp",
    ".appledb",
    ".appledesktop",
    ".appledouble",
    ".cache",
    ".config",
    ".documentrevisions-v100",
    ".dropbox.cache",
    ".ds_store",
    ".fseventsd",
    ".git",
    ".hg",
    ".local",
    ".snapshot",
    ".snapshots",
    ".spotlight-v100",
    ".stfolder",
    ".stversions",
    ".svn",
    ".sync",
    ".temporaryitems",
    ".thumbnails",
    ".trash",
    ".trashes",
    ".zfs",
    "lost+found",
    "recycler",
    "system volume information",
];

/// Beginnings of names, in lower case: what macOS puts beside each file on other file systems, trash of one user, deleted files
/// that are still open, and files that are still being copied or written.
const PREFIXES: &[&str] =
    &["._", ".trash-", ".nfs0", ".fuse_hidden", ".goutputstream-", ".syncthing.", ".~lock.", ".fanfare-"];

/// Whether a name is one that a system or a program made, and that holds no music of its own.
#[must_use]
pub fn is_system_name(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    NAMES.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn music_may_begin_with_dots_and_system_names_are_left_out() {
        for (name, expected) in [
            ("...Even Louder", false),
            (".45 Club", false),
            (".hidden song.mp3", false),
            (".trashcan blues.mp3", false),
            ("recycle.mp3", false),
            ("#1 Hits", false),
            ("$uicideboy$", false),
            ("#recycle", true),
            ("$RECYCLE.BIN", true),
            ("@Recycle", true),
            ("@eaDir", true),
            ("#snapshot", true),
            (".Trash-1000", true),
            (".Trashes", true),
            ("._song.mp3", true),
            (".fanfare-17.tmp", true),
            ("System Volume Information", true),
        ] {
            assert_eq!(is_system_name(OsStr::new(name)), expected, "{name}");
        }
    }
}
