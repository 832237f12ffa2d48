//! A ladder while it is made: files in the staging folder that grow, and can be played meanwhile.
//!
//! Purpose: a worker writes ([`GrowingVariant`]), the server reads ([`Growing`]); they share nothing but a folder.
//!
//! A folder per attempt ([`growing_folder`]) holds, for each variant, the file itself and an *index*: a line of JSON with
//! the variant's facts, then one per segment, then one with the facts as measured at the end. A segment's line is written
//! after its bytes, so whatever the index names can be read.
//!
//! Invariants: nothing that was written is changed; a line that is not whole is not read; the folder is gone when its
//! ladder is stored, given up, or the server starts again.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

use fanfare_model::{
    Attempt, Error, ErrorKind, JobId, Result,
    hls::{SegmentFacts, VariantFacts},
};
use serde::{Deserialize, Serialize};

use crate::blobs::of_storage;

/// The list of variants, in the order of the ladder; written before any of them begins.
const LIST: &str = "variants.json";
/// The longest index that is read, in bytes: a day of 2-second segments takes a tenth of it.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// A line of an index.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IndexLine {
    Begin(VariantFacts),
    Segment(SegmentFacts),
    End(VariantFacts),
}

/// Where an attempt at a ladder is made.
#[must_use]
pub fn growing_folder(staging: &Path, job: JobId, attempt: Attempt) -> PathBuf {
    staging.join(format!("ladder-{job}-{}", attempt.0))
}

/// A ladder being made, on the side of who makes it. Dropped, it is removed.
#[derive(Debug)]
pub struct GrowingLadder {
    folder: PathBuf,
}

impl GrowingLadder {
    /// Makes the folder, empty.
    ///
    /// # Errors
    /// `NoSpace`, `Io`; `Unavailable` while the storage is away.
    pub fn begin(staging: &Path, job: JobId, attempt: Attempt) -> Result<Self> {
        // What earlier attempts left, whose worker was killed, is worth nothing: they are fenced out.
        let earlier = format!("ladder-{job}-");
        for entry in fs::read_dir(staging).map_err(failed)?.map_while(std::io::Result::ok) {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&earlier)) {
                // What cannot be removed now is removed at the next start of the server.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = growing_folder(staging, job, attempt);
        fs::create_dir(&folder).map_err(failed)?;
        Ok(Self { folder })
    }

