//! What a nightly run costs while a listener plays: the program behind `cargo xtask bench nightly`.
//!
//! `nightly FANFARE FOLDER [SECONDS]` serves the folder from this process, with the given binary as its worker, and plays one
//! of its tracks over HTTP at the speed of its sound. Meanwhile it measures the worker's processor time (with that of
//! its children, from `/proc`): at pacing 0.25 without yielding, at pacing 0.25 yielding, flat out, and within a share. A
//! *gap* is a piece of sound that came later than the player, which has one piece in its buffer, needed it.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a measuring program

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fanfare_ingest::{BackgroundOptions, DataLock, Ingest, IngestOptions, Schedule};
use fanfare_server::{
    Settings,
    http::{self, HttpState},
    settings::LiveSettings,
};
use fanfare_store::{Store, StoreOptions, TrackQuery};
use tokio::{net::TcpListener, sync::oneshot, time::sleep};

/// How long each run is watched, in seconds.
const WATCHED_S: u64 = 30;
/// Ticks of `/proc/PID/stat` in a second, on every Linux.
const TICKS_PER_S: f64 = 100.0;
/// The share of the machine that a nightly run takes at most.
const SHARE_PERCENT: u8 = 25;
/// The ceiling at pacing 0.25, in percent of one processor.
const CEILING_PERCENT: f64 = 25.0;
/// Sound that the player has in its buffer, in seconds.
const PIECE_S: f64 = 0.25;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [fanfare, folder, rest @ ..] = &arguments[..] else {
        panic!("usage: nightly FANFARE FOLDER [SECONDS]")
    };
    let watched = Duration::from_secs(rest.first().map_or(WATCHED_S, |text| text.parse().unwrap()));
    let data = tempfile::tempdir().unwrap();
    let (state, address, cookie) = serve(Path::new(fanfare), data.path().to_owned()).await;
    let ingest = state.ingest.clone();
    ingest.add_folder(Path::new(folder)).await.unwrap();
    settled(&ingest).await;
    let page = state.store.catalog().tracks(&TrackQuery { limit: 1, ..TrackQuery::default() }).await.unwrap();
    let (track, tracks) = (&page.items[0].track, page.total);
    let seconds = track.audio.as_ref().and_then(|audio| audio.duration_s()).unwrap_or(180.0);
    let player = Player {
        url: format!("http://{address}/api/v1/tracks/{}/audio", track.id),
        cookie,
        bytes_per_s: track.size_bytes as f64 / seconds,
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("{tracks} tracks, {cores} processors, each run watched for {} s", watched.as_secs());
    println!(
        "{:<34} {:>14} {:>14} {:>13} {:>6}",
        "run", "of one core", "of the machine", "longest wait", "gaps"
    );
    let mut kept = true;
    for (name, options, ceiling) in [
        ("pacing 0.25", background(0.25, SHARE_PERCENT, false), Some(CEILING_PERCENT)),
        ("pacing 0.25, yielding (default)", background(0.25, SHARE_PERCENT, true), Some(CEILING_PERCENT)),
        ("flat out", background(0.0, 100, false), None),
        ("flat out within a share of 25 %", background(0.0, SHARE_PERCENT, false), None),
    ] {
        ingest.set_background(options).unwrap();
        let run = ingest.run_nightly_now().await.unwrap();
        let playing = tokio::spawn(player.clone().play(watched + Duration::from_secs(2)));
        sleep(Duration::from_secs(2)).await;
        let pid = ingest.worker_status().pid.expect("a worker runs");
        let (before, began) = (cpu_s(pid), Instant::now());
        sleep(watched).await;
        let used = (cpu_s(pid) - before) / began.elapsed().as_secs_f64() * 100.0;
        let analyzed = playing.await.unwrap();
        // A run that was over early would look gentler than it is.
        let over = !ingest.hub().active().iter().any(|task| task.id == run);
        let _may_be_over = ingest.cancel(run).await;
        // Tracks that are being analyzed are finished; that need not take as long as it would.
        ingest.set_background(background(0.0, 100, false)).unwrap();
        settled(&ingest).await;
        let verdict = match ceiling {
            Some(ceiling) if used > ceiling || analyzed.gaps > 0 || over => {
                kept = false;
                "  MISS"
            }
            Some(_) => "  ok",
            None => "",
        };
        println!(
            "{name:<34} {used:>12.1} % {:>12.1} % {:>10.1} ms {:>6}{verdict}{}",
            used / cores as f64,
            analyzed.longest.as_secs_f64() * 1e3,
            analyzed.gaps,
            if over { "  (over before the end)" } else { "" }
        );
    }
    println!("the ceiling at pacing 0.25 is {CEILING_PERCENT:.0} % of one processor");
    ingest.shutdown().await;
    std::process::exit(i32::from(!kept));
}

