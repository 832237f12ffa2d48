//! [`SmallDisk`]: a file system that is soon full; [`Bound`]: a folder that is also somewhere else.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A small file system of its own, for those who may mount one.
#[derive(Debug)]
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Mounts one of that many MiB; `None` where that is not allowed.
    ///
    /// # Panics
    /// Without a temporary folder.
    #[must_use]
    pub fn mount(mib: u64) -> Option<Self> {
        Self::with(&format!("size={mib}m"))
    }

    /// Mounts one that has room for that many files; `None` where that is not allowed.
    ///
    /// # Panics
    /// Without a temporary folder.
    #[must_use]
    pub fn of_files(count: u64) -> Option<Self> {
        Self::with(&format!("size=256m,nr_inodes={count}"))
    }

    fn with(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(folder.path());
        let mounted = mount.stderr(std::process::Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl SmallDisk {
    /// Fills it to the last byte, with a file of that name.
    ///
    /// # Panics
    /// When the file cannot be made.
    #[must_use]
    pub fn fill(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [1 << 20, 4_096, 1] {
            let block = vec![0; size];
            while std::io::Write::write_all(&mut file, &block).is_ok() {}
        }
        path
    }

    /// Makes empty files in a folder of it until there can be no more.
    ///
    /// # Panics
    /// When none can be made.
    #[must_use]
    pub fn fill_with_files(&self, name: &str) -> PathBuf {
        let folder = self.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let made = (0..).take_while(|number| std::fs::File::create(folder.join(number.to_string())).is_ok());
        assert!(made.count() > 0);
        folder
    }

    /// Mounts it again, read-only or writable.
    ///
    /// # Panics
    /// When that is refused for too long, because a process has a file open for writing.
    pub fn remount(&self, how: &str) {
        let began = Instant::now();
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{how}")]).arg(self.path()).stderr(Stdio::null());
        // The worker of a server that was killed ends a moment later.
        while !mount.status().unwrap().success() {
            assert!(began.elapsed() < Duration::from_secs(60), "remount,{how}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // At once or when nobody uses it any more.
        let _ended = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// A folder mounted on another one, until this is dropped. What was in the other one is hidden meanwhile.
#[derive(Debug)]
pub struct Bound(PathBuf);

impl Bound {
    /// Mounts `folder` on `point`; `None` where that is not allowed.
    #[must_use]
    pub fn mount(folder: &Path, point: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.arg("--bind").arg(folder).arg(point);
        let mounted = mount.stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(point.to_owned()))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        // A process that reads a file of it can read on.
        let _ended = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A file system that refuses writes from some moment on, as after an error of its disk, while files of it are open.
#[derive(Debug)]
pub struct AbortingDisk {
    _image: tempfile::TempDir,
    point: tempfile::TempDir,
}

impl AbortingDisk {
    /// Mounts one of that many MiB; `None` where that is not allowed.
    ///
    /// # Panics
    /// Without a temporary folder.
    #[must_use]
    pub fn mount(mib: u64) -> Option<Self> {
        let (folder, point) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let image = folder.path().join("image");
        std::fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
        let quiet = |command: &mut Command| {
            let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            ended.is_ok_and(|status| status.success())
        };
        let mounted = quiet(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))
            && quiet(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(point.path()));
        mounted.then_some(Self { _image: folder, point })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.point.path()
    }

    /// From now on every write is refused.
    ///
    /// # Panics
    /// When the file system cannot be told so.
    pub fn abort(&self) {
        let mut mount = Command::new("mount");
        assert!(mount.args(["-o", "remount,abort"]).arg(self.path()).status().unwrap().success());
    }
}

impl Drop for AbortingDisk {
    fn drop(&mut self) {
        let _ended = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
