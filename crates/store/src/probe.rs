//! What a disk has room for, found by asking its file system and by writing.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::fs::{StatVfs, statvfs};

/// What a test file holds, so that one that a crash left can be told from a person's.
const FILL: u8 = b'x';

/// Test files made by this process: two at the same time must not share one.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Tries whether a file of that many bytes can be written in that folder, and removes it again; its name begins with `prefix`.
/// On a full disk a file can be made, and has no byte; only writing finds a quota. Blocks.
///
/// # Errors
/// Those of making, writing and removing the file.
pub fn try_writing(folder: &Path, prefix: &str, bytes: usize) -> io::Result<()> {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{prefix}{}-{number}", std::process::id()));
    // Of a process of the same number.
    let _left_over = fs::remove_file(&path);
    let written = File::create_new(&path).and_then(|mut file| file.write_all(&vec![FILL; bytes]));
    // Only a crash before this line leaves the file behind.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => written.and(Err(error)),
        _ => written,
    }
}

/// Removes the files of earlier tests with that prefix that a crash left behind, and nothing that holds anything else. A test of
/// another process that is under way loses nothing: it goes on writing into its file.
pub(crate) fn remove_left_over(folder: &Path, prefix: &str, most_bytes: usize) {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(prefix));
        if number.is_some_and(is_number) && is_test(&entry.path(), most_bytes) {
            let _gone = fs::remove_file(entry.path());
        }
    }
}

/// Whether the file holds what a test file holds, or a part of it: the folder may have other files of such a name. Earlier
/// versions wrote zeros.
fn is_test(path: &Path, most_bytes: usize) -> bool {
    let is_small =
        fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= most_bytes as u64);
    is_small && fs::read(path).is_ok_and(|bytes| bytes.iter().all(|byte| matches!(*byte, FILL | 0)))
}

/// How many bytes are free for us where that path lies, or would be made; `None` where the system does not say. Blocks.
pub(crate) fn free_bytes_at(path: &Path) -> Option<u64> {
    path.ancestors().find_map(|above| statvfs(above).ok()).map(|figures| free_bytes(&figures))
}

/// How many bytes a file system has free for us.
pub(crate) fn free_bytes(figures: &StatVfs) -> u64 {
    figures.f_bavail.saturating_mul(figures.f_frsize)
}
