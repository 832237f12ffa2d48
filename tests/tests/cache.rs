//! Transcodes from the outside: the commands of `fanfare cache`, `kill -9` while they are made, a full disk, and a library
//! that was moved (issue 5; docs/coverage.md E3, E13 to E18, E27, E28).
//!
//! `FANFARE_CRASH_SEED` repeats the moments of a run as far as the machine's timing allows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::{
    command::{Ended, ended, fanfare_command, run},
    crash::child_of,
    small_disk::SmallDisk,
};
use reqwest::Method;
use serde_json::{Value, json};

const RATE_HZ: u32 = 44_100;
const MIB: u64 = 1 << 20;
const SOON: Duration = Duration::from_millis(200);

/// A song of that many frames; different numbers sound different.
fn song(path: &Path, frames: usize, number: u32) {
    let seconds = (frames as f64 + 1.0) / f64::from(RATE_HZ);
    let planes = [200.0, 303.0].map(|hz| {
        let mut plane = signals::sine(RATE_HZ, seconds, hz + 7.0 * f64::from(number), 0.3);
        plane.truncate(frames);
        assert_eq!(plane.len(), frames);
        plane
    });
    fs::write(path, wav::wav(RATE_HZ, &planes, wav::WavFormat::I16)).unwrap();
}

