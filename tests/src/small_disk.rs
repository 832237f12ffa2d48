//! [`SmallDisk`]: a file system that is soon full; [`Bound`]: a folder that is also somewhere else.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
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
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mib}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path());
        let mounted = mount.stderr(std::process::Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
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
        // Whoever reads a file of it reads on.
        let _ended = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
