//! [`Following`]: a file of the cache folder that is read while it is made.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::Arc,
};

use fanfare_model::{BlockGrid, Error, ErrorKind, Profile, Result};

use super::{file_path, index_path};

/// The longest line of an index, in bytes.
const MAX_LINE_BYTES: u64 = 4_096;

/// A file being made, seen by who reads from it.
#[derive(Debug)]
pub struct Following {
    file: Arc<File>,
    index: BufReader<File>,
    grid: BlockGrid,
    done: Vec<bool>,
    left: u32,
}

impl Following {
    /// Opens the file that is made for that profile there; `None` while it has not begun.
    ///
    /// # Errors
    /// `Io` when its index cannot be read.
    pub fn open(folder: &Path, profile: Profile) -> Result<Option<Self>> {
        let opened = File::open(index_path(folder, profile))
            .and_then(|index| Ok((index, Arc::new(File::open(file_path(folder, profile))?))));
        let (index, file) = match opened {
            Ok(both) => both,
            // In place of the folder lies a file: nothing has begun, and the encoder says what is wrong.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(unread(error)),
        };
        let mut index = BufReader::new(index);
        let mut line = String::new();
        index.by_ref().take(MAX_LINE_BYTES).read_line(&mut line).map_err(unread)?;
        if !line.ends_with('\n') {
            return Ok(None);
        }
        let grid: BlockGrid = serde_json::from_str(&line)
            .map_err(|error| Error::new(ErrorKind::Io, "an index line is damaged").because(error))?;
        let mut following =
            Self { file, index, grid, done: vec![false; grid.blocks as usize], left: grid.blocks };
        following.look()?;
        Ok(Some(following))
    }

    /// Takes in the blocks that were written since the last look.
    ///
    /// # Errors
    /// `Io`.
    pub fn look(&mut self) -> Result<()> {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.index.by_ref().take(MAX_LINE_BYTES).read_line(&mut line).map_err(unread)?;
            if !line.ends_with('\n') {
                // Not whole yet: read again at the next look.
                let back = i64::try_from(read).unwrap_or(0);
                self.index.seek_relative(-back).map_err(unread)?;
                if read == 0 {
                    // A reader at its end stays there until it is moved.
                    let here = self.index.stream_position().map_err(unread)?;
                    self.index.seek(SeekFrom::Start(here)).map_err(unread)?;
                }
                return Ok(());
            }
            let block = line.trim().parse::<usize>().ok();
            if let Some(done) = block.and_then(|block| self.done.get_mut(block))
                && !std::mem::replace(done, true)
            {
                self.left -= 1;
            }
        }
    }

    /// How the file lies.
    #[must_use]
    pub const fn grid(&self) -> BlockGrid {
        self.grid
    }

    /// Whether a block can be read.
    #[must_use]
    pub fn has(&self, block: u32) -> bool {
        self.done.get(block as usize).copied().unwrap_or(false)
    }

    /// Whether all of it can be read.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.left == 0
    }

    /// The open file.
    #[must_use]
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }
}

fn unread(error: io::Error) -> Error {
    Error::from_io("reading a file that is being made", error)
}
