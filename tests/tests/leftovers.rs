//! Everything that is deleted, removed, replaced or stopped early leaves nothing behind, at once: no file, no byte of a removed
//! file that a process holds open, no row that names what is gone (issue 12; docs/missing.md).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
};

use fanfare_store::{Store, StoreOptions};
use fanfare_testkit::{
    pictures::{DEEP, id3, png, png_of, wav_with_id3},
    server::{ServerStart, TestServer},
};
use fanfare_tests::{
    crash::children_of,
    open_files::OpenFiles,
    sending::{audio, blobs, send, song, upload},
    until::until,
};
use reqwest::{Client, Method, header};
use serde_json::{Value, json};

type Files = BTreeMap<PathBuf, u64>;

/// Files below the data folder with their sizes, but for the database and logs.
fn files(data: &Path) -> Files {
    let mut found = BTreeMap::new();
    let mut folders = vec![data.join("blobs"), data.join("cache")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // A file that vanished meanwhile is left out.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                found.insert(entry.path(), metadata.len());
            }
        }
    }
    found
}

/// A server with a folder beside it that can be added to its library.
struct Home {
    server: TestServer,
    music: tempfile::TempDir,
}

impl Home {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.server.request(method.clone(), path).json(&body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn delete(&self, path: &str) {
        self.ask(Method::DELETE, path, json!({})).await;
    }

    async fn give_cover(&self, slug: &str, picture: Vec<u8>) {
        let path = format!("/api/v1/mixtapes/{slug}/cover");
        let request = self.server.request(Method::PUT, &path).header(header::CONTENT_TYPE, "image/png");
        assert_eq!(request.body(picture).send().await.unwrap().status(), 204);
    }

    async fn mixtape(&self, tracks: &[&Value]) -> String {
        let tracks: Vec<&Value> = tracks.iter().map(|track| &track["id"]).collect();
        let made =
            self.ask(Method::POST, "/api/v1/mixtapes", json!({ "title": "Tape", "tracks": tracks })).await;
        made["slug"].as_str().unwrap().to_owned()
    }

    /// Adds a folder with those songs to the library; gives its id and its tracks when they are analyzed.
    async fn add_folder(&self, name: &str, songs: &[(&str, Vec<u8>)]) -> (String, Vec<Value>) {
        let tracks = async || {
            let page = self.server.json("/api/v1/tracks?limit=500").await;
            page["items"].as_array().unwrap().clone()
        };
        let known: Vec<Value> = tracks().await.iter().map(|track| track["id"].clone()).collect();
        let path = self.music.path().canonicalize().unwrap().join(name);
        fs::create_dir(&path).unwrap();
        for (name, bytes) in songs {
            fs::write(path.join(name), bytes).unwrap();
        }
        let folder = self.ask(Method::POST, "/api/v1/folders", json!({ "path": path })).await;
        let new = until("the folder is analyzed", async || {
            let mut new = tracks().await;
            new.retain(|track| !known.contains(&track["id"]) && track["state"] == "ready");
            (new.len() == songs.len()).then_some(new)
        });
        (folder["id"].as_str().unwrap().to_owned(), new.await)
    }

    /// Asks for everything that is made for a listener.
    async fn play(&self, track: &Value) {
        for path in ["hls/index.m3u8", "audio?quality=low"] {
            let path = format!("/api/v1/tracks/{}/{path}", track["id"].as_str().unwrap());
            let answer = self.server.request(Method::GET, &path).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let _all = answer.bytes().await.unwrap();
        }
        // The last byte is sent before the file is stored; until then another listener reads the file that is being made.
        let path = format!("/api/v1/tracks/{}", track["id"].as_str().unwrap());
        until("the transcode is stored", async || {
            let track = self.server.json(&path).await;
            track["cached"].as_array().unwrap().contains(&json!("low")).then_some(())
        })
        .await;
    }

    /// Waits until no work is left.
    async fn rest(&self) {
        until("nothing is worked on", async || {
            let tasks = self.server.json("/api/v1/tasks").await;
            let over = |task: &Value| !matches!(task["state"].as_str(), Some("waiting" | "running"));
            tasks["items"].as_array().unwrap().iter().all(over).then_some(())
        })
        .await;
    }

    /// Bytes of removed files that a process holds open.
    fn held_bytes(&self) -> u64 {
        let server = self.server.pid();
        let children = children_of(server).into_iter().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
        children.chain([server]).map(|pid| OpenFiles::of(pid).removed_bytes).sum()
    }

    async fn is_as(&self, before: &Files, what: &str) {
        let mut left = Vec::new();
        let waited = tokio::time::timeout(
            std::time::Duration::from_secs(60),
            until("what was made is gone", async || {
                let now = files(self.server.data());
                left = now
                    .iter()
                    .filter(|(path, _)| !before.contains_key(*path))
                    .map(|(path, _)| path.clone())
                    .collect();
                (now == *before && self.held_bytes() == 0).then_some(())
            }),
        );
        assert!(waited.await.is_ok(), "{what} leaves {left:?}, {} bytes held", self.held_bytes());
        println!("{what}: {} files as before", before.len());
    }
}

/// A song with a picture of its own.
fn pictured(number: u32) -> Vec<u8> {
    wav_with_id3(&song(4.0, number), &id3(&coloured(number), "image/png", false))
}

fn coloured(number: u32) -> Vec<u8> {
    png_of(40, 40, &[(number as u8).wrapping_mul(40), 90, 20].repeat(1_600))
}

async fn a_mixtape_with_a_cover(home: &Home) {
    let tape = home.mixtape(&[]).await;
    home.give_cover(&tape, png(40, 40, DEEP)).await;
    home.give_cover(&tape, coloured(5)).await;
    home.delete(&format!("/api/v1/mixtapes/{tape}")).await;
}

async fn a_cover_that_is_taken_away(home: &Home) {
    let tape = home.mixtape(&[]).await;
    home.give_cover(&tape, coloured(6)).await;
    home.delete(&format!("/api/v1/mixtapes/{tape}/cover")).await;
    let left = blobs(home.server.data(), "cover");
    assert!(left.is_empty(), "{left:?}");
    home.delete(&format!("/api/v1/mixtapes/{tape}")).await;
}

async fn a_mixtape_whose_cover_was_composed(home: &Home) {
    let (one, two) = (upload(&home.server, &pictured(1)).await, upload(&home.server, &pictured(2)).await);
    let tape = home.mixtape(&[&one, &two]).await;
    let path = format!("/api/v1/mixtapes/{tape}/cover");
    until("the cover is composed", async || {
        let answer = home.server.request(Method::GET, &path).send().await.unwrap();
        (answer.status() == 200).then_some(())
    })
    .await;
    home.delete(&format!("/api/v1/mixtapes/{tape}")).await;
    for track in [one, two] {
        home.delete(&format!("/api/v1/tracks/{}", track["id"].as_str().unwrap())).await;
    }
}

async fn a_library_folder(home: &Home) {
    let songs = [("one.wav", pictured(3)), ("two.wav", pictured(4))];
    let (folder, tracks) = home.add_folder("pictured", &songs).await;
    for track in &tracks {
        home.play(track).await;
    }
    home.delete(&format!("/api/v1/folders/{folder}")).await;
    for (name, bytes) in songs {
        assert_eq!(
            fs::read(home.music.path().join("pictured").join(name)).unwrap(),
            bytes,
            "a user's own file"
        );
    }
    // Transcodes stay until the cache's size or age limit, or until a person clears them: the same music may be added again.
    home.rest().await;
    home.ask(Method::POST, "/api/v1/cache/clear", json!({})).await;
}

async fn an_upload_of_the_same_bytes_as_a_file(home: &Home) {
    let bytes = song(4.0, 8);
    let sent = upload(&home.server, &bytes).await;
    let (folder, tracks) = home.add_folder("same", &[("same.wav", bytes.clone())]).await;
    let other = &tracks[0];
    for track in [&sent, other] {
        home.play(track).await;
    }
    let served = files(home.server.data());
    home.delete(&format!("/api/v1/tracks/{}", sent["id"].as_str().unwrap())).await;
    let left = files(home.server.data());
    let gone: Vec<_> = served.keys().filter(|path| !left.contains_key(*path)).collect();
    assert!(gone.iter().all(|path| path.to_str().unwrap().contains("/upload")), "the other one's: {gone:?}");
    assert_eq!(audio(&home.server, other).await, (200, bytes));
    home.play(other).await;
    home.delete(&format!("/api/v1/folders/{folder}")).await;
    home.rest().await;
    home.ask(Method::POST, "/api/v1/cache/clear", json!({})).await;
}

async fn an_upload_that_breaks_off(home: &Home) {
    let address = home.server.address.trim_start_matches("http://");
    let body = json!({ "name": "sender", "password": "a long enough password", "role": "owner" });
    let person = home.ask(Method::POST, "/api/v1/users", body).await;
    let login = json!({ "name": "sender", "password": "a long enough password" });
    let answer = home.server.request(Method::POST, "/api/v1/login").json(&login).send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    fanfare_tests::sending::sign_in_again(&home.server).await;
    let before = files(home.server.data());
    let mut socket = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /api/v1/tracks HTTP/1.1\r\nHost: localhost\r\nX-Fanfare: 1\r\nCookie: {cookie}\r\nContent-Length: 9000000\r\n\
         Content-Type: multipart/form-data; boundary=edge\r\n\r\n\
         --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"sent.wav\"\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&song(10.0, 9)).unwrap();
    until("its bytes are being stored", async || {
        (files(home.server.data()).values().sum::<u64>() > before.values().sum::<u64>()).then_some(())
    })
    .await;
    drop(socket);
    home.is_as(&before, "an upload that breaks off").await;
    home.delete(&format!("/api/v1/users/{}", person["id"].as_str().unwrap())).await;
}

/// What a person added to the library stays for everybody; what lets them sign in is deleted.
async fn a_person(home: &Home) {
    let body = json!({ "name": "bob", "password": "a long enough password", "role": "owner" });
    let person = home.ask(Method::POST, "/api/v1/users", body).await;
    let client = Client::builder().cookie_store(true).build().unwrap();
    let ask = |method: Method, path: &str| {
        client.request(method, format!("{}{path}", home.server.address)).header("X-Fanfare", "1")
    };
    let login = json!({ "name": "bob", "password": "a long enough password" });
    assert_eq!(ask(Method::POST, "/api/v1/login").json(&login).send().await.unwrap().status(), 200);
    let key = ask(Method::POST, "/api/v1/keys").json(&json!({ "name": "player" })).send().await.unwrap();
    let key: Value = key.json().await.unwrap();
    let bytes = pictured(11);
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"bob.wav\"\r\n\r\n";
    let body = [head.as_bytes(), &bytes, b"\r\n--edge--\r\n"].concat();
    let request =
        ask(Method::POST, "/api/v1/tracks").header("content-type", "multipart/form-data; boundary=edge");
    let track: Value = request.body(body).send().await.unwrap().json().await.unwrap();
    let tape = json!({ "title": "Bob's", "tracks": [track["id"]] });
    let tape: Value =
        ask(Method::POST, "/api/v1/mixtapes").json(&tape).send().await.unwrap().json().await.unwrap();
    fanfare_tests::sending::becomes_ready(&home.server, &track).await;

    home.delete(&format!("/api/v1/users/{}", person["id"].as_str().unwrap())).await;
    assert_eq!(ask(Method::GET, "/api/v1/tracks").send().await.unwrap().status(), 401, "the session is over");
    let by_key = Client::new().get(format!("{}/api/v1/tracks", home.server.address));
    let by_key = by_key.bearer_auth(key["secret"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(by_key.status(), 401, "the key is gone");
    assert_eq!(audio(&home.server, &track).await, (200, bytes), "the track stays");
    let path = format!("/api/v1/mixtapes/{}", tape["slug"].as_str().unwrap());
    assert_eq!(home.server.json(&path).await["track_count"], 1, "the mixtape stays");
    home.delete(&path).await;
    home.delete(&format!("/api/v1/tracks/{}", track["id"].as_str().unwrap())).await;
}

/// A listener who has the file open gets all of it, or an answer that ends early; no listener gets an error of the server.
async fn an_upload_that_is_listened_to(home: &Home) {
    let bytes = song(100.0, 12);
    let track = upload(&home.server, &bytes).await;
    let id = track["id"].as_str().unwrap();
    let listen = async |path: &str| {
        let path = format!("/api/v1/tracks/{id}/{path}");
        let mut answer = home.server.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let length = answer.content_length().unwrap();
        let first = answer.chunk().await.unwrap().unwrap().len() as u64;
        (answer, first, length)
    };
    let first_of = async |list: &str| {
        let text =
            home.server.request(Method::GET, &format!("/api/v1/tracks/{id}/{list}")).send().await.unwrap();
        assert_eq!(text.status(), 200, "{list}");
        let text = text.text().await.unwrap();
        let name = text.lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap();
        format!("{}/{}", list.rsplit_once('/').unwrap().0, name.split('?').next().unwrap())
    };
    let variant = first_of("hls/index.m3u8").await;
    let segment = first_of(&variant).await;
    home.play(&track).await;
    let under_way = [listen("audio").await, listen("audio?quality=low").await];
    // Its file is still being made.
    let (mut unmade, ..) = listen("audio?quality=high").await;
    home.delete(&format!("/api/v1/tracks/{id}")).await;
    for path in ["audio", "audio?quality=high", "hls/index.m3u8", &variant, &segment, "cover", "waveform"] {
        let path = format!("/api/v1/tracks/{id}/{path}");
        assert_eq!(home.server.request(Method::GET, &path).send().await.unwrap().status(), 404, "{path}");
    }
    for (mut answer, mut got, length) in under_way {
        while let Some(chunk) = answer.chunk().await.unwrap() {
            got += chunk.len() as u64;
        }
        assert_eq!(got, length, "the listener gets all of it");
    }
    // It is no longer made, so the answer ends before its length: a client knows that it is not complete (RFC 9112, 8).
    while let Ok(Some(_)) = unmade.chunk().await {}
}

async fn an_upload_that_is_refused(home: &Home) {
    let (status, _) = send(&home.server, b"no music at all").await;
    assert!((400..500).contains(&status), "{status}");
}

/// The cache's counts as the API gives them.
async fn counts(home: &Home) -> Value {
    let cache = home.server.json("/api/v1/cache").await;
    let counted = json!([cache["files"], cache["size_bytes"], cache["hls_bytes"], cache["oldest_used"]]);
    assert!(counted[1].is_u64() && counted[2].is_u64(), "{cache}");
    counted
}

#[tokio::test]
async fn everything_deleted_replaced_or_stopped_early_leaves_nothing_behind() {
    let environment = vec![("FANFARE_FFMPEG".into(), "off".into())];
    let server = TestServer::start(ServerStart { environment, ..ServerStart::default() });
    server.sign_in().await;
    let home = Home { server, music: tempfile::tempdir().unwrap() };
    let before = files(home.server.data());
    let counted = counts(&home).await;
    macro_rules! each {
        ($($case:ident),*) => {$(
            $case(&home).await;
            home.is_as(&before, stringify!($case)).await;
            assert_eq!(counts(&home).await, counted, stringify!($case));
        )*};
    }
    each!(
        a_mixtape_with_a_cover,
        a_cover_that_is_taken_away,
        a_mixtape_whose_cover_was_composed,
        a_library_folder,
        an_upload_of_the_same_bytes_as_a_file,
        an_upload_that_breaks_off,
        an_upload_that_is_refused,
        a_person,
        an_upload_that_is_listened_to
    );
    assert_eq!(home.server.json("/api/v1/quarantine").await["items"], json!([]));
    let store = Store::open(home.server.data(), &StoreOptions::worker()).await.unwrap();
    assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.catalog().transcode_counts().await.unwrap().transcodes, 0);
    store.close().await;
    let log = fs::File::open(home.server.data().join("server.log")).unwrap();
    let mut text = String::new();
    std::io::BufReader::new(log).read_to_string(&mut text).unwrap();
    assert!(!text.contains("ERROR"), "{text}");
    assert!(home.server.stop().success());
}
