//! How far a run is that makes transcodes, and how it ended.

use std::io::{self, IsTerminal as _};

use fanfare_model::Task;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::{self, printable};

/// How a run ended.
pub(super) enum Ended {
    /// It came to its end; so many tracks failed.
    Done {
        /// A closing sentence.
        message: String,
        /// Tracks that failed, each with its reason.
        failed: Vec<String>,
        /// How many there are, named or not.
        failures: u64,
    },
    /// A user stopped it.
    Interrupted,
}

/// Shows how far a run is: a bar on a terminal, a line per track elsewhere.
pub(super) struct Show {
    pub(super) bar: ProgressBar,
    lines: bool,
}

impl Show {
    pub(super) fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), lines: true };
        }
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {wide_msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
        Self { bar: ProgressBar::no_length().with_style(style), lines: false }
    }

    /// A line, where there is no bar. A run goes on when nobody reads them any more.
    pub(super) fn line(&self, text: &str) {
        if self.lines {
            let _closed = output::line(printable(text));
        }
    }

    pub(super) fn task(&self, task: &Task, told: &mut String) {
        self.bar.set_length(task.total);
        self.bar.set_position(task.current);
        let item = task.current_item.as_deref().unwrap_or_default();
        self.bar.set_message(printable(&format!("{} {item}", task.step)));
        // Every line of the log is told once as the message, and may be told again with later states.
        if *told != task.message {
            told.clone_from(&task.message);
            if ["cached ", "skipped ", "left ", "stopped ", "damaged "]
                .iter()
                .any(|word| told.starts_with(word))
            {
                self.line(told);
            }
        }
    }
}
