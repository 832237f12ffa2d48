//! The troubleshooting table of docs/caching.md: its situations are provoked, and what log, task, `fanfare cache explain`,
//! `fanfare cache status` and `fanfare doctor` say is read: one cause, one remedy (issue 13, section E; docs/coverage.md E28).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use fanfare_testkit::{
    server::{ServerStart, TestServer},
    signals, wav,
};
use fanfare_tests::{
    command::{Ended, ended, fanfare_command, run},
    small_disk::SmallDisk,
};
use reqwest::Method;
use serde_json::{Value, json};

const RATE_HZ: u32 = 44_100;
/// How long the log is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(50);

fn song(seconds: f64, hz: f64) -> Vec<u8> {
    let planes = [hz, 1.5 * hz].map(|hz| signals::sine(RATE_HZ, seconds, hz, 0.3));
    wav::wav(RATE_HZ, &planes, wav::WavFormat::I16)
}

/// A library, and a server on it with an environment that no command beside it has.
struct Home {
    server: TestServer,
    folder: tempfile::TempDir,
}

impl Home {
    async fn new(files: &[(&str, Vec<u8>)], environment: &[(&str, &Path)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let music = folder.path().join("music");
        fs::create_dir(&music).unwrap();
        for (name, bytes) in files {
            fs::write(music.join(name), bytes).unwrap();
        }
        let environment =
            environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
        let data = Some(folder.path().join("data"));
        let server = TestServer::start(ServerStart {
            folders: vec![music],
            data,
            environment,
            ..ServerStart::default()
        });
        server.sign_in().await;
        let home = Self { server, folder };
        home.at_rest().await;
        home
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("music").join(name)
    }

    /// Waits until nothing is to be done.
    async fn at_rest(&self) {
        let mut events = self.server.request(Method::GET, "/api/v1/events").send().await.unwrap();
        loop {
            let tasks = self.server.json("/api/v1/tasks").await;
            let over = |task: &Value| !matches!(task["state"].as_str(), Some("waiting" | "running"));
            if tasks["items"].as_array().unwrap().iter().all(over) {
                return;
            }
            let _waited = tokio::time::timeout(SOON, events.chunk()).await;
        }
    }

    /// Makes what is missing; gives the task.
    async fn warm(&self) -> Value {
        let body = json!({"scope": {"all": true}});
        let begun = self.server.request(Method::POST, "/api/v1/cache/warm").json(&body).send().await.unwrap();
        let task: Value = begun.json().await.unwrap();
        self.at_rest().await;
        self.server.json(&format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())).await
    }

    /// Asks for the sound of the first track; gives why it is what it is.
    async fn listen(&self) -> String {
        let tracks = self.server.json("/api/v1/tracks?sort=title").await;
        let path =
            format!("/api/v1/tracks/{}/audio?quality=medium", tracks["items"][0]["id"].as_str().unwrap());
        let sent = self.server.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(sent.status(), 200, "it plays whatever is wrong with the cache");
        sent.headers()["x-fanfare-cache"].to_str().unwrap().to_owned()
    }

    fn command(&self, args: &[&str]) -> Ended {
        let data = self.folder.path().join("data");
        let all: Vec<&str> = args.iter().chain(&["--data", data.to_str().unwrap()]).copied().collect();
        run(&all)
    }

    /// What `fanfare cache explain FILE` says of the medium quality: state, reason, remedy.
    fn explain(&self, name: &str) -> (String, String, String) {
        let ended = self.command(&["cache", "explain", self.file(name).to_str().unwrap(), "--json"]);
        let lines = ended.json_lines();
        assert_eq!(lines.len(), 1, "{} {}", ended.out, ended.err);
        let medium = &lines[0]["qualities"][1];
        let text = |name: &str| medium[name].as_str().unwrap_or_default().to_owned();
        (text("state"), text("reason"), text("remedy"))
    }

    /// The line of `fanfare doctor` with that name and what follows it.
    fn doctor(&self, name: &str) -> String {
        let out = self.command(&["doctor"]).out;
        let at = out.find(&format!("  {name} ")).unwrap_or_else(|| panic!("no line {name} in {out}"));
        out[at..].lines().take(2).collect::<Vec<_>>().join(" ")
    }

    fn status(&self) -> String {
        self.command(&["cache", "status"]).out
    }