fn background(pacing: f64, cpu_share_percent: u8, yield_while_playing: bool) -> BackgroundOptions {
    BackgroundOptions {
        on_arrival: false,
        schedule: Schedule::Off,
        pacing,
        cpu_share_percent,
        yield_while_playing,
        ..BackgroundOptions::default()
    }
}

/// A server on any port, with a user who may listen.
async fn serve(fanfare: &Path, data: PathBuf) -> (HttpState, std::net::SocketAddr, String) {
    let options = StoreOptions { migrate: true, readers: 4, busy_timeout_ms: 5_000 };
    let store = Store::open(&data, &options).await.unwrap();
    let settings = Settings::defaults(data.clone());
    let options = IngestOptions {
        data_dir: data.clone(),
        worker_exe: fanfare.canonicalize().unwrap(),
        worker_args: settings.worker_args(),
        pictures: fanfare_ingest::PictureCommand {
            exe: fanfare.canonicalize().unwrap(),
            args: vec!["pictures".into()],
        },
        jobs: 2,
        watch: false,
        poll_interval: None,
        background: background(0.25, SHARE_PERCENT, false),
        uploads: Default::default(),
        cache: Default::default(),
        quarantine_days: fanfare_ingest::QUARANTINE_DAYS,
        keep_missing_days: 30,
    };
    let ingest = Ingest::start(DataLock::acquire(&data).unwrap(), store.clone(), options).await.unwrap();
    let state = HttpState::new(store, ingest, LiveSettings::over(settings));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (ready, started) = oneshot::channel();
    let served = state.clone();
    tokio::spawn(async move {
        http::serve_on(listener, served, |started| ready.send(started.clone()).unwrap(), |_| {})
            .await
            .unwrap();
    });
    let started = started.await.unwrap();
    let token = started.setup_link.as_deref().and_then(|link| link.rsplit_once('/')).unwrap().1.to_owned();
    let answer = client()
        .post(format!("http://{}/api/v1/setup", started.address))
        .header("x-fanfare", "1")
        .json(&serde_json::json!({"token": token, "name": "owner", "password": "long enough for anybody"}))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    (state, started.address, cookie.split(';').next().unwrap().to_owned())
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Waits until nothing goes on.
async fn settled(ingest: &Ingest) {
    while !ingest.hub().active().is_empty() {
        sleep(Duration::from_millis(50)).await;
    }
}

/// Plays a file at the speed of its sound.
#[derive(Clone)]
struct Player {
    url: String,
    cookie: String,
    bytes_per_s: f64,
}

#[derive(Default)]
struct Listened {
    longest: Duration,
    gaps: u32,
}

impl Player {
    async fn play(self, time: Duration) -> Listened {
        let client = client();
        let began = Instant::now();
        let mut listened = Listened::default();
        let (mut at, mut due) = (0_u64, Instant::now());
        let piece = (self.bytes_per_s * PIECE_S) as u64;
        while began.elapsed() < time {
            let asked = Instant::now();
            let answer = client
                .get(&self.url)
                .header("cookie", &self.cookie)
                .header("range", format!("bytes={at}-{}", at + piece - 1))
                .send()
                .await
                .unwrap();
            // At the end of the track it begins again.
            at = if answer.status() == 206 { at + piece } else { 0 };
            answer.bytes().await.unwrap();
            let waited = asked.elapsed();
            listened.longest = listened.longest.max(waited);
            listened.gaps += u32::from(waited.as_secs_f64() > PIECE_S);
            due = (due + Duration::from_secs_f64(PIECE_S)).max(Instant::now());
            sleep(due - Instant::now()).await;
        }
        listened
    }
}

/// Processor time of that process and its children that have ended, in seconds.
fn cpu_s(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; the fields after it are numbers.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (11..=14).map(ticks).sum::<f64>() / TICKS_PER_S
}
