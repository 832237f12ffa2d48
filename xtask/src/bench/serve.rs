//! `cargo xtask bench serve`: sending stored files, beside nginx: whole ones, pieces of 64 KiB, and a thousand slow readers.
//!
//! Both servers send the same files of the same folder, on the same processor, in turn, to the same `wrk`; a round gives one
//! ratio, and the middle of the rounds counts: whatever else the machine does hits both sides of a ratio alike.

mod client;
mod load;
mod servers;

use std::fs;

use clap::Args;
use client::SlowReaders;
use load::{Load, Run};
use servers::{Server, socket_bytes};

use super::{
    page,
    target::{self, Target},
};
use crate::process::{command, exists, root, watch};

/// At least this share of nginx's bytes a second for whole files, and of its requests a second for pieces (issue 5, "Speed and size").
const WHOLE: f64 = 0.90;
const PIECES: f64 = 0.60;
/// Memory of the server for a slow reader, in bytes, at most (issue 5).
const PER_READER_BYTES: f64 = 64.0 * 1024.0;
/// How much longer a fast reader may take beside the slow ones. The issue says "no effect"; this is the noise of a busy machine.
const SLOWED: f64 = 1.10;

/// The files: a track as it is stored for a phone, and one as it was bought.
const FILES: [(&str, u64); 2] = [("five-megabytes.wav", 5_000_000), ("forty-megabytes.wav", 40_000_000)];
/// How often a fast reader takes the large file for one figure.
const FAST_READS: usize = 15;

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    /// Rounds; each runs every load at both servers
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// How long one run of wrk takes, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    seconds: u32,
    /// Connections that wrk keeps open
    #[arg(long, value_name = "N", default_value_t = 8)]
    connections: u32,
    /// Readers of 10 kB/s
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    slow: usize,
    /// Print only; leave docs/benchmarks.md as it is
    #[arg(long)]
    no_write: bool,
}

/// Runs all of it.
pub fn run(options: &Options) -> bool {
    match measured(options) {
        Ok(ok) => ok,
        Err(complaint) => {
            eprintln!("{complaint}");
            false
        }
    }
}

/// What one load came to at both servers, round by round.
struct Compared {
    name: String,
    ours: Vec<Run>,
    nginx: Vec<Run>,
}

/// What slow readers cost at one server.
struct Slow {
    name: &'static str,
    each_bytes: f64,
    sockets_bytes: f64,
    lasted: usize,
    alone_s: f64,
    with_slow_s: f64,
}

fn measured(options: &Options) -> Result<bool, String> {
    install()?;
    if !watch(command(&["cargo", "build", "--release", "--locked", "-p", "fanfare-server", "--bins"])).ok {
        return Err("the release build failed".to_owned());
    }
    let home = root().join("target/bench-serve");
    let _ = fs::remove_dir_all(&home);
    let music = home.join("music");
    fs::create_dir_all(&music).map_err(|error| format!("{}: {error}", music.display()))?;
    for (name, bytes) in FILES {
        fs::write(music.join(name), wav(bytes)).map_err(|error| format!("{name}: {error}"))?;
    }
    // Servers on the first processor, their clients on the others, where there are others.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let on = |cpus: String| {
        if cores > 1 { vec!["taskset".to_owned(), "-c".to_owned(), cpus] } else { Vec::new() }
    };
    let names = FILES.map(|(name, _)| name);
    let ours = Server::ours(&home.join("data"), &music, &names, &on("0".to_owned()))?;
    let nginx = Server::nginx(&home, &music, &names, &on("0".to_owned()))?;
    let load = Load {
        before: on(format!("1-{}", cores - 1)),
        connections: options.connections,
        seconds: options.seconds,
    };
    let loads = [
        ("whole files of 5 MB", 0, None),
        ("whole files of 40 MB", 1, None),
        ("pieces of 64 KiB", 1, Some(FILES[1].1)),
    ];
    let mut all: Vec<Compared> = loads
        .iter()
        .map(|(name, ..)| Compared { name: (*name).to_owned(), ours: Vec::new(), nginx: Vec::new() })
        .collect();
    for round in 0..=options.runs {
        for (compared, (name, file, pieces_of)) in all.iter_mut().zip(loads) {
            let run = |server: &Server| load.run(&home, server, &server.files[file], pieces_of);
            // Who begins changes from round to round.
            let (one, other) = if round % 2 == 0 {
                let one = run(&ours)?;
                (one, run(&nginx)?)
            } else {
                let other = run(&nginx)?;
                (run(&ours)?, other)
            };
            eprintln!("round {round}, {name}: {:.2} of nginx", one.bytes_per_s / other.bytes_per_s);
            // The first one warms up.
            if round > 0 {
                compared.ours.push(one);
                compared.nginx.push(other);
            }
        }
    }
    let mut failed = Vec::new();
    let slow: Vec<Slow> = [&ours, &nginx]
        .into_iter()
        .filter_map(|server| {
            slow(server, options.slow)
                .inspect_err(|complaint| {
                    eprintln!("{} with slow readers: {complaint}", server.name);
                    failed.push(server.name);
                })
                .ok()
        })
        .collect();
    let targets = judge(&all, &slow);
    let text = text(options, &all, (&slow, &failed), &targets);
    println!("{text}");
    if !options.no_write {
        page::write("serve", &text)?;
    }
    Ok(targets.iter().all(|target| target.met() == Some(true)))
}