    /// Waits until the log has all of these in one line.
    async fn logged(&self, words: &[&str]) {
        let until = Instant::now() + PATIENCE;
        loop {
            let log = fs::read_to_string(self.server.data().join("server.log")).unwrap();
            if log.lines().any(|line| words.iter().all(|word| line.contains(word))) {
                return;
            }
            assert!(Instant::now() < until, "{words:?} are in no line of {log}");
            tokio::time::sleep(SOON).await;
        }
    }
}

fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

/// What keeps every file from being made is said alike by all of them.
/// `logged`: what the log line names when a listener asks.
async fn of_the_machine(home: &Home, cause: &str, remedy: &str, line: &str, logged: &str) {
    let task = home.warm().await;
    let failure = task["failures"][0]["message"].as_str().unwrap_or_else(|| panic!("{task}"));
    println!("task     {failure}");
    says(failure, &[cause, remedy]);
    let (state, reason, advice) = home.explain("a.wav");
    println!("explain  {state}: {reason} -> {advice}");
    assert_eq!(state, "missing");
    says(&reason, &[cause]);
    says(&advice, &[remedy]);
    let doctor = home.doctor(line);
    println!("doctor   {doctor}");
    says(&doctor, &[cause, remedy]);
    assert_eq!(home.listen().await, "miss");
    home.logged(&["cache miss: the original is sent", "a.wav", logged]).await;
}

#[tokio::test]
async fn a_machine_that_cannot_make_files_says_the_same_everywhere() {
    let files = || vec![("a.wav", song(30.0, 300.0))];
    // No encoder: AAC without ffmpeg. (That a build lacks LAME is the same question to the same function.)
    let aac = [("FANFARE_AUDIO_CACHE_CODEC", Path::new("aac")), ("FANFARE_FFMPEG", Path::new("off"))];
    let home = Home::new(&files(), &aac).await;
    let remedy = "set `audio_cache.codec` to mp3 or opus";
    of_the_machine(&home, "AAC needs ffmpeg", remedy, "encoder", "AAC").await;
    says(&home.status(), &["MISSING: AAC needs ffmpeg"]);
    assert!(home.server.stop().success());

    // The folder cannot be written: something else lies in its place (to who runs tests as root no mode forbids anything).
    let scratch = tempfile::tempdir().unwrap();
    // The system writes it with a large letter.
    let taken = scratch.path().join("small");
    fs::write(&taken, b"no folder").unwrap();
    let home = Home::new(&files(), &[("FANFARE_AUDIO_CACHE_DIR", &taken)]).await;
    let (cause, remedy) = ("ot a directory", "set `audio_cache.dir` to another one");
    of_the_machine(&home, cause, remedy, "cache folder", cause).await;
    assert!(home.server.stop().success());
}

#[tokio::test]
async fn a_cache_disk_that_is_full_or_read_only_is_named_everywhere() {
    let (Some(full), Some(fixed)) = (SmallDisk::mount(2), SmallDisk::mount(2)) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    // Issue 13: a run went through all tracks, each with attempts of its own and pauses between them.
    let names: Vec<String> =
        ["a.wav".to_owned()].into_iter().chain((0..12).map(|n| format!("b{n}.wav"))).collect();
    let files: Vec<(&str, Vec<u8>)> =
        names.iter().enumerate().map(|(n, name)| (&**name, song(6.0, 300.0 + n as f64))).collect();
    let stopped = |task: &Value| {
        let message = task["message"].as_str().unwrap();
        println!("task     {}: {message}", task["state"]);
        says(message, &["0 cached", "stopped with ", " left: nothing can be stored in the cache"]);
        assert_eq!(task["state"], "failed", "{task}");
        assert!(task["failure_count"].as_u64().unwrap() < 13, "it ended before the last track: {task}");
    };
    let _filled = full.fill("something else");
    let place = full.path().join("small");
    let home = Home::new(&files, &[("FANFARE_AUDIO_CACHE_DIR", &place)]).await;
    let (cause, remedy) = ("o space left", "free space on that disk, or run `fanfare cache clear`");
    of_the_machine(&home, cause, remedy, "cache folder", cause).await;
    stopped(&home.warm().await);
    assert!(home.server.stop().success());

    fixed.remount("ro");
    let place = fixed.path().join("small");
    let home = Home::new(&files, &[("FANFARE_AUDIO_CACHE_DIR", &place)]).await;
    let (cause, remedy) = ("ead-only file system", "make that disk writable");
    of_the_machine(&home, cause, remedy, "cache folder", cause).await;
    stopped(&home.warm().await);
    assert!(home.server.stop().success());
}

