//! Pictures from outside, whichever way they come in: what they take of memory, and what becomes of them (issue 12, S3).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use fanfare_testkit::{
    Seeded,
    pictures::{DEEP, JpegKind, PngKind, gif, id3, jpeg, png, png_of, wav_with_id3},
    server::{ServerStart, TestServer},
    signals, wav,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// What the server and the process that decodes pictures may take together above what they had, in bytes.
const MOST_ABOVE_BYTES: u64 = 64 << 20;
/// How long something is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A second of a tone, another one for each number, with that picture.
fn song(number: u32, picture: &[u8]) -> Vec<u8> {
    tagged(number, &id3(picture, "image/png", false))
}

fn tagged(number: u32, tag: &[u8]) -> Vec<u8> {
    let plane = signals::sine(8_000, 1.0, f64::from(200 + number), 0.3);
    wav_with_id3(&wav::wav(8_000, &[plane], wav::WavFormat::I16), tag)
}

/// The worst: 6,300 x 6,300 pixels of 16 bits, 318 MB, in a file of 1.4 MB. The number is in it, so that each is another.
fn deep(number: u32) -> Vec<u8> {
    png(6_300 - number, 6_300, DEEP)
}

/// The server and its descendants, each with what it is.
fn processes(server: u32) -> BTreeMap<u32, &'static str> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![server];
    while let Some(pid) = waiting.pop() {
        let Ok(command) = fs::read_to_string(format!("/proc/{pid}/cmdline")) else { continue };
        let role = match () {
            () if pid == server => "server",
            () if command.contains("\0pictures") => "pictures",
            () => "worker",
        };
        found.insert(pid, role);
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            waiting.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    found
}

/// A field of a process's status in bytes; 0 once it is gone.
fn bytes_of(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    kib.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) << 10
}

/// What was taken at most, in bytes.
#[derive(Default)]
struct Peaks {
    /// By each process: its role and its peak.
    each: BTreeMap<u32, (&'static str, u64)>,
    /// By the server at a moment, above what it had, and by the picture processes so far.
    together: u64,
}

fn note_peaks(server: u32, before: &BTreeMap<u32, u64>, peaks: &Mutex<Peaks>) {
    let mut together = 0;
    let mut peaks = peaks.lock().unwrap();
    for (pid, role) in processes(server) {
        let peak = bytes_of(pid, "VmHWM");
        let had = before.get(&pid).copied().unwrap_or(0);
        let noted = peaks.each.entry(pid).or_insert((role, 0));
        // A process that was just started may still have the command line, and the memory, of the one that started it.
        *noted = if noted.0 == role { (role, noted.1.max(peak)) } else { (role, peak) };
        together += match role {
            "server" => bytes_of(pid, "VmRSS").saturating_sub(had),
            "pictures" => noted.1.saturating_sub(had),
            _ => 0,
        };
    }
    peaks.together = peaks.together.max(together);
}

/// Watches a server and its children; what they took at most is told when it is asked.
struct Watched {
    server: u32,
    before: BTreeMap<u32, u64>,
    peaks: Arc<Mutex<Peaks>>,
    over: Arc<AtomicBool>,
}

impl Watched {
    fn new(server: &TestServer) -> Self {
        let server = server.pid();
        let before: BTreeMap<u32, u64> =
            processes(server).into_keys().map(|pid| (pid, bytes_of(pid, "VmRSS"))).collect();
        for pid in before.keys() {
            // Peaks are counted from now on.
            fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        }
        let (peaks, over) = (Arc::<Mutex<Peaks>>::default(), Arc::new(AtomicBool::new(false)));
        let (into, end, had) = (Arc::clone(&peaks), Arc::clone(&over), before.clone());
        // A child that is gone says nothing any more, so all are looked at while they live.
        thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                note_peaks(server, &had, &into);
                thread::sleep(Duration::from_millis(2));
            }
        });
        Self { server, before, peaks, over }
    }

    /// Ends, and returns the bytes above those at the beginning: by role, the largest of each, because only one picture process
    /// runs at a time; and of the server and the pictures together.
    fn above(self) -> (BTreeMap<&'static str, u64>, u64) {
        note_peaks(self.server, &self.before, &self.peaks);
        self.over.store(true, Ordering::Relaxed);
        let mut above = BTreeMap::new();
        let peaks = self.peaks.lock().unwrap();
        for (pid, (role, peak)) in &peaks.each {
            // A process that was started for this had nothing before.
            let more = peak.saturating_sub(self.before.get(pid).copied().unwrap_or(0));
            let most = above.entry(*role).or_insert(0);
            *most = more.max(*most);
        }
        (above, peaks.together)
    }

    /// What a worker takes to analyze and encode an upload is not counted: no picture reaches it.
    fn assert_little(self, what: &str) {
        let (above, together) = self.above();
        let shown: Vec<String> =
            above.iter().map(|(role, bytes)| format!("{role} +{} MiB", bytes >> 20)).collect();
        println!("{what}: {}; server and pictures together +{} MiB", shown.join(", "), together >> 20);
        assert!(together <= MOST_ABOVE_BYTES, "{what} took {together} bytes: {shown:?}");
    }
}

