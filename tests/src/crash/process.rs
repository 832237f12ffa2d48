//! A `fanfare serve` that can be killed, and its worker.

use std::{
    fs::{self, File, OpenOptions},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts the server on that library and data folder; its log is added to `log`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(library: &Path, data: &Path, log: &Path, listen: SocketAddr) -> Self {
        let log: File = OpenOptions::new().create(true).append(true).open(log).expect("a log file");
        let child = Command::new(binary())
            .arg("serve")
            .arg(library)
            .arg("--data")
            .arg(data)
            // Made ahead of time or when a listener plays: not part of the outcome by which two runs are compared.
            .env("FANFARE_AUDIO_CACHE_PRECACHE_ON_UPLOAD", "false")
            .args(["--listen", &listen.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("fanfare starts");
        Self { child }
    }

    /// Kills the server at once; its worker is left to itself.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("kill the server");
        self.child.wait().expect("the server's end");
    }

    /// Kills the worker at once, if one runs; says whether one did.
    #[must_use]
    pub fn kill_worker(&self) -> bool {
        let Some(worker) = child_of(self.child.id()) else { return false };
        kill_process(worker, Signal::KILL).is_ok()
    }

    /// Asks the server to stop, and waits for its end.
    ///
    /// # Panics
    /// When it cannot be asked.
    #[must_use]
    pub fn stop(mut self) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id")).expect("a process id");
        kill_process(pid, Signal::TERM).expect("ask the server to stop");
        self.child.wait().expect("the server's end")
    }

    /// Whether it ended by itself.
    ///
    /// # Panics
    /// When that cannot be told.
    #[must_use]
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("how the server is")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The program under test, built if it is missing.
fn binary() -> std::path::PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    BUILT.call_once(|| {
        let test = std::env::current_exe().expect("a running test has a path");
        let profile = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
        if std::env::var_os("FANFARE_BIN").is_none() && !profile.join("fanfare").is_file() {
            let release = profile.ends_with("release").then_some("--release");
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let built =
                Command::new(cargo).args(["build", "--package", "fanfare-server"]).args(release).status();
            assert!(built.expect("cargo runs").success(), "fanfare is built");
        }
    });
    fanfare_testkit::binary::fanfare()
}

/// A child process of that process (a server has one: its worker).
///
/// # Panics
/// When the processes of this machine cannot be listed.
#[must_use]
pub fn child_of(parent: u32) -> Option<Pid> {
    children_of(parent).into_iter().next()
}

/// All child processes of that process: a server has one for background work, and one more after a listener played.
///
/// # Panics
/// When the processes of this machine cannot be listed.
#[must_use]
pub fn children_of(parent: u32) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("a list of processes");
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let child = |pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name (in brackets) may hold anything; state and parent come after it (proc(5)).
        let parent_of = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()?;
        if parent_of == parent { Pid::from_raw(pid) } else { None }
    };
    pids.filter_map(child).collect()
}