/// Issue 13: a clearing that could not remove the files forgot them, so they took space and did not count.
#[tokio::test]
async fn files_that_cannot_be_removed_still_count() {
    let Some(disk) = SmallDisk::mount(4) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    let place = disk.path().join("small");
    let home = Home::new(&[("a.wav", song(20.0, 300.0))], &[("FANFARE_AUDIO_CACHE_DIR", &place)]).await;
    assert_eq!(home.warm().await["state"], "succeeded");
    disk.remount("ro");
    let refused = home.command(&["cache", "clear", "--yes"]);
    assert_ne!(refused.code, Some(0), "{}", refused.out);
    says(&refused.err, &["ead-only file system", "make that disk writable"]);
    assert_eq!(home.explain("a.wav").0, "ready");
    disk.remount("rw");
    let cleared = home.command(&["cache", "clear", "--yes"]);
    assert_eq!(cleared.code, Some(0), "{}", cleared.err);
    assert_eq!(home.explain("a.wav").0, "missing");
    assert_eq!(
        fs::read_dir(&place).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file()).count(),
        0
    );
    assert!(home.server.stop().success());
}

#[tokio::test]
async fn a_miss_that_the_settings_want_says_which_setting() {
    let original = [
        ("FANFARE_AUDIO_CACHE_ON_MISS", Path::new("original")),
        ("FANFARE_AUDIO_CACHE_PRECACHE_ON_UPLOAD", Path::new("false")),
        ("FANFARE_AUDIO_CACHE_MAX_WORKERS", Path::new("1")),
    ];
    let home = Home::new(&[("a.wav", song(20.0, 300.0))], &original).await;
    assert_eq!(home.listen().await, "miss");
    home.logged(&["cache miss: the original is sent", "audio_cache.on_miss", "fanfare cache warm"]).await;
    let (state, reason, remedy) = home.explain("a.wav");
    println!("explain  {state}: {reason} -> {remedy}");
    assert_eq!(state, "missing");
    says(&reason, &["audio_cache.on_miss"]);
    says(&remedy, &["fanfare cache warm", "audio_cache.on_miss"]);
    // What the server goes by, not what this shell says: precache off, one worker.
    says(&home.status(), &["on a miss   original", "precache    off", "workers     1"]);
    assert_eq!(home.warm().await["state"], "succeeded");
    assert_eq!((home.listen().await.as_str(), home.explain("a.wav").0.as_str()), ("hit", "ready"));
    assert!(home.doctor("encoder").contains("LAME"), "nothing is wrong here");
    // Moved, the library keeps what was made of it: by content, under the name that `explain` says.
    fs::rename(home.file("a.wav"), home.file("moved.wav")).unwrap();
    let scan = home.server.request(Method::POST, "/api/v1/scan").send().await.unwrap();
    assert!(scan.status().is_success(), "{}", scan.status());
    home.at_rest().await;
    assert_eq!(home.explain("moved.wav").0, "ready");
    // Stale: its source was changed after it was made.
    fs::write(home.file("moved.wav"), song(19.0, 500.0)).unwrap();
    let (state, reason, remedy) = home.explain("moved.wav");
    assert_eq!(state, "stale", "{reason}");
    says(&remedy, &["fanfare cache refresh"]);
    let verified = home.command(&["cache", "verify"]);
    assert_eq!(verified.code, Some(1));
    says(&verified.out, &["stale    medium"]);
    assert!(home.server.stop().success());
}

/// Some seconds of WavPack; `None` without an `ffmpeg` that makes it.
fn wavpack(folder: &Path) -> Option<Vec<u8>> {
    let (source, target) = (folder.join("source.wav"), folder.join("source.wv"));
    fs::write(&source, song(5.0, 440.0)).unwrap();
    let made = Command::new("ffmpeg").args(["-v", "error", "-y", "-i"]).arg(&source).arg(&target).status();
    made.is_ok_and(|status| status.success()).then(|| fs::read(&target).unwrap())
}

