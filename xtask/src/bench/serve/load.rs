//! Load by `wrk`: whole files, or pieces of one at random places.

use std::{fs, path::Path};

use super::{client::Source, servers::Server};
use crate::process::command;

/// Bytes of a piece (issue 5, "Speed and size").
pub const PIECE_BYTES: u64 = 64 * 1024;
/// How many different requests are made beforehand: making them must cost next to nothing.
const REQUESTS: u64 = 256;

/// What came of a run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Bytes that came a second.
    pub bytes_per_s: f64,
    /// Requests answered a second.
    pub requests_per_s: f64,
    /// Share of a processor that the server took.
    pub server_cpus: f64,
}

/// How `wrk` is run.
#[derive(Debug, Clone)]
pub struct Load {
    /// Words in front of it.
    pub before: Vec<String>,
    /// Connections kept open.
    pub connections: u32,
    /// Seconds a run takes.
    pub seconds: u32,
}

impl Load {
    /// Asks for the whole file (`len` is not needed then), or for pieces of it.
    pub fn run(
        &self,
        home: &Path,
        server: &Server,
        file: &Source,
        pieces_of: Option<u64>,
    ) -> Result<Run, String> {
        let script = home.join("wrk.lua");
        fs::write(&script, lua(pieces_of)).map_err(|error| format!("{}: {error}", script.display()))?;
        let mut words: Vec<String> = self.before.clone();
        words.extend(["wrk", "-t1", "--timeout", "30"].map(ToOwned::to_owned));
        words.extend([format!("-c{}", self.connections), format!("-d{}", self.seconds)]);
        words.extend(["-s".to_owned(), script.display().to_string()]);
        for field in file.fields.lines() {
            words.extend(["-H".to_owned(), field.to_owned()]);
        }
        words.push(file.url());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let before_s = server.cpu_s();
        let output = command(&words).output().map_err(|error| format!("wrk: {error}"))?;
        let cpu_s = server.cpu_s() - before_s;
        let text = String::from_utf8_lossy(&output.stdout);
        read(&text, cpu_s).ok_or_else(|| {
            format!("wrk at {}: {text}{}", file.url(), String::from_utf8_lossy(&output.stderr))
        })
    }
}

/// The numbers of our script's line; `None` when an answer was no good.
fn read(text: &str, cpu_s: f64) -> Option<Run> {
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "))?;
    let numbers: Vec<f64> = line.split(' ').map_while(|number| number.parse().ok()).collect();
    let [requests, bytes, microseconds, errors] = numbers[..] else { return None };
    let seconds = microseconds / 1e6;
    (errors == 0.0 && requests > 0.0).then(|| Run {
        bytes_per_s: bytes / seconds,
        requests_per_s: requests / seconds,
        server_cpus: cpu_s / seconds,
    })
}

fn lua(pieces_of: Option<u64>) -> String {
    let done = r#"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.bytes, summary.duration, e.connect + e.read + e.write + e.status))
end
"#;
    let Some(len) = pieces_of else { return done.to_owned() };
    let places = len / PIECE_BYTES;
    format!(
        r#"
local made, at = {{}}, 0
init = function(args)
  math.randomseed(5)
  for i = 1, {REQUESTS} do
    local first = math.random(0, {places} - 1) * {PIECE_BYTES}
    wrk.headers["Range"] = string.format("bytes=%d-%d", first, first + {PIECE_BYTES} - 1)
    made[i] = wrk.format()
  end
end
request = function()
  at = at % {REQUESTS} + 1
  return made[at]
end
{done}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_with_errors_is_none() {
        let run = read("Running\nRESULT 200 4000000 2000000 0\n", 1.0).unwrap_or_else(|| unreachable!());
        assert_eq!((run.requests_per_s, run.bytes_per_s, run.server_cpus), (100.0, 2e6, 0.5));
        for text in ["RESULT 200 4000000 2000000 3", "RESULT 0 0 2000000 0", "nothing"] {
            assert!(read(text, 1.0).is_none(), "{text}");
        }
    }
}