/// A library and a data folder.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(home.music()).unwrap();
        home
    }

    fn music(&self) -> PathBuf {
        self.folder.path().join("music")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn cache_folder(&self) -> PathBuf {
        self.data().join("cache/audio")
    }

    fn scan(&self, folder: &Path) {
        let data = self.data();
        let scanned = run(&["scan", folder.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        assert_eq!(scanned.code, Some(0), "{} {}", scanned.out, scanned.err);
    }

    /// `fanfare cache ...`
    fn cache(&self, args: &[&str]) -> Ended {
        let data = self.data();
        let place = ["--data", data.to_str().unwrap()];
        let all: Vec<&str> = ["cache"].iter().chain(args).chain(&place).copied().collect();
        run(&all)
    }

    fn cache_json(&self, args: &[&str]) -> (Option<i32>, Value) {
        let all: Vec<&str> = args.iter().chain(&["--json"]).copied().collect();
        let ended = self.cache(&all);
        let lines = ended.json_lines();
        assert_eq!(lines.len(), 1, "{args:?}: {} {}", ended.out, ended.err);
        (ended.code, lines.into_iter().next().unwrap())
    }

    fn serve(&self) -> TestServer {
        let (folders, data) = (vec![self.music()], Some(self.data()));
        TestServer::start(ServerStart { folders, data, ..ServerStart::default() })
    }

    /// The names of whole files, and how many bytes each has.
    fn files(&self) -> Vec<(String, u64)> {
        let Ok(entries) = fs::read_dir(self.cache_folder()) else { return Vec::new() };
        let files = entries.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().unwrap().is_file());
        let name = |entry: &fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut files: Vec<_> = files.map(|entry| (name(&entry), entry.metadata().unwrap().len())).collect();
        files.sort();
        files
    }
}

fn says(ended: &Ended, code: i32, out: &str, err: &str) {
    assert_eq!(ended.code, Some(code), "{} {}", ended.out, ended.err);
    assert!(ended.out.contains(out) && ended.err.contains(err), "{} {}", ended.out, ended.err);
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn the_commands_make_check_explain_and_remove_without_a_server() {
    let home = Home::new();
    says(&home.cache(&["status"]), 3, "", "fanfare scan DIR");
    assert!(!home.data().exists(), "nothing is made by looking");
    for number in 0..3 {
        song(&home.music().join(format!("song {number}.wav")), 44_100 * 3, number);
    }
    fs::create_dir(home.music().join("more")).unwrap();
    song(&home.music().join("more/extra.wav"), 44_100, 9);
    home.scan(&home.music());
    let (music, first) = (home.music(), home.music().join("song 0.wav"));
    let (music, first) = (music.to_str().unwrap(), first.to_str().unwrap());

    // Nothing is there: that is told, with what to do.
    let (code, verified) = home.cache_json(&["verify"]);
    assert_eq!((code, &verified["missing"], &verified["checked"]), (Some(1), &json!(4), &json!(4)));
    let (code, explained) = home.cache_json(&["explain", first]);
    let medium = &explained["qualities"][1];
    let hash = explained["source"]["hash"].as_str().unwrap().to_owned();
    let expected = format!("{hash}_medium_192k.mp3");
    assert_eq!(
        (code, &medium["state"], &medium["found"], &medium["expected_file"]),
        (Some(0), &json!("missing"), &json!(false), &json!(expected))
    );
    assert!(medium["remedy"].as_str().unwrap().contains("fanfare cache warm"));

    // Some, by their path, then all: a line for each, and what is there is skipped.
    let warmed = home.cache(&["warm", &format!("{music}/more"), "--quality", "medium,low"]);
    says(&warmed, 0, "cached extra (medium, 192k", "");
    says(&warmed, 0, "2 cached, 0 skipped, 0 failed", "");
    says(&warmed, 0, "; the cache has 2 files", "");
    let warmed = home.cache(&["warm", "--all", "--workers", "1"]);
    says(&warmed, 0, "skipped extra (medium): already cached", "");
    says(&warmed, 0, "3 cached, 1 skipped, 0 failed", "");
    says(&warmed, 0, "; the cache has 5 files", "");
    for number in 0..3 {
        let line = format!("cached song {number} (medium, 192k");
        assert_eq!(warmed.out.matches(&line).count(), 1, "{}", warmed.out);
    }
    assert_eq!(home.files().len(), 5);
    says(&home.cache(&["verify", "--all"]), 0, "4 checked: 4 ready", "");
    says(&home.cache(&["verify", first, "--quality", "high,medium"]), 1, "missing  high    song 0", "warm");
    let (_, found) = home.cache_json(&["verify", "--search", "extra", "--quality", "low"]);
    assert_eq!((&found["ready"], &found["tracks"][0]["title"]), (&json!(1), &json!("extra")));

    // By track, by a copy elsewhere, and by what the library does not have.
    let (_, explained) = home.cache_json(&["explain", first]);
    assert_eq!(explained["qualities"][1]["state"], "ready");
    let track = explained["track"].as_str().unwrap().to_owned();
    assert_eq!(home.cache_json(&["explain", &track]).1["qualities"], explained["qualities"]);
    let copy = home.folder.path().join("copy.bin");
    fs::copy(first, &copy).unwrap();
    let (_, of_copy) = home.cache_json(&["explain", copy.to_str().unwrap()]);
    assert_eq!(of_copy["track"], track.as_str());
    assert!(of_copy["remark"].as_str().unwrap().contains("outside of the library"));
    song(&copy, 4_000, 77);
    let (_, unknown) = home.cache_json(&["explain", copy.to_str().unwrap()]);
    assert_eq!((&unknown["track"], &unknown["qualities"][0]["state"]), (&Value::Null, &json!("missing")));
    fs::write(&copy, b"words").unwrap();
    says(&home.cache(&["explain", copy.to_str().unwrap()]), 0, "no audio can be read", "");
    says(&home.cache(&["explain", "/no/such/file"]), 3, "", "no track of the library");
    says(&home.cache(&["warm", "/no/such/file"]), 3, "", "no track of the library");
    says(&home.cache(&["warm"]), 2, "", "--all");
    says(&home.cache(&["warm", "--all", "--quality", "original"]), 2, "", "originals");
    says(&home.cache(&["warm", "--all", "--quality", "best"]), 2, "", "high, medium, low");

    // A file that lost its end, and one that is gone, are reported and made again; others are left alone.
    let path = home.cache_folder().join(&expected);
    let whole = fs::read(&path).unwrap();
    let untouched: Vec<_> = home.files().into_iter().filter(|(name, _)| *name != expected).collect();
    let times = |home: &Home| {
        untouched.iter().map(|(name, _)| modified(&home.cache_folder().join(name))).collect::<Vec<_>>()
    };
    let before = times(&home);
    for damage in [&whole[..1_000], &[]] {
        if damage.is_empty() {
            fs::remove_file(&path).unwrap()
        } else {
            fs::write(&path, damage).unwrap()
        }
        says(&home.cache(&["verify"]), 1, "damaged  medium  song 0", "fanfare cache refresh");
        says(&home.cache(&["refresh"]), 0, "1 cached, 0 skipped, 0 failed", "");
        assert!(fs::read(&path).unwrap() == whole, "the same bytes again");
    }
    assert_eq!(times(&home), before);

    // A source that was changed: stale, and refreshed once it is scanned, which `refresh` does first.
    song(Path::new(first), 44_100 * 2, 55);
    says(&home.cache(&["verify"]), 1, "stale    medium  song 0", "refresh");
    home.scan(&home.music());
    let (_, explained) = home.cache_json(&["explain", first]);
    assert_eq!(explained["qualities"][1]["state"], "stale", "after the scan as well: {explained}");
    assert_eq!(explained["qualities"][2]["state"], "missing", "there never was one");
    let refreshed = home.cache(&["refresh"]);
    says(&refreshed, 0, "1 cached, 0 skipped, 0 failed", "");
    says(&refreshed, 0, "; the cache has 5 files", "");
    assert!(!path.exists(), "what was made of the old bytes is removed");
    says(&home.cache(&["verify"]), 0, "4 ready", "");
    says(&home.cache(&["refresh"]), 0, "0 cached, 0 skipped, 0 failed", "");

    let (_, status) = home.cache_json(&["status"]);
    assert_eq!((&status["files"], &status["server_runs"]), (&json!(5), &json!(false)));
    assert_eq!(status["encoder"]["available"], true);
    says(&home.cache(&["status"]), 0, "encoder     LAME", "");
    says(&home.cache(&["clear"]), 2, "", "--yes");
    says(&home.cache(&["clear", "--quality", "low", "--yes"]), 0, "1 file removed", "");
    says(&home.cache(&["clear", "--older-than-days", "1", "--yes"]), 0, "0 files removed", "");
    says(&home.cache(&["clear", "--yes"]), 0, "4 files removed", "");
    assert_eq!(home.files(), []);
}

#[test]
fn a_library_that_was_moved_keeps_its_transcodes() {
    let home = Home::new();
    for number in 0..3 {
        song(&home.music().join(format!("{number}.wav")), 44_100 * 2, number);
    }
    home.scan(&home.music());
    says(&home.cache(&["warm", "--all"]), 0, "3 cached, 0 skipped, 0 failed", "");
    let files = home.files();
    let times = |home: &Home| {
        home.files().iter().map(|(name, _)| modified(&home.cache_folder().join(name))).collect::<Vec<_>>()
    };
    let before = times(&home);
    let elsewhere = home.folder.path().join("elsewhere");
    fs::rename(home.music(), &elsewhere).unwrap();
    home.scan(&elsewhere);
    let moved = elsewhere.join("1.wav");
    let (_, explained) = home.cache_json(&["explain", moved.to_str().unwrap()]);
    assert_eq!(explained["path"], moved.canonicalize().unwrap().to_str().unwrap());
    assert_eq!(explained["qualities"][1]["state"], "ready", "{explained}");
    let warmed = home.cache(&["warm", elsewhere.to_str().unwrap()]);
    says(&warmed, 0, "skipped 1 (medium): already cached", "");
    assert!(!warmed.out.contains("cached 1 ("), "nothing is encoded again: {}", warmed.out);
    assert_eq!((home.files(), times(&home)), (files, before));
}

#[test]
fn what_cannot_be_made_is_told_with_its_remedy() {
    let home = Home::new();
    song(&home.music().join("a.wav"), 44_100, 1);
    song(&home.music().join("b.wav"), 44_100, 2);
    home.scan(&home.music());
    // A cache folder that is none (who runs tests as root is refused nothing by modes).
    fs::create_dir_all(home.cache_folder().parent().unwrap()).unwrap();
    let _ = fs::remove_dir_all(home.cache_folder());
    fs::write(home.cache_folder(), b"no folder").unwrap();
    let warmed = home.cache(&["warm", "--all"]);
    says(&warmed, 1, "2 failed", "failed");
    let doctor = run(&["doctor", "--data", home.data().to_str().unwrap()]);
    says(&doctor, 1, "cache folder", "");
    assert!(doctor.out.contains("audio_cache.dir"), "{}", doctor.out);
    fs::remove_file(home.cache_folder()).unwrap();
    says(&home.cache(&["warm", "--all"]), 0, "2 cached, 0 skipped, 0 failed", "");

    // Switched off; no encoder.
    let with = |args: &[&str], variables: &[(&str, &str)]| {
        let data = home.data();
        let all: Vec<&str> = args.iter().chain(&["--data", data.to_str().unwrap()]).copied().collect();
        ended(fanfare_command(&all).envs(variables.iter().copied()).output().unwrap())
    };
    let off = [("AUDIO_CACHE_ENABLED", "false")];
    says(&with(&["cache", "warm", "--all"], &off), 7, "", "audio_cache.enabled");
    says(&with(&["cache", "verify"], &off), 0, "0 checked", "");
    let path = home.music().join("a.wav");
    says(&with(&["cache", "explain", path.to_str().unwrap()], &off), 0, "the cache is switched off", "");
    let aac = [("AUDIO_CACHE_CODEC", "aac"), ("FANFARE_FFMPEG", "off")];
    says(&with(&["cache", "status"], &aac), 0, "MISSING", "");
    says(&with(&["doctor"], &aac), 0, "audio_cache.codec", "");
    says(&with(&["cache", "warm", "--all"], &aac), 1, "2 failed", "ffmpeg");
    let elsewhere = home.folder.path().join("small");
    let there = [("AUDIO_CACHE_DIR", elsewhere.to_str().unwrap()), ("AUDIO_CACHE_PRECACHE_QUALITIES", "low")];
    says(&with(&["cache", "warm", "--all"], &there), 0, "2 cached, 0 skipped, 0 failed", "");
    assert_eq!(
        fs::read_dir(&elsewhere).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file()).count(),
        2
    );
}

/// Waits until nothing is to be done.
async fn at_rest(server: &TestServer) {
    let mut events = server.request(Method::GET, "/api/v1/events").send().await.unwrap();
    loop {
        let tasks = server.json("/api/v1/tasks").await;
        let over = |task: &Value| !matches!(task["state"].as_str(), Some("waiting" | "running"));
        if tasks["items"].as_array().unwrap().iter().all(over) {
            return;
        }
        // Not every change is an event.
        let _waited = tokio::time::timeout(SOON, events.chunk()).await;
    }
}

async fn warm(server: &TestServer) -> Value {
    let body = json!({"scope": {"all": true}, "qualities": ["high", "medium", "low"]});
    let answer = server.request(Method::POST, "/api/v1/cache/warm").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.json().await.unwrap()
}

/// How many frames a decoder gives of a file.
fn frames(path: &Path) -> u64 {
    let mut source = fanfare_audio::open(path, &fanfare_audio::OpenOptions::default()).unwrap();
    let mut frames = 0;
    while let Some(chunk) = source.next_chunk().unwrap() {
        frames += chunk.frames() as u64;
    }
    frames
}

/// Every file under a name of its own is whole, and every row has its file. `length` is the frames of a source by its hash.
fn all_is_whole(home: &Home, lengths: &[(String, u64)]) -> usize {
    let files = home.files();
    for (name, _) in &files {
        let (hash, _) = name.split_once('_').unwrap();
        let expected = lengths.iter().find(|(known, _)| known == hash).unwrap().1;
        assert_eq!(frames(&home.cache_folder().join(name)), expected, "{name} is not whole");
    }
    // No row without its file, none of another length: that would be `damaged`.
    let (_, found) = home.cache_json(&["verify", "--quality", "high,medium,low"]);
    assert_eq!((&found["damaged"], &found["stale"]), (&json!(0), &json!(0)), "{found}");
    // A server that runs may have given names to more meanwhile.
    assert!(found["ready"].as_u64().unwrap() as usize <= home.files().len(), "{found}");
    files.len()
}

/// A generator that repeats itself by its seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// Waits until there are more than that many whole files, or all; then a little more.
async fn until_files(home: &Home, more_than: usize, all: usize, pause: Duration) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    while home.files().len() <= more_than.min(all - 1) {
        assert!(tokio::time::Instant::now() < deadline, "the run does not go on: {:?}", home.files());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(pause).await;
}

#[tokio::test]
async fn killed_at_any_moment_no_file_is_half_and_the_run_goes_on() {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = std::env::var("FANFARE_CRASH_SEED").map_or(clock, |text| text.parse().unwrap());
    println!("FANFARE_CRASH_SEED={seed}");
    let mut dice = Dice(seed);
    let home = Home::new();
    let mut length = Vec::new();
    for number in 0..12 {
        let frames = 44_100 * 40 + 1_000 * number as usize + 17;
        song(&home.music().join(format!("{number:02}.wav")), frames, number);
        length.push(frames as u64);
    }
    home.scan(&home.music());
    let mut lengths = Vec::new();
    for (number, frames) in length.into_iter().enumerate() {
        let path = home.music().join(format!("{number:02}.wav"));
        let (_, explained) = home.cache_json(&["explain", path.to_str().unwrap()]);
        lengths.push((explained["source"]["hash"].as_str().unwrap().to_owned(), frames));
    }
    let all = lengths.len() * 3;
    let server = home.serve();
    server.sign_in().await;
    let task = warm(&server).await;
    let cookies = server.client.clone();
    let mut server = Some(server);
    for round in 0..4 {
        let here = server.take().unwrap();
        let before = home.files().len();
        let (more, pause) = (before + dice.below(5) as usize, Duration::from_millis(dice.below(300)));
        until_files(&home, more, all, pause).await;
        let worker = child_of(here.pid());
        match dice.below(3) {
            0 => {
                // The worker alone: the server starts another one.
                if let Some(worker) = worker {
                    let _gone = rustix::process::kill_process(worker, rustix::process::Signal::KILL);
                }
                println!("round {round}: worker after {} files", home.files().len());
                all_is_whole(&home, &lengths);
                server = Some(here);
                continue;
            }
            // The server alone, whose worker notices it; or both.
            1 => kill(here.pid()),
            _ => {
                kill(here.pid());
                if let Some(worker) = worker {
                    let _gone = rustix::process::kill_process(worker, rustix::process::Signal::KILL);
                }
            }
        }
        println!("round {round}: server after {} files", home.files().len());
        drop(here);
        all_is_whole(&home, &lengths);
        let mut next = home.serve();
        next.client = cookies.clone();
        server = Some(next);
    }
    // No one asked again: the earlier run goes on, under its own task.
    let server = server.unwrap();
    until_files(&home, all - 1, all, Duration::ZERO).await;
    at_rest(&server).await;
    let ended = server.json(&format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())).await;
    assert_eq!((&ended["state"], &ended["current"]), (&json!("succeeded"), &json!(12)), "{ended}");
    assert_eq!(all_is_whole(&home, &lengths), all);
    // And by a running server as well the command finds nothing left to do.
    let (code, found) = home.cache_json(&["verify", "--quality", "high,medium,low"]);
    assert_eq!((code, &found["ready"]), (Some(0), &json!(all)));
    assert_eq!(home.cache_json(&["status"]).1["server_runs"], true);
    let left = fs::read_dir(home.cache_folder().join(".making")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing half made is left");

    // With a server the command has that one's worker do the work.
    says(&home.cache(&["clear", "--quality", "low", "--yes"]), 0, "12 files removed", "");
    let warmed = home.cache(&["warm", "--all", "--quality", "low"]);
    says(&warmed, 0, "12 cached, 0 skipped, 0 failed", "");
    says(&warmed, 0, "; the cache has 36 files", "");
    assert_eq!(warmed.out.lines().filter(|line| line.starts_with("ready ")).count(), 12, "{}", warmed.out);
    let tasks = server.json("/api/v1/tasks").await;
    let shown = tasks["items"].as_array().unwrap().iter().filter(|task| task["kind"] == "cache");
    assert!(shown.into_iter().all(|task| task["state"] == "succeeded"), "{tasks}");
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_made_and_the_original_plays() {
    let Some(disk) = SmallDisk::mount(3) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    let home = Home::new();
    // Two minutes at 192 kbit/s: 2.9 MB fit once, not twice.
    for number in 0..2 {
        song(&home.music().join(format!("{number}.wav")), 44_100 * 115, number);
    }
    home.scan(&home.music());
    let place = disk.path().join("small");
    let environment = vec![("FANFARE_AUDIO_CACHE_DIR".into(), place.clone().into())];
    let (folders, data) = (vec![home.music()], Some(home.data()));
    let server = TestServer::start(ServerStart { folders, data, environment, ..ServerStart::default() });
    server.sign_in().await;
    at_rest(&server).await;
    let warm = async |quality: &str| {
        let body = json!({"scope": {"all": true}, "qualities": [quality], "workers": 1});
        let answer = server.request(Method::POST, "/api/v1/cache/warm").json(&body).send().await.unwrap();
        let task: Value = answer.json().await.unwrap();
        at_rest(&server).await;
        server.json(&format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())).await
    };
    let ended = warm("medium").await;
    assert_eq!((&ended["state"], &ended["failure_count"]), (&json!("partial_success"), &json!(1)), "{ended}");
    let failure = &ended["failures"][0];
    assert_eq!(failure["kind"], "no-space", "{failure}");
    assert!(failure["message"].as_str().unwrap().contains("fanfare cache clear"), "{failure}");
    let whole = || {
        let entries = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).collect::<Vec<_>>()
    };
    assert_eq!(whole().len(), 1);
    assert_eq!(frames(&whole()[0]), 44_100 * 115);
    let left = fs::read_dir(place.join(".making")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing half made is left");

    // Who listens analyzes the original in place of what there is no room for.
    let listed = server.json("/api/v1/tracks").await;
    for track in listed["items"].as_array().unwrap() {
        let path = format!("/api/v1/tracks/{}/audio?quality=high", track["id"].as_str().unwrap());
        let answer = server.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-fanfare-cache"]),
            (200, &"miss".parse().unwrap())
        );
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(bytes.len() as u64, fs::metadata(home.music().join("0.wav")).unwrap().len());
    }
    // The remedy is one: with room again, the other is made.
    let command = |args: &[&str]| {
        let data = home.data();
        let all: Vec<&str> = args.iter().chain(&["--data", data.to_str().unwrap()]).copied().collect();
        ended_with(&all, &place)
    };
    says(&command(&["cache", "clear", "--yes"]), 0, "1 file removed", "");
    let ended = warm("low").await;
    assert_eq!(ended["state"], "partial_success", "1.8 MB twice are still too much: {ended}");
    assert_eq!(whole().len(), 1);
    assert!(whole().iter().all(|path| fs::metadata(path).unwrap().len() < 2 * MIB));
    assert!(server.stop().success());
}

fn ended_with(args: &[&str], cache: &Path) -> Ended {
    ended(fanfare_command(args).env("FANFARE_AUDIO_CACHE_DIR", cache).output().unwrap())
}
