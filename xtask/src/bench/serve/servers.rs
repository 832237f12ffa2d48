//! The two servers over one folder of files, and what the system says about their processes.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::client::Source;
use crate::{live::Live, process::root};

/// How long a server may take until it answers, and ours until it has heard the files.
const PATIENCE: Duration = Duration::from_secs(300);
/// Ticks of `/proc/PID/stat` in a second, on every Linux.
const TICKS_PER_S: f64 = 100.0;
/// Bytes of a page, as `/proc/net/sockstat` counts.
const PAGE_BYTES: f64 = 4096.0;

/// A running server.
pub struct Server {
    /// As the tables call it.
    pub name: &'static str,
    /// Its process.
    pub pid: u32,
    /// The files, in the order of their names.
    pub files: Vec<Source>,
    _process: Process,
}

/// What ends when it is dropped.
enum Process {
    Ours { _live: Live },
    Nginx(Child),
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Self::Nginx(child) = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Server {
    /// Our release build, once it has heard every file. `before`: words in front of the program.
    pub fn ours(data: &Path, music: &Path, names: &[&str], before: &[String]) -> Result<Self, String> {
        let live = Live::over(&root().join("target/release/fanfare"), data, music, before)?;
        let token = live.setup_link.rsplit('/').next().unwrap_or_default();
        let address = live.address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let visitor = Source { address, path: String::new(), fields: String::new() };
        let owner = json!({"token": token, "name": "bench", "password": "bench-password"});
        let (head, _) = visitor.at("/api/v1/setup").call("POST", &owner.to_string())?;
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
        let cookie = cookie.ok_or("no cookie came with the setup")?;
        let person = Source { fields: format!("cookie: {cookie}\r\nx-fanfare: 1\r\n"), ..visitor };
        let (_, key) = person.at("/api/v1/keys").call("POST", r#"{"name":"bench"}"#)?;
        let key = serde_json::from_str::<Value>(&key).map_err(|error| error.to_string())?;
        let secret = key["secret"].as_str().ok_or("no key was made")?;
        let player = Source { fields: format!("authorization: Bearer {secret}\r\n"), ..person };
        let files = analyzed(&player, names)?;
        Ok(Self { name: "Fanfare", pid: live.pid(), files, _process: Process::Ours { _live: live } })
    }

    /// nginx with one worker in its only process, set up as one does for files: `sendfile` and `tcp_nopush` on, open files kept, no log.
    pub fn nginx(home: &Path, music: &Path, names: &[&str], before: &[String]) -> Result<Self, String> {
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let address = free.map_err(|error| error.to_string())?.to_string();
        let (home, music) = (home.display(), music.display());
        let config = format!(
            "daemon off;\nmaster_process off;\nworker_processes 1;\npid {home}/nginx.pid;\nerror_log {home}/nginx.log crit;\n\
             events {{ worker_connections 4096; }}\n\
             http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  keepalive_requests 1000000000;\n\
             \x20 open_file_cache max=1000;\n  default_type audio/wav;\n\
             \x20 client_body_temp_path {home}/body;\n  proxy_temp_path {home}/proxy;\n  fastcgi_temp_path {home}/fastcgi;\n\
             \x20 uwsgi_temp_path {home}/uwsgi;\n  scgi_temp_path {home}/scgi;\n\
             \x20 server {{ listen {address}; root {music}; }}\n}}\n"
        );
        let path = format!("{home}/nginx.conf");
        fs::write(&path, config).map_err(|error| format!("{path}: {error}"))?;
        let words: Vec<String> =
            before.iter().cloned().chain(["nginx".to_owned(), "-c".to_owned(), path]).collect();
        let (program, arguments) = words.split_first().ok_or("nothing to run")?;
        let child = Command::new(program).args(arguments).stdin(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{program}: {error}"))?;
        let files: Vec<Source> = names
            .iter()
            .map(|name| Source { address: address.clone(), path: format!("/{name}"), fields: String::new() })
            .collect();
        let (pid, process) = (child.id(), Process::Nginx(child));
        let first = files.first().ok_or("no file")?;
        wait("nginx does not answer", || Ok(first.call("HEAD", "").is_ok().then_some(())))?;
        Ok(Self { name: "nginx", pid, files, _process: process })
    }

    /// Processor time it took so far, in seconds.
    pub fn cpu_s(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        // The name in brackets may hold anything; state is the first field behind it, user and system time the 12th and 13th.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
        ticks.sum::<f64>() / TICKS_PER_S
    }

    /// Its resident memory, in bytes.
    pub fn resident_bytes(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kib.unwrap_or_default() * 1024.0
    }
}

/// Memory of all TCP sockets of the machine, in bytes: both ends, as both are here.
pub fn socket_bytes() -> f64 {
    let text = fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:")).unwrap_or_default();
    let pages = line.split_whitespace().skip_while(|word| *word != "mem").nth(1);
    pages.and_then(|pages| pages.parse::<f64>().ok()).unwrap_or_default() * PAGE_BYTES
}

/// The tracks of those files, once the server has analyzed them all and has nothing else to do.
fn analyzed(player: &Source, names: &[&str]) -> Result<Vec<Source>, String> {
    wait("the files were not analyzed in time", || {
        let (_, list) = player.at("/api/v1/tracks?limit=100").call("GET", "")?;
        let list = serde_json::from_str::<Value>(&list).map_err(|error| error.to_string())?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let ready = |name: &&str| {
            let title = name.trim_end_matches(".wav");
            let track = items.iter().find(|track| track["title"] == title && track["state"] == "ready")?;
            Some(player.at(&format!("/api/v1/tracks/{}/audio", track["id"].as_str()?)))
        };
        Ok(names.iter().map(ready).collect())
    })
}

fn wait<T>(complaint: &str, mut look: impl FnMut() -> Result<Option<T>, String>) -> Result<T, String> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look()? {
            return Ok(found);
        }
        thread::sleep(Duration::from_millis(200));
    }
    Err(complaint.to_owned())
}
