//! [`ChildMark`]: by which the children of a process are found, also after it has ended.
//!
//! Why: a child ends when its pipes close, or is ended with its source. One that hangs notices no pipe, and a process that was
//! killed ends nobody. So each child carries a mark of the process that started it in its environment, and passes it on to what
//! it starts. Only Linux tells the environment of a process; elsewhere no child is found.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// The variable that holds the mark: the only one of a child.
const NAME: &str = "FANFARE_PARENT";

/// The mark of one process: its number, and when it started, because numbers are used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildMark(String);

impl ChildMark {
    /// The mark of that process; `None` where it is gone, or the system does not tell.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name is in parentheses and may hold anything. The start is field 22 of `proc_pid_stat(5)`, the state field 3.
        let start = stat.rsplit_once(") ")?.1.split(' ').nth(19)?;
        start.parse::<u64>().ok().map(|start| Self(format!("{pid}-{start}")))
    }

    /// The mark of this process.
    #[must_use]
    pub fn own() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// The variable of a child, with its value.
    pub(super) fn variable(&self) -> (&'static str, &str) {
        (NAME, &self.0)
    }

    /// Ends the children of that process, and what they started; returns how many there were.
    pub fn end_children(&self) -> usize {
        let wanted = format!("{NAME}={}", self.0);
        let Ok(processes) = fs::read_dir("/proc") else { return 0 };
        let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let carries = |pid: &i32| {
            // Others' processes cannot be read, and are not ours.
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        };
        let ended = |pid| Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok());
        numbers.filter(carries).filter(|pid| ended(*pid)).count()
    }
}
