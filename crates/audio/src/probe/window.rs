//! Where in a file the audio bytes lie: after the tags in front, before the tags behind.

use std::{fs::File, os::unix::fs::FileExt};

use fanfare_model::{Error, ErrorKind, Result};

use super::{Container, id3v2_length, probe_untagged};
use crate::Limits;

/// A container and the byte range of the file that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AudioBytes {
    /// What it is.
    pub container: Container,
    /// First byte of the container.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
}

/// How many tags may stand in front of each other; some programs prepend instead of replacing.
const MAX_LEADING_TAGS: usize = 8;

/// Finds the audio bytes of a file. Tags are stepped over, not read, so their size costs nothing.
///
/// # Errors
/// [`ErrorKind::NotAudio`], [`ErrorKind::Empty`], I/O.
pub(crate) fn find_audio(file: &File, limits: &Limits) -> Result<AudioBytes> {
    let length = file.metadata().map_err(|error| Error::from_io("reading the file's size", error))?.len();
    let mut head = read_at(file, 0, limits.max_probe_bytes)?;
    let mut start = 0;
    for _ in 0..MAX_LEADING_TAGS {
        let Some(tag) = id3v2_length(&head) else { break };
        let after = start + tag as u64;
        if after >= length {
            // The tag claims more than there is: its length is wrong, not the audio behind it. Frames are
            // looked for right after the tag's header.
            start += 10;
            head = read_at(file, start, limits.max_probe_bytes)?;
            break;
        }
        start = after;
        head = read_at(file, start, limits.max_probe_bytes)?;
    }
    let (container, offset) = probe_untagged(&head)?;
    let end = match container {
        Container::Mp3 | Container::Adts => end_before_tags(file, start, length, limits)?,
        _ => length,
    };
    Ok(AudioBytes { container, start: start + offset as u64, end })
}

/// Where the trailing tags of a file of bare frames begin: APEv2 (Hydrogenaudio's specification: a footer of
/// 32 bytes) and ID3v1 (the last 128 bytes). A decoder would take their bytes for frames.
///
/// # Errors
/// I/O.
pub(crate) fn end_before_tags(file: &File, start: u64, length: u64, limits: &Limits) -> Result<u64> {
    let mut end = length;
    if end.saturating_sub(start) > 128 && read_at(file, end - 128, 3)? == b"TAG" {
        end -= 128;
    }
    if end.saturating_sub(start) > 32 {
        let footer = read_at(file, end - 32, 32)?;
        if let (Some(b"APETAGEX"), Some(size), Some(flags)) =
            (footer.get(..8), footer.get(12..16), footer.get(20..24))
        {
            let number =
                |bytes: &[u8]| u64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
            let header = if number(flags) & 1 << 31 != 0 { 32 } else { 0 };
            let tag = number(size) + header;
            if tag <= limits.max_tag_bytes && tag < end - start {
                end -= tag;
            }
        }
    }
    Ok(end)
}

/// Up to `most` bytes of the file from that offset; fewer only at its end.
pub(crate) fn read_at(file: &File, offset: u64, most: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Error::from_io("reading the file", error).at_byte(offset + filled as u64));
            }
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Opens a file for reading if it is a regular one; never waits (a FIFO would).
///
/// # Errors
/// [`ErrorKind::Invalid`] for what can be no path; [`ErrorKind::NotAudio`] for folders, devices, pipes and sockets; I/O.
pub(crate) fn open_regular(path: &std::path::Path) -> Result<File> {
    use std::os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _};
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(
            Error::new(ErrorKind::Invalid, "the path is empty, or holds a zero byte").remedy("name a file")
        );
    }
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
        .open(path)
        .map_err(|error| Error::from_io("opening the file", error))?;
    let metadata = file.metadata().map_err(|error| Error::from_io("reading the file's type", error))?;
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::NotAudio, "not a regular file"));
    }
    Ok(file)
}