/// nginx and wrk from apt where they are missing. The nginx that Debian starts on installation is nobody's business here.
fn install() -> Result<(), String> {
    let missing: Vec<&str> =
        [("nginx", "nginx-light", "-v"), ("wrk", "wrk", "--version"), ("taskset", "util-linux", "--version")]
            .into_iter()
            // wrk ends with 1 whatever it is asked.
            .filter(|(program, _, ask)| {
                !exists(&["sh", "-c", &format!("command -v {program} && {{ {program} {ask}; true; }}")])
            })
            .map(|(_, package, _)| package)
            .collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!(
        "This compares with nginx by means of wrk; {} is missing and comes from apt now.",
        missing.join(", ")
    );
    let mut words = vec!["apt-get", "install", "--yes", "--no-install-recommends"];
    words.extend(&missing);
    if watch(command(&words)).ok {
        Ok(())
    } else {
        Err(format!(
            "install {} (as root: apt-get install {}), then run this again",
            missing.join(", "),
            missing.join(" ")
        ))
    }
}

/// A file of noise of about that length: 16 bits, stereo, 44.1 kHz.
fn wav(bytes: u64) -> Vec<u8> {
    let data = u32::try_from(bytes.saturating_sub(44) / 4 * 4).unwrap_or(u32::MAX / 4 * 4);
    let mut file = Vec::with_capacity(data as usize + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(data + 36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    file.extend_from_slice(&44_100_u32.to_le_bytes());
    file.extend_from_slice(&176_400_u32.to_le_bytes());
    file.extend_from_slice(b"\x04\0\x10\0data");
    file.extend_from_slice(&data.to_le_bytes());
    let mut state = 1_u32;
    while file.len() < data as usize + 44 {
        // Numerical Recipes' generator: noise is all that is asked of it.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        file.extend_from_slice(&((state >> 20) as u16).wrapping_sub(2048).to_le_bytes());
    }
    file
}

fn slow(server: &Server, count: usize) -> Result<Slow, String> {
    let (file, len) = (&server.files[1], FILES[1].1 / 4 * 4);
    let fast = || -> Result<f64, String> {
        let times = (0..FAST_READS).map(|_| file.time(len)).collect::<Result<Vec<_>, _>>()?;
        Ok(middle(times))
    };
    let before_s = fast()?;
    let (memory, sockets) = (server.resident_bytes(), socket_bytes());
    let readers = SlowReaders::begin(file, count)?;
    let with_slow_s = fast()?;
    let (memory, sockets) = (server.resident_bytes() - memory, socket_bytes() - sockets);
    let lasted = readers.end();
    let after_s = fast()?;
    eprintln!("{}: {count} slow readers, {lasted} lasted", server.name);
    Ok(Slow {
        name: server.name,
        each_bytes: memory / count as f64,
        sockets_bytes: sockets / count as f64,
        lasted,
        alone_s: f64::midpoint(before_s, after_s),
        with_slow_s,
    })
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        values.get(half).copied().unwrap_or_default()
    } else {
        f64::midpoint(
            values.get(half.wrapping_sub(1)).copied().unwrap_or_default(),
            values.get(half).copied().unwrap_or_default(),
        )
    }
}

/// The middle of the rounds' ratios.
fn ratio(compared: &Compared, of: impl Fn(&Run) -> f64) -> Option<f64> {
    let ratios = ratios(compared, of);
    (!ratios.is_empty()).then(|| middle(ratios))
}

fn ratios(compared: &Compared, of: impl Fn(&Run) -> f64) -> Vec<f64> {
    compared.ours.iter().zip(&compared.nginx).map(|(ours, nginx)| of(ours) / of(nginx)).collect()
}

/// How far the rounds' ratios lie apart: what the middle is worth.
fn spread(compared: &Compared) -> String {
    let ratios = ratios(compared, |run| run.bytes_per_s);
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    format!("{least:.2} to {most:.2}")
}

fn judge(all: &[Compared], slow: &[Slow]) -> Vec<Target> {
    let mut targets: Vec<Target> = all
        .iter()
        .map(|compared| {
            if compared.name.starts_with("whole") {
                let figure = format!("{}: bytes/s / nginx's", compared.name);
                Target::at_least(&figure, ratio(compared, |run| run.bytes_per_s), WHOLE, " x")
            } else {
                let figure = format!("{}: requests/s / nginx's", compared.name);
                Target::at_least(&figure, ratio(compared, |run| run.requests_per_s), PIECES, " x")
            }
        })
        .collect();
    let ours = slow.iter().find(|slow| slow.name == "Fanfare");
    let kib = ours.map(|ours| ours.each_bytes / 1024.0);
    let each = Target::at_most("a slow reader: memory of the server", kib, PER_READER_BYTES / 1024.0, " KiB");
    targets.push(each.decimals(1));
    let longer = ours.map(|ours| ours.with_slow_s / ours.alone_s);
    targets.push(Target::at_most("a fast reader: time beside the slow ones / alone", longer, SLOWED, " x"));
    targets
}

fn text(
    options: &Options,
    all: &[Compared],
    (slow, failed): (&[Slow], &[&str]),
    targets: &[Target],
) -> String {
    let mut rows = Vec::new();
    for compared in all {
        for (name, runs) in [("Fanfare", &compared.ours), ("nginx", &compared.nginx)] {
            let of = |figure: fn(&Run) -> f64| middle(runs.iter().map(figure).collect());
            rows.push(vec![
                format!("{}: {name}", compared.name),
                format!("{:.0}", of(|run| run.bytes_per_s) / 1e6),
                format!("{:.0}", of(|run| run.requests_per_s)),
                format!("{:.2}", of(|run| run.server_cpus)),
                format!("{:.2}", of(|run| run.server_cpus / run.bytes_per_s * 1e9)),
            ]);
        }
    }
    let apart: Vec<String> =
        all.iter().map(|compared| format!("{} {}", compared.name, spread(compared))).collect();
    let loads = page::table(&["load", "MB/s", "requests/s", "processors", "CPU s per GB"], &rows);
    let given_up = failed.iter().map(|name| {
        let dash = || "-".to_owned();
        vec![format!("{name}: a reader failed"), dash(), dash(), dash(), dash(), dash()]
    });
    let rows: Vec<Vec<String>> = slow
        .iter()
        .map(|slow| {
            vec![
                slow.name.to_owned(),
                format!("{:.1}", slow.each_bytes / 1024.0),
                format!("{:.1}", slow.sockets_bytes / 1024.0),
                slow.lasted.to_string(),
                format!("{:.1}", slow.alone_s * 1e3),
                format!("{:.1}", slow.with_slow_s * 1e3),
            ]
        })
        .chain(given_up)
        .collect();
    let header = ["server", "KiB each", "KiB of sockets each", "lasted", "fast alone ms", "fast beside ms"];
    let readers = page::table(&header, &rows);
    let rows: Vec<Vec<String>> = targets.iter().map(Target::cells).collect();
    format!(
        "## What sending files costs\n\n\
         `cargo xtask bench serve`: {}. Load average {}. Middle of {} rounds of {} s each, {} connections of `wrk`; the servers on one processor, \
         in turn, `wrk` on the other one, files in memory. nginx has one worker, `sendfile`, `tcp_nopush` and `open_file_cache` on, its log off, and asks \
         for no key; Fanfare checks an API key with every request. Ratios of single rounds: {}. Where the server takes much less than one processor, \
         `wrk` or other programs on this machine were the limit; the processor time for a gigabyte is what the server itself costs.\n\n{loads}\n\
         ### {} readers of 10 kB/s\n\n\
         Resident memory of the server that they added, memory of sockets on this machine that they added (both ends), how many connections lasted, and how long a fast reader takes the 40 MB file without and beside them (middle of {FAST_READS}; less beside than alone is the noise of other programs).\n\n{readers}\n\
         ### Against the targets\n\n{}\n{}",
        page::circumstances(),
        page::load_average(),
        options.runs,
        options.seconds,
        options.connections,
        apart.join(", "),
        options.slow,
        page::table(&target::HEADER, &rows),
        target::sum(targets),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_rounds_ratios_counts() {
        let run = |bytes_per_s: f64| Run { bytes_per_s, requests_per_s: 1.0, server_cpus: 1.0 };
        let compared = Compared {
            name: "whole".to_owned(),
            ours: vec![run(9.0), run(1.0), run(95.0)],
            nginx: vec![run(10.0), run(10.0), run(100.0)],
        };
        assert_eq!(ratio(&compared, |run| run.bytes_per_s), Some(0.9));
        assert_eq!(middle(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        let targets = judge(&[compared], &[]);
        assert_eq!(targets[0].met(), Some(true));
    }

    #[test]
    fn a_file_is_as_long_as_it_says() {
        let file = wav(5_000_000);
        assert_eq!(file.len(), 5_000_000);
        assert_eq!(file[4..8], (5_000_000_u32 - 8).to_le_bytes());
    }
}
