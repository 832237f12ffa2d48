//! [`FailingDisk`]: a file system whose disk cannot be read beyond some place, as a worn disk (`EIO`).
//!
//! It is in an image file with a loop device: while the image is cut short, what was after the cut cannot be read.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::fs::{Advice, fadvise, syncfs};

/// Blocks of the file system, in bytes.
const BLOCK: u64 = 4_096;
/// How many bytes are enough to find one place of a file.
const SAMPLE: usize = 64;

/// The file system.
#[derive(Debug)]
pub struct FailingDisk {
    folder: tempfile::TempDir,
    point: PathBuf,
    /// Where the image was cut, and the bytes after that.
    cut: Option<(u64, Vec<u8>)>,
}

impl FailingDisk {
    /// Mounts an empty one of that many MiB on an empty folder; `None` where that is not allowed.
    ///
    /// # Panics
    /// Without a temporary folder.
    #[must_use]
    pub fn mount(point: &Path, mib: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        File::create(&image).unwrap().set_len(mib << 20).unwrap();
        let quiet = |command: &mut Command| {
            let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            ended.is_ok_and(|status| status.success())
        };
        // No journal: it would be between the files.
        let options = ["-q", "-F", "-b", "4096", "-O", "^has_journal", "-m", "0"];
        let made = quiet(Command::new("mkfs.ext4").args(options).arg(&image));
        let mounted = made
            && quiet(
                Command::new("mount").args(["-o", "loop,noatime,errors=continue"]).arg(&image).arg(point),
            );
        mounted.then(|| Self { folder, point: point.to_owned(), cut: None })
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// From now on, that byte of a file and everything after it on the disk cannot be read.
    ///
    /// # Panics
    /// When the file cannot be read yet, or the place is not found.
    pub fn fail_behind(&mut self, file: &Path, byte: u64) {
        // The whole block that holds the byte cannot be read.
        let byte = byte - byte % BLOCK;
        syncfs(File::open(&self.point).unwrap()).unwrap();
        let mut sample = [0; SAMPLE];
        File::open(file).unwrap().read_exact_at(&mut sample, byte).unwrap();
        let image = fs::read(self.image()).unwrap();
        let block = usize::try_from(BLOCK).unwrap();
        let place = image.chunks(block).position(|one| one.starts_with(&sample));
        let cut = place.expect("the file's bytes are in the image") * block;
        let rest = image[cut..].to_vec();
        self.cut = Some((cut as u64, rest));
        File::options().write(true).open(self.image()).unwrap().set_len(cut as u64).unwrap();
        self.forget(file);
        assert!(self.is_failing(file, byte), "the bytes can still be read");
    }

    /// Whether that byte of a file cannot be read.
    ///
    /// # Panics
    /// When the file cannot be opened.
    #[must_use]
    pub fn is_failing(&self, file: &Path, byte: u64) -> bool {
        let read = File::open(file).unwrap().read_at(&mut [0; SAMPLE], byte);
        read.is_err_and(|error| error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()))
    }

    /// From now on everything can be read again.
    ///
    /// # Panics
    /// When the image cannot be written.
    pub fn mend(&mut self, file: &Path) {
        let Some((cut, rest)) = self.cut.take() else { return };
        File::options().write(true).open(self.image()).unwrap().write_all_at(&rest, cut).unwrap();
        self.forget(file);
    }

    /// Makes the system drop what it has cached of a file.
    #[allow(clippy::unused_self)] // belongs to the disk
    fn forget(&self, file: &Path) {
        fadvise(File::open(file).unwrap(), 0, None, Advice::DontNeed).unwrap();
    }
}

impl Drop for FailingDisk {
    fn drop(&mut self) {
        let _ended = Command::new("umount").arg("--lazy").arg(&self.point).status();
    }
}
