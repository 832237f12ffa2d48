//! The progress bar of `analyze`: on standard error, and only when that is a terminal.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::printable;

/// How finely one file's progress is told.
const STEPS_PER_FILE: u64 = 1000;

/// The whole run's progress.
pub struct Progress {
    bar: Option<ProgressBar>,
    files: usize,
    done: AtomicU64,
}

/// One file's share of it; when dropped, the file counts as done.
pub struct FileProgress<'a> {
    whole: &'a Progress,
    told: AtomicU64,
}

impl Progress {
    /// A bar over that many files, invisible when `quiet` or when nobody watches.
    pub fn start(files: usize, quiet: bool) -> Self {
        let visible = !quiet && files > 0 && io::stderr().is_terminal();
        let bar = visible.then(|| {
            let bar = ProgressBar::with_draw_target(
                Some(files as u64 * STEPS_PER_FILE),
                ProgressDrawTarget::stderr_with_hz(10),
            );
            let style =
                ProgressStyle::with_template("{bar:30} {percent:>3} %  {prefix}  {eta:>4} left  {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style.progress_chars("=> "));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, files, done: AtomicU64::new(0) }
    }

    /// A file that is being analyzed from now on.
    pub fn file(&self, path: &Path) -> FileProgress<'_> {
        if let Some(bar) = &self.bar {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            bar.set_message(printable(&name));
            bar.set_prefix(format!("{}/{} files", self.done.load(Ordering::Relaxed), self.files));
        }
        FileProgress { whole: self, told: AtomicU64::new(0) }
    }

    /// Prints something while the bar is out of the way.
    pub fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl FileProgress<'_> {
    /// That many frames were analyzed, of so many as the file declares.
    pub fn analyzed(&self, frames: u64, declared: Option<u64>) {
        let Some(declared) = declared.filter(|declared| *declared > 0) else { return };
        let share = u128::from(frames) * u128::from(STEPS_PER_FILE) / u128::from(declared);
        self.tell(u64::try_from(share).unwrap_or(STEPS_PER_FILE).min(STEPS_PER_FILE));
    }

    fn tell(&self, share: u64) {
        let before = self.told.fetch_max(share, Ordering::Relaxed);
        if let Some(bar) = self.whole.bar.as_ref().filter(|_| share > before) {
            bar.inc(share - before);
        }
    }
}

impl Drop for FileProgress<'_> {
    fn drop(&mut self) {
        self.tell(STEPS_PER_FILE);
        let done = self.whole.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(bar) = &self.whole.bar {
            bar.set_prefix(format!("{done}/{} files", self.whole.files));
        }
    }
}
