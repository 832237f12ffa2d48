//! [`TestServer`]: a real `fanfare serve` on a free loopback port, with a data folder of its own.

use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder, header};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::binary::fanfare;

/// Name and password of the owner that [`TestServer::sign_in`] creates.
pub const OWNER: (&str, &str) = ("ada", "a long enough password");

/// How long a connection may be idle and be used again.
const IDLE: Duration = Duration::from_secs(5);

/// What the server is started with.
#[derive(Debug, Default, Clone)]
pub struct ServerStart {
    /// Library folders.
    pub folders: Vec<PathBuf>,
    /// Further arguments.
    pub args: Vec<OsString>,
    /// Environment variables.
    pub environment: Vec<(OsString, OsString)>,
    /// A data folder that outlives the server; a temporary one when `None`.
    pub data: Option<PathBuf>,
    /// How many files the server and its workers may have open, as a limit that they cannot raise.
    pub open_files: Option<u64>,
    /// Where its log goes, for data folders that cannot be written; `server.log` in the data folder when `None`.
    pub log: Option<PathBuf>,
}

/// A running server. Dropping it ends it.
pub struct TestServer {
    child: Child,
    data: PathBuf,
    _own_data: Option<tempfile::TempDir>,
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    /// The one-time link, on a first start.
    pub setup_link: Option<String>,
    /// What it printed about a data folder that cannot be written.
    pub storage: Option<String>,
    /// An HTTP client that keeps cookies.
    pub client: Client,
}

impl TestServer {
    /// Starts the server and waits until it says its address. Its log goes to `server.log` in the data folder.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(start: ServerStart) -> Self {
        let (own_data, data) = match start.data {
            Some(data) => (None, data),
            None => {
                let own = tempfile::tempdir().expect("a temporary folder");
                let data = own.path().to_path_buf();
                (Some(own), data)
            }
        };
        std::fs::create_dir_all(&data).expect("the data folder");
        let log_path = start.log.unwrap_or_else(|| data.join("server.log"));
        let log = std::fs::File::create(&log_path).expect("a log file");
        let mut child = program(start.open_files)
            .arg("serve")
            .args(&start.folders)
            .arg("--data")
            .arg(&data)
            .args(["--listen", "127.0.0.1:0"])
            .args(&start.args)
            .envs(start.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("fanfare starts");
        let mut address = None;
        let (mut setup_link, mut storage) = (None, None);
        for line in BufReader::new(child.stdout.take().expect("a piped output")).lines().map_while(Result::ok)
        {
            match line.split_once("  ").map(|(word, rest)| (word, rest.trim().to_owned())) {
                Some(("address", rest)) => address = Some(rest),
                Some(("setup", rest)) => setup_link = Some(rest),
                Some(("storage", rest)) => storage = Some(rest),
                Some(("ready", _)) => break,
                _ => {}
            }
        }
        let address = address.unwrap_or_else(|| {
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            panic!("the server did not say its address; its log:\n{log}")
        });
        // The server closes what is idle for ten seconds, which a test that waits for a command does not notice.
        let client =
            Client::builder().cookie_store(true).pool_idle_timeout(IDLE).build().expect("an HTTP client");
        Self { child, data, _own_data: own_data, address, setup_link, storage, client }
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The server's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Creates the owner through the setup link; the client is signed in afterwards.
    ///
    /// # Panics
    /// When there is no link, or the server refuses.
    pub async fn sign_in(&self) {
        let link = self.setup_link.as_deref().expect("a setup link");
        let token = link.rsplit('/').next().expect("a token");
        let body = json!({ "token": token, "name": OWNER.0, "password": OWNER.1 });
        let answer = self.request(Method::POST, "/api/v1/setup").json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 201, "setup");
    }

    /// A request with what the server asks of state-changing ones.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address)).header("X-Fanfare", "1")
    }

    /// GET of a JSON answer.
    ///
    /// # Panics
    /// When the status is not 200 or the body is no JSON.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.expect("an answer");
        let status = answer.status();
        let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path} ({kind:?}): {error}: {text}"))
    }

    /// Sends the server a signal.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits until the server ends.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("an end")
    }

    /// Ends it at once, as a crash would, and waits until it has ended.
    pub fn kill(mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }

    /// Asks the server to stop (SIGTERM) and waits for its end.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn stop(self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }
}

/// The program, with a limit on open files where one is asked for.
fn program(open_files: Option<u64>) -> Command {
    let Some(limit) = open_files else { return Command::new(fanfare()) };
    // The shell becomes the program, so the process id stays.
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {limit} && exec \"$@\""), "sh"]).arg(fanfare());
    command
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies a folder and everything in it. What vanishes meanwhile is left out: a server that runs removes its
/// temporary files.
///
/// # Panics
/// When something that is still there cannot be copied.
pub fn copy_folder(from: &Path, to: &Path) {
    let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    let entries = match std::fs::read_dir(from) {
        Err(error) if gone(&error) => return,
        entries => entries.expect("a folder"),
    };
    std::fs::create_dir_all(to).expect("make a folder");
    for entry in entries.map_while(Result::ok) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target);
            continue;
        }
        match std::fs::copy(&path, target) {
            Err(error) if gone(&error) => {}
            copied => drop(copied.expect("copy a file")),
        }
    }
}