#[tokio::test]
async fn a_file_that_is_to_blame_is_named_with_its_reason() {
    let scratch = tempfile::tempdir().unwrap();
    let whole = song(30.0, 300.0);
    let mut files = vec![("a.wav", song(20.0, 250.0)), ("cut.wav", whole[..whole.len() / 2].to_vec())];
    let undecodable = wavpack(scratch.path());
    files.extend(undecodable.clone().map(|bytes| ("rare.wv", bytes)));
    let home = Home::new(&files, &[("FANFARE_FFMPEG", Path::new("off"))]).await;
    let task = home.warm().await;
    let failures = task["failures"].as_array().unwrap();
    let cut = failures.iter().find(|failure| failure["subject"].as_str().unwrap().ends_with("cut.wav"));
    let message = cut.unwrap_or_else(|| panic!("{task}"))["message"].as_str().unwrap();
    println!("task     {message}");
    let (state, reason, remedy) = home.explain("cut.wav");
    println!("explain  {state}: {reason} -> {remedy}");
    assert_eq!(state, "missing");
    says(message, &["15.0 s of 30.0 s can be decoded", "replace the file"]);
    says(&reason, &["15.0 s of 30.0 s can be decoded"]);
    says(&remedy, &["replace the file"]);
    if undecodable.is_some() {
        let (state, reason, remedy) = home.explain("rare.wv");
        println!("explain  {state}: {reason} -> {remedy}");
        assert_ne!(state, "ready");
        says(&reason, &["ffmpeg is switched off"]);
        says(&remedy, &["fanfare doctor", "ffmpeg"]);
        says(&home.doctor("ffmpeg"), &["switched off", "set ffmpeg to auto"]);
    } else {
        println!("SKIPPED: there is no ffmpeg to make WavPack");
    }
    // Damaged from outside: reported, not sent, made again.
    let made =
        home.command(&["cache", "explain", home.file("a.wav").to_str().unwrap(), "--json"]).json_lines();
    let name = made[0]["qualities"][1]["expected_file"].as_str().unwrap().to_owned();
    let path = home.server.data().join("cache/audio").join(name);
    let mut bytes = fs::read(&path).unwrap();
    bytes[10_000..12_000].fill(0);
    fs::write(&path, bytes).unwrap();
    let (state, reason, remedy) = home.explain("a.wav");
    println!("explain  {state}: {reason} -> {remedy}");
    assert_eq!(state, "damaged");
    says(&reason, &["checksum"]);
    says(&remedy, &["fanfare cache refresh"]);
    assert_eq!(home.listen().await, "encoding");
    home.logged(&["a file of the cache is not as it was made", "checksum"]).await;
    home.at_rest().await;
    // With the cache folder elsewhere nothing is wrong with the database (issue 13, E5).
    let doctor = home.command(&["doctor"]);
    assert!(!doctor.out.contains("report this"), "{}", doctor.out);
    let Home { server, folder } = home;
    assert!(server.stop().success());
    let elsewhere = with_another_cache_folder(&folder);
    assert_eq!(elsewhere.code, Some(0), "{}", elsewhere.out);
    says(&elsewhere.out, &["warning  cached files", "audio_cache.dir"]);
}

/// `fanfare doctor` where the cache folder of the settings is another one than the files lie in.
fn with_another_cache_folder(folder: &tempfile::TempDir) -> Ended {
    let data = folder.path().join("data");
    let mut command = fanfare_command(&["doctor", "--data", data.to_str().unwrap()]);
    ended(command.env("FANFARE_AUDIO_CACHE_DIR", folder.path().join("elsewhere")).output().unwrap())
}

/// A machine that is too busy is given fewer workers: what they make is the same.
#[test]
fn one_worker_and_several_make_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let (music, data) = (folder.path().join("music"), folder.path().join("data"));
    fs::create_dir(&music).unwrap();
    for number in 0..4 {
        fs::write(music.join(format!("{number}.wav")), song(8.0, 300.0 + 50.0 * f64::from(number))).unwrap();
    }
    let (music, data) = (music.to_str().unwrap(), data.to_str().unwrap());
    let scanned = run(&["scan", music, "--data", data]);
    assert_eq!(scanned.code, Some(0), "{} {}", scanned.out, scanned.err);
    let warm = |workers: &str| {
        let wanted = ["--quality", "high,medium,low", "--workers", workers, "--overwrite", "--data", data];
        let ended = run(&[&["cache", "warm", music][..], &wanted].concat());
        assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.err);
        let files = fs::read_dir(data_cache(data)).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.is_file());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect::<BTreeMap<_, _>>()
    };
    let one = warm("1");
    assert_eq!(one.len(), 12, "{:?}", one.keys());
    let several = warm("4");
    assert!(one == several, "{:?} {:?}", one.keys(), several.keys());
}

fn data_cache(data: &str) -> PathBuf {
    Path::new(data).join("cache/audio")
}