    /// Says which variants there will be, by name.
    ///
    /// # Errors
    /// Likewise.
    pub fn list(&self, names: &[String]) -> Result<()> {
        let text = serde_json::to_vec(names).unwrap_or_default();
        let temporary = self.folder.join("variants.new");
        fs::write(&temporary, text).map_err(swept)?;
        fs::rename(temporary, self.folder.join(LIST)).map_err(swept)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for GrowingLadder {
    fn drop(&mut self) {
        // What cannot be removed is removed at the next start of the server.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A variant being written.
#[derive(Debug)]
pub struct GrowingVariant {
    file: File,
    index: File,
}

impl GrowingVariant {
    /// Begins a variant of that name (from a ladder: letters, digits and `-` only).
    ///
    /// # Errors
    /// `NoSpace`, `Io`; `Unavailable` while the storage is away.
    pub fn begin(folder: &Path, name: &str) -> Result<Self> {
        let file = File::create_new(folder.join(file_name(name)?)).map_err(swept)?;
        let index = File::create_new(folder.join(index_name(name)?)).map_err(swept)?;
        Ok(Self { file, index })
    }

    /// Writes the init section.
    ///
    /// # Errors
    /// `NoSpace`, `Io`.
    pub fn init(&mut self, declared: &VariantFacts, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(failed)?;
        self.say(&IndexLine::Begin(declared.clone()))
    }

    /// Writes the next segment.
    ///
    /// # Errors
    /// Likewise.
    pub fn segment(&mut self, segment: SegmentFacts, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(failed)?;
        self.say(&IndexLine::Segment(segment))
    }

    /// Says that it is whole.
    ///
    /// # Errors
    /// Likewise.
    pub fn end(&mut self, measured: &VariantFacts) -> Result<()> {
        self.say(&IndexLine::End(measured.clone()))
    }

    fn say(&mut self, line: &IndexLine) -> Result<()> {
        let mut text = serde_json::to_vec(line).map_err(|error| {
            Error::new(ErrorKind::Internal, "an index line has no JSON form").because(error)
        })?;
        text.push(b'\n');
        self.index.write_all(&text).map_err(failed)
    }
}

/// A variant as far as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growing {
    /// Its file, which grows.
    pub file: PathBuf,
    /// What it is: as declared, or as measured once it is [whole](Self::whole).
    pub facts: VariantFacts,
    /// The segments that can be read.
    pub segments: Vec<SegmentFacts>,
    /// Whether no more will come.
    pub whole: bool,
}

/// The names of the variants of a ladder being made, in order; `None` while that is not known.
#[must_use]
pub fn growing_names(folder: &Path) -> Option<Vec<String>> {
    serde_json::from_slice(&fs::read(folder.join(LIST)).ok()?).ok()
}

/// A variant of a ladder being made; `None` while it has not begun.
///
/// # Errors
/// `Io`; `Invalid` for a name that no ladder can have.
pub fn growing_variant(folder: &Path, name: &str) -> Result<Option<Growing>> {
    let index = match File::open(folder.join(index_name(name)?)) {
        Ok(index) => index,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut reader = BufReader::new(std::io::Read::take(index, MAX_INDEX_BYTES));
    let (mut facts, mut segments, mut whole) = (None, Vec::new(), false);
    let mut text = Vec::new();
    loop {
        text.clear();
        reader.read_until(b'\n', &mut text).map_err(failed)?;
        if !text.ends_with(b"\n") {
            break;
        }
        match serde_json::from_slice(&text) {
            Ok(IndexLine::Begin(declared)) => facts = Some(declared),
            Ok(IndexLine::Segment(segment)) => segments.push(segment),
            Ok(IndexLine::End(measured)) => (facts, whole) = (Some(measured), true),
            Err(error) => return Err(Error::new(ErrorKind::Io, "an index line is damaged").because(error)),
        }
    }
    let file = folder.join(file_name(name)?);
    Ok(facts.map(|facts| Growing { file, facts, segments, whole }))
}

fn file_name(name: &str) -> Result<String> {
    Ok(format!("{}.mp4", checked(name)?))
}

fn index_name(name: &str) -> Result<String> {
    Ok(format!("{}.index", checked(name)?))
}

/// The name, if it is one that a ladder can have: it becomes part of a file's name.
fn checked(name: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.is_empty() && name.len() <= 32 && name.bytes().all(plain) {
        return Ok(name);
    }
    Err(Error::new(ErrorKind::Invalid, "this is no name of a variant"))
}

/// The folder was made, and is gone: a server that restarted removed it as a leftover of the one before. The next attempt
/// makes another.
fn swept(error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Error::new(ErrorKind::Io, "what was made was removed by a server that restarted")
            .because(error);
    }
    failed(error)
}

fn failed(error: std::io::Error) -> Error {
    of_storage("writing a ladder", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(frames: u64) -> VariantFacts {
        VariantFacts {
            name: "low".to_owned(),
            codecs: "mp4a.40.2".to_owned(),
            sample_rate_hz: 44_100,
            channels: 2,
            frames,
            priming_frames: 1_024,
            bandwidth_bps: 1,
            average_bandwidth_bps: 1,
            init_bytes: 4,
            lossless: false,
            transport: None,
        }
    }

    #[test]
    fn what_the_index_names_can_be_read_and_a_torn_line_is_not() {
        let staging = tempfile::tempdir().unwrap();
        let job = JobId::from_bytes([1; 16]);
        let ladder = GrowingLadder::begin(staging.path(), job, Attempt(2)).unwrap();
        let folder = growing_folder(staging.path(), job, Attempt(2));
        assert_eq!(ladder.folder(), folder);
        assert_eq!(growing_names(&folder), None);
        ladder.list(&["low".to_owned()]).unwrap();
        assert_eq!(growing_names(&folder), Some(vec!["low".to_owned()]));
        assert_eq!(growing_variant(&folder, "low").unwrap(), None);

        let mut variant = GrowingVariant::begin(&folder, "low").unwrap();
        variant.init(&facts(0), b"init").unwrap();
        let segment = SegmentFacts { index: 0, first_frame: 0, frames: 5, offset_bytes: 4, len_bytes: 3 };
        variant.segment(segment, b"one").unwrap();
        let seen = growing_variant(&folder, "low").unwrap().unwrap();
        assert_eq!((seen.facts, seen.segments, seen.whole), (facts(0), vec![segment], false));
        assert_eq!(fs::read(&seen.file).unwrap(), b"initone");

        let mut torn = File::options().append(true).open(folder.join("low.index")).unwrap();
        torn.write_all(b"{\"segment\":{\"ind").unwrap();
        assert_eq!(growing_variant(&folder, "low").unwrap().unwrap().segments.len(), 1);
        // The worker was killed: its ladder is still there until the next attempt begins.
        std::mem::forget(ladder);
        let ladder = GrowingLadder::begin(staging.path(), job, Attempt(3)).unwrap();
        assert_eq!(fs::read_dir(staging.path()).unwrap().count(), 1);
        drop(ladder);
        assert!(!folder.exists());
    }

    #[test]
    fn a_name_never_leads_anywhere_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "..", "a/b", "A", "a\0", &"a".repeat(33)] {
            assert_eq!(
                growing_variant(folder.path(), name).unwrap_err().kind(),
                ErrorKind::Invalid,
                "{name:?}"
            );
        }
    }
}
