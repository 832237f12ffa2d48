//! [`SmallDisk`]: a file system that is soon full.

use std::{path::Path, process::Command};

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
