//! What is mounted below a folder.
//!
//! A watched folder says nothing when a file system is mounted on a folder in it or taken away, so the kernel's table of mounts
//! is compared with what it was when the folder was last scanned. It is not compared with the look before: the kernel gives the
//! number of a mount that was taken away to the next one, so what is put back at once looks as if it had never been away. Where there is none (`/proc` is not mounted), a changed mount is found by the next scan.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

const TABLE: &str = "/proc/self/mountinfo";

/// A number that changes with every mount on that folder or below it.
pub(crate) fn fingerprint(folder: &Path) -> u64 {
    fs::read(TABLE).map_or(0, |table| fingerprint_of(&table, folder))
}

fn fingerprint_of(table: &[u8], folder: &Path) -> u64 {
    let folder = folder.as_os_str().as_bytes();
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    let mut hasher = DefaultHasher::new();
    for line in table.split(|byte| *byte == b'\n') {
        // Number, parent, device, root in it, mount point (proc(5)).
        let mut fields = line.split(|byte| *byte == b' ');
        let (number, device, point) = (fields.next(), fields.nth(1), fields.nth(1));
        let Some(point) = point.map(unescaped) else { continue };
        let below = point.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
        if below {
            (number, device, point).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// A field without its escapes: a space is `\040`.
fn unescaped(field: &[u8]) -> Vec<u8> {
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
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 5] = [
        "29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "40 29 0:40 / /srv/music rw - tmpfs tmpfs rw",
        r"41 40 0:41 / /srv/music/a\040b rw - tmpfs tmpfs rw",
        "42 29 0:42 / /srv/music2 rw - tmpfs tmpfs rw",
        "43 40 0:41 / /srv/music/nas rw - tmpfs tmpfs rw",
    ];

    #[test]
    fn only_mounts_on_the_folder_or_below_it_count() {
        let of = |lines: &[usize], folder: &str| {
            let table: Vec<&str> = lines.iter().map(|line| LINES[*line]).collect();
            fingerprint_of(table.join("\n").as_bytes(), Path::new(folder))
        };
        let all = of(&[0, 1, 2, 3, 4], "/srv/music");
        assert_eq!(all, of(&[1, 2, 4], "/srv/music"), "others do not count");
        assert_ne!(all, of(&[0, 1, 2, 3], "/srv/music"), "one below it is gone");
        assert_ne!(all, of(&[0, 2, 3, 4], "/srv/music"), "its own is gone");
        assert_ne!(of(&[2], "/srv/music/a b"), of(&[], "/srv/music/a b"), "names are read as they are");
        assert_eq!(of(&[0, 1], "/home"), of(&[], "/home"));
        assert_ne!(of(&[0], "/"), of(&[0, 1], "/"));
    }
}
