//! One person's hostile pictures hold up nobody else's (issue 12). What is counted is turns, not seconds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use fanfare_testkit::{
    pictures::{DEEP, id3, png, wav_with_id3},
    server::{ServerStart, TestServer},
    signals, wav,
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// How long something is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(180);
/// Turns of the other that may pass: the one that runs, the next, and one that is noticed late.
const TURNS: usize = 3;
const PASSWORD: &str = "a long enough password";

/// Slow to decode and small: 16 million pixels of 16 bits. The number makes each another one.
fn hostile(number: u32) -> Vec<u8> {
    png(4_000 - number, 4_000, DEEP)
}

/// A person with an account, signed in.
struct Person {
    client: Client,
    address: String,
}

impl Person {
    async fn join(server: &TestServer, name: &str) -> Self {
        let new = json!({ "name": name, "password": PASSWORD, "role": "listener" });
        let made = server.request(Method::POST, "/api/v1/users").json(&new).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        let client = Client::builder().cookie_store(true).build().unwrap();
        let person = Self { client, address: server.address.clone() };
        let credentials = json!({ "name": name, "password": PASSWORD });
        let answer = person.request(Method::POST, "/api/v1/login").json(&credentials).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        person
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address)).header("X-Fanfare", "1")
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn upload(&self, number: u32, picture: &[u8]) -> String {
        let plane = signals::sine(8_000, 1.0, f64::from(200 + number), 0.3);
        let song = wav::wav(8_000, &[plane], wav::WavFormat::I16);
        let mut body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{number}.wav\"\r\n\r\n"
        )
        .into_bytes();
        body.extend(wav_with_id3(&song, &id3(picture, "image/png", false)));
        body.extend(b"\r\n--edge--\r\n");
        let request = self.request(Method::POST, "/api/v1/tracks");
        let request = request.header("content-type", "multipart/form-data; boundary=edge").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let track: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        track["id"].as_str().unwrap().to_owned()
    }

    /// Whether the track's cover is there.
    async fn has_cover(&self, track: &str) -> bool {
        let track = self.json(&format!("/api/v1/tracks/{track}")).await;
        assert!(track["cover_error"].is_null(), "{track}");
        track["has_cover"] == true
    }

    /// A mixtape of that track; gives the address of its cover.
    async fn mixtape(&self, track: &str) -> String {
        let body = json!({ "title": "a tape", "tracks": [track] });
        let answer = self.request(Method::POST, "/api/v1/mixtapes").json(&body).send().await.unwrap();
        let mixtape: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        format!("/api/v1/mixtapes/{}/cover", mixtape["slug"].as_str().unwrap())
    }

    fn give(&self, cover: &str, picture: Vec<u8>) -> RequestBuilder {
        self.request(Method::PUT, cover).header("content-type", "image/png").body(picture)
    }
}

async fn server_with_two() -> (TestServer, Person, Person) {
    let environment = [("FANFARE_ANALYSIS_ON_ARRIVAL", "false"), ("FANFARE_UPLOAD_LISTENERS", "true")];
    let environment = environment.map(|(name, value)| (name.into(), value.into())).to_vec();
    let server = TestServer::start(ServerStart { environment, ..ServerStart::default() });
    server.sign_in().await;
    let (bad, good) = (Person::join(&server, "bad").await, Person::join(&server, "good").await);
    (server, bad, good)
}

async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !reached().await {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn forty_covers_given_by_one_person_cost_another_a_few_turns_and_the_first_is_told_to_wait() {
    let (server, bad, good) = server_with_two().await;
    let song = bad.upload(1, &png(100, 100, DEEP)).await;
    until("a first cover", async || bad.has_cover(&song).await).await;
    let (bads, goods) = (bad.mixtape(&song).await, good.mixtape(&song).await);
    let (made, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sent: Vec<_> = (0..40)
        .map(|number| {
            let sending = bad.give(&bads, hostile(number)).send();
            let (made, refused) = (Arc::clone(&made), Arc::clone(&refused));
            tokio::spawn(async move {
                let answer = sending.await.unwrap();
                let (status, retry) = (answer.status(), answer.headers().get("retry-after").cloned());
                let said = answer.text().await.unwrap();
                match status {
                    StatusCode::NO_CONTENT => made.fetch_add(1, Ordering::SeqCst),
                    StatusCode::TOO_MANY_REQUESTS => {
                        assert!(retry.is_some() && said.contains("again in"), "{retry:?} {said}");
                        refused.fetch_add(1, Ordering::SeqCst)
                    }
                    other => panic!("{other}: {said}"),
                };
            })
        })
        .collect();
    until("one is made and one refused", async || {
        made.load(Ordering::SeqCst) > 0 && refused.load(Ordering::SeqCst) > 0
    })
    .await;
    let before = made.load(Ordering::SeqCst);
    // Covers that are there already wait for nothing.
    let seen = good.request(Method::GET, &goods).send().await.unwrap();
    assert_eq!(seen.status(), StatusCode::OK);
    let while_looking = made.load(Ordering::SeqCst) - before;
    let before = made.load(Ordering::SeqCst);
    let given = good.give(&goods, png(600, 600, DEEP)).send().await.unwrap();
    let passed = made.load(Ordering::SeqCst) - before;
    assert_eq!(given.status(), StatusCode::NO_CONTENT);
    for sending in sent {
        sending.await.unwrap();
    }
    let (made, refused) = (made.load(Ordering::SeqCst), refused.load(Ordering::SeqCst));
    println!(
        "{made} made, {refused} refused; {passed} turns passed before the other's, {while_looking} before a cover was seen"
    );
    assert_eq!(made + refused, 40);
    assert!(passed <= TURNS && while_looking <= 1, "{passed} and {while_looking} turns of {made}");
    assert!(made - before > TURNS, "too few were left to show anything: {before} of {made}");
    assert!(server.stop().success());
}

#[tokio::test]
async fn an_upload_does_not_wait_for_the_covers_of_sixteen_uploads_of_somebody_else() {
    let (server, bad, good) = server_with_two().await;
    let bad = Arc::new(bad);
    let sent: Vec<_> = (0..16)
        .map(|number| {
            let bad = Arc::clone(&bad);
            tokio::spawn(async move { bad.upload(number, &hostile(number)).await })
        })
        .collect();
    let mut theirs = Vec::new();
    for track in sent {
        theirs.push(track.await.unwrap());
    }
    let made = async || {
        let mut made = 0;
        for track in &theirs {
            made += usize::from(bad.has_cover(track).await);
        }
        made
    };
    let before = made().await;
    let own = good.upload(100, &png(600, 600, DEEP)).await;
    until("the other's cover", async || good.has_cover(&own).await).await;
    let passed = made().await - before;
    until("all covers", async || made().await == 16).await;
    println!("{before} of 16 were made before the other's upload, {passed} turns passed before its cover");
    assert!(passed <= TURNS, "{passed} turns");
    assert!(before + TURNS < 16, "too few were left to show anything: {before}");
    assert!(server.stop().success());
}