/// A server that is signed in and has nothing to do: no analysis, so that what is measured is pictures.
async fn quiet_server(folders: &[&Path]) -> TestServer {
    let environment = vec![("FANFARE_ANALYSIS_ON_ARRIVAL".into(), "false".into())];
    let folders = folders.iter().map(|folder| folder.to_path_buf()).collect();
    let server = TestServer::start(ServerStart { folders, environment, ..ServerStart::default() });
    server.sign_in().await;
    server
}

async fn upload(server: &TestServer, name: &str, file: Vec<u8>) -> Value {
    let mut body =
        format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
            .into_bytes();
    body.extend(file);
    body.extend(b"\r\n--edge--\r\n");
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{name}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// The track once its cover is there, or it is known why not.
async fn with_cover(server: &TestServer, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let track = server.json(&format!("/api/v1/tracks/{id}")).await;
        if track["has_cover"] == true || !track["cover_error"].is_null() {
            return track;
        }
        assert!(began.elapsed() < PATIENCE, "no cover and no reason: {track}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Every track of the library, once there are so many.
async fn tracks(server: &TestServer, count: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let page = server.json("/api/v1/tracks?limit=100").await;
        let items = page["items"].as_array().unwrap();
        if items.len() == count {
            return items.clone();
        }
        assert!(began.elapsed() < PATIENCE, "{} of {count} tracks", items.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut set: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut waits = false;
        for (future, made) in &mut set {
            if made.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *made = Some(value),
                    std::task::Poll::Pending => waits = true,
                }
            }
        }
        if waits { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    set.into_iter().filter_map(|(_, made)| made).collect()
}

#[tokio::test]
async fn sixteen_uploads_with_large_pictures_take_little_memory_and_all_get_their_covers() {
    let server = quiet_server(&[]).await;
    let files: Vec<Vec<u8>> = (0..16).map(|number| song(number, &deep(number))).collect();
    let watched = Watched::new(&server);
    let sent = files.into_iter().enumerate().map(|(number, file)| {
        let server = &server;
        async move { upload(server, &format!("{number}.wav"), file).await }
    });
    let sent = all(sent).await;
    for track in sent {
        let track = with_cover(&server, track["id"].as_str().unwrap()).await;
        assert_eq!(track["has_cover"], true, "{track}");
    }
    watched.assert_little("16 uploads at once");
}

#[tokio::test]
async fn a_scan_of_files_with_large_pictures_in_and_beside_them_takes_little_memory() {
    let music = tempfile::tempdir().unwrap();
    let server = quiet_server(&[]).await;
    for number in 0..16 {
        let folder = music.path().join(format!("{number}"));
        fs::create_dir(&folder).unwrap();
        let plain = signals::sine(8_000, 1.0, f64::from(300 + number), 0.3);
        if number % 2 == 0 {
            fs::write(folder.join("in.wav"), song(number, &deep(number))).unwrap();
        } else {
            fs::write(folder.join("beside.wav"), wav::wav(8_000, &[plain], wav::WavFormat::I16)).unwrap();
            fs::write(folder.join("cover.png"), deep(number)).unwrap();
        }
    }
    let watched = Watched::new(&server);
    let added =
        server.request(Method::POST, "/api/v1/folders").json(&json!({ "path": music.path() })).send().await;
    assert!(added.unwrap().status().is_success());
    for track in tracks(&server, 16).await {
        assert_eq!(track["has_cover"], true, "{track}");
    }
    watched.assert_little("a scan of 16");
    // Read again, as after a change of the file.
    let watched = Watched::new(&server);
    for number in (0..16).step_by(2) {
        fs::write(music.path().join(format!("{number}/in.wav")), song(100 + number, &deep(number))).unwrap();
    }
    let scanned = server.request(Method::POST, "/api/v1/scan").send().await.unwrap();
    assert!(scanned.status().is_success(), "{}", scanned.status());
    let task = serde_json::from_str::<Value>(&scanned.text().await.unwrap()).unwrap();
    let task = format!("/api/v1/tasks/{}", task["id"].as_str().or(task["task"].as_str()).unwrap());
    let began = Instant::now();
    while !["succeeded", "partial_success", "failed"]
        .contains(&server.json(&task).await["state"].as_str().unwrap())
    {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    watched.assert_little("a scan of 8 that changed");
}

#[tokio::test]
async fn covers_given_to_mixtapes_and_composed_of_tracks_take_little_memory() {
    let server = quiet_server(&[]).await;
    let mut made = Vec::new();
    for number in 0..4 {
        let track =
            upload(&server, &format!("{number}.wav"), song(number, &png(1_000 + number, 900, DEEP))).await;
        let track = with_cover(&server, track["id"].as_str().unwrap()).await;
        made.push(track["id"].as_str().unwrap().to_owned());
    }
    let mut slugs = Vec::new();
    for number in 0..8 {
        let body = json!({ "title": format!("tape {number}"), "tracks": made });
        let answer = server.request(Method::POST, "/api/v1/mixtapes").json(&body).send().await.unwrap();
        let mixtape: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        slugs.push(format!("/api/v1/mixtapes/{}/cover", mixtape["slug"].as_str().unwrap()));
    }
    let watched = Watched::new(&server);
    let shown = slugs.iter().map(|cover| server.request(Method::GET, cover).send());
    for answer in all(shown).await {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    watched.assert_little("8 covers composed at once");
    let watched = Watched::new(&server);
    let given = slugs.iter().zip(0..).map(|(cover, number)| {
        server.request(Method::PUT, cover).header("content-type", "image/png").body(deep(number)).send()
    });
    for answer in all(given).await {
        assert_eq!(answer.unwrap().status(), StatusCode::NO_CONTENT);
    }
    watched.assert_little("8 covers given at once");
}

/// Colours that nothing packs, in a PNG of nearly 15 MB.
fn noise(number: u64) -> Vec<u8> {
    let mut seeded = Seeded::new(number);
    let mut pixels = vec![0; 2_200 * 2_200 * 3];
    pixels.fill_with(|| seeded.next_u64() as u8);
    png_of(2_200, 2_200, &pixels)
}

#[tokio::test]
async fn what_cannot_be_decoded_costs_itself_alone_and_says_why() {
    let server = quiet_server(&[]).await;
    let watched = Watched::new(&server);
    let woven = png(6_300, 6_300, PngKind { interlaced: true, ..DEEP });
    let progressive = jpeg(6_300, 6_300, JpegKind::Progressive);
    let unfinished = jpeg(3_100, 3_100, JpegKind::Unfinished);
    let cases: Vec<(&str, Vec<u8>, Option<&str>)> = vec![
        ("in passes", song(1, &woven), Some("memory needed for the cover")),
        ("progressive", song(2, &progressive), Some("memory needed for the cover")),
        ("cut off", song(3, &unfinished), Some("")),
        ("in too large a tag", song(4, &gif(8_000, 6_000)), Some("tags")),
        ("no picture", song(5, b"<svg/>"), Some("no JPEG")),
        // 200 MB of zeros, in a tag of 200 kB.
        ("packed", tagged(6, &id3(&vec![0; 200 << 20], "image/png", true)), Some("")),
        ("large", song(7, &noise(7)), None),
        ("large, too", song(8, &noise(8)), None),
        ("large, too, again", song(9, &noise(9)), None),
        ("as usual", song(10, &png(600, 600, DEEP)), None),
    ];
    let sent = cases.into_iter().map(|(name, file, why)| {
        let server = &server;
        async move { (upload(server, &format!("{name}.wav"), file).await, name, why) }
    });
    for (track, name, why) in all(sent).await {
        let track = with_cover(&server, track["id"].as_str().unwrap()).await;
        match why {
            None => assert_eq!(track["has_cover"], true, "{name}: {track}"),
            Some(why) => {
                let error = track["cover_error"].as_str().unwrap_or_else(|| panic!("{name}: {track}"));
                println!("{name}: {error}");
                assert!(error.contains(why), "{name}: {error}");
            }
        }
        // It plays all the same.
        let audio = format!("/api/v1/tracks/{}/audio?quality=original", track["id"].as_str().unwrap());
        let played = server.request(Method::GET, &audio).send().await.unwrap();
        assert_eq!(played.status(), StatusCode::OK, "{name}");
    }
    watched.assert_little("pictures that cannot be decoded, and large ones");
    // The child that decodes goes with its memory when there is nothing to do any more.
    let children = || processes(server.pid()).into_values().filter(|role| *role == "pictures").count();
    let began = Instant::now();
    while children() > 0 {
        assert!(began.elapsed() < PATIENCE, "the child stays");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
