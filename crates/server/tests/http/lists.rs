//! Tracks, artists, releases, counts as JSON.

use std::{collections::HashSet, time::Instant};

use fanfare_store::ScanChange;
use serde_json::{Value, json};

use crate::fixture::{As, Server, now, scanned};

#[tokio::test]
async fn a_track_is_told_in_full() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let id = server.track("a.wav", &[0; 44]).await;
    let track = server.json(&owner, &format!("/api/v1/tracks/{id}")).await;
    for (field, value) in [
        ("id", json!(id.to_string())),
        ("title", json!("Title of a.wav")),
        ("state", json!("queued")),
        ("failure", Value::Null),
        ("codec", json!("pcm_s16le")),
        ("duration_s", json!(2.0)),
        ("lossless", json!(true)),
        ("size_bytes", json!(44)),
        ("relative_path", json!("a.wav")),
        ("has_cover", json!(false)),
        ("tempo_bpm", Value::Null),
        ("replaygain_track_gain_db", json!(-3.5)),
    ] {
        assert_eq!(track[field], value, "{field}");
    }
    assert_eq!(track["artist"]["name"], "Some Artist");
    assert_eq!(track["release"]["title"], "Some Album");
    assert!(track["added"].as_str().unwrap().ends_with('Z'));
    let artist = track["artist"]["id"].as_str().unwrap();
    let release = track["release"]["id"].as_str().unwrap();
    assert_eq!(server.json(&owner, &format!("/api/v1/artists/{artist}")).await["track_count"], 1);
    assert_eq!(
        server.json(&owner, &format!("/api/v1/releases/{release}")).await["artist_name"],
        "Some Artist"
    );
    let page =
        server.json(&owner, &format!("/api/v1/tracks?artist={artist}&release={release}&state=queued")).await;
    assert_eq!((&page["total"], &page["items"][0]), (&json!(1), &track));
    assert_eq!(server.json(&owner, "/api/v1/tracks?search=titl&sort=tempo&order=desc").await["total"], 1);
    assert_eq!(server.json(&owner, "/api/v1/tracks?state=failed").await["total"], 0);
    let counts = server.json(&owner, "/api/v1/library").await;
    assert_eq!((&counts["tracks"], &counts["queued"], &counts["artists"]), (&json!(1), &json!(1), &json!(1)));
    // Not analyzed yet: features are empty, the waveform is missing and says why.
    assert_eq!(server.json(&owner, &format!("/api/v1/tracks/{id}/features")).await["loudness"], Value::Null);
    let waveform = server.get(&owner, &format!("/api/v1/tracks/{id}/waveform")).await;
    assert_eq!(waveform.status(), 404);
    assert!(waveform.json::<Value>().await.unwrap()["remedy"].is_string());
    assert_eq!(server.get(&owner, &format!("/api/v1/tracks/{id}/cover")).await.status(), 404);
}

#[tokio::test]
async fn pages_tell_where_they_are() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let folder = server.library().await;
    let changes = (0..120).map(|i| ScanChange::Added(scanned(&format!("{i:03}.wav"), 10))).collect();
    server.store().catalog().apply_scan(folder, None, changes, now()).await.unwrap();
    let page = server.json(&owner, "/api/v1/tracks?offset=100&limit=50").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 20);
    assert_eq!((&page["total"], &page["offset"]), (&json!(120), &json!(100)));
    assert_eq!(page["items"][0]["relative_path"], "100.wav");
    let page = server.json(&owner, "/api/v1/tracks?offset=1000000").await;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["total"]), (0, &json!(120)));
}

/// Issue 13: shuffle comes from the server, for the whole list, by page.
#[tokio::test]
async fn a_shuffled_list_has_every_track_once_and_many_artists_at_its_beginning() {
    const TRACKS: usize = 2_853;
    const ARTISTS: usize = 115;
    let server = Server::start().await;
    let owner = server.owner().await;
    let folder = server.library().await;
    let by = |number: usize| {
        let mut file = scanned(&format!("{number:04}.wav"), 10);
        file.tags.artist = Some(format!("Artist {}", number % ARTISTS));
        file.tags.album_artist = None;
        file.tags.album = Some(format!("Album {}", number % ARTISTS));
        ScanChange::Added(file)
    };
    server.store().catalog().apply_scan(folder, None, (0..TRACKS).map(by).collect(), now()).await.unwrap();
    let page = async |seed: u32, offset: usize| {
        let path = format!("/api/v1/tracks?sort=shuffled&seed={seed}&offset={offset}&limit=500");
        let page = server.json(&owner, &path).await;
        assert_eq!(page["total"], json!(TRACKS));
        let rows = page["items"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| {
                (row["id"].as_str().unwrap().to_owned(), row["artist"]["name"].as_str().unwrap().to_owned())
            })
            .collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for offset in (0..TRACKS).step_by(500) {
        all.extend(page(7, offset).await);
    }
    assert_eq!(all.len(), TRACKS);
    assert_eq!(
        all.iter().map(|(id, _)| id).collect::<HashSet<_>>().len(),
        TRACKS,
        "no track twice, none left out"
    );
    let artists = all.iter().take(100).map(|(_, artist)| artist).collect::<HashSet<_>>().len();
    assert!(artists >= 60, "{artists} artists in the first 100 tracks");
    assert_eq!(page(7, 0).await, all[..500], "the seed decides");
    assert_ne!(page(8, 0).await, all[..500]);

    // Random order and a search go together.
    let found = server.json(&owner, "/api/v1/tracks?sort=shuffled&seed=7&search=artist+7&limit=500").await;
    assert!(found["total"].as_u64().unwrap() < TRACKS as u64 / 2, "{}", found["total"]);
    for refused in ["sort=shuffled", "seed=7", "sort=title&seed=7", "sort=shuffled&seed=4294967296"] {
        assert_eq!(server.get(&owner, &format!("/api/v1/tracks?{refused}")).await.status(), 400, "{refused}");
    }
    assert_eq!(server.json(&owner, "/api/v1/catalog?sort=shuffled&seed=1").await["total"], 0);
}

/// Issue 13: answers quoted serde, and a search with a NUL was refused for its length.
#[tokio::test]
async fn what_a_parameter_may_be_is_said_in_a_sentence_and_a_nul_stands_between_words() {
    let server = Server::start().await;
    let owner = server.owner().await;
    server.track("a.wav", &[0; 44]).await;
    for query in ["sort=x", "order=x", "limit=x", "limit=-1", "state=x", "artist=x"] {
        let answer = server.get(&owner, &format!("/api/v1/tracks?{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
        let answer: serde_json::Value = answer.json().await.unwrap();
        let detail = answer["detail"].as_str().unwrap();
        let name = query.split('=').next().unwrap();
        assert!(detail.contains(name), "{query}: {detail}");
        for raw in ["variant", "deserialize", "expected", "invalid digit"] {
            assert!(!detail.contains(raw), "{query}: {detail}");
        }
    }
    for (search, total) in [("a%00wav", 1), ("a%00zzz", 0), ("%00a%00", 1)] {
        let found = server.json(&owner, &format!("/api/v1/tracks?search={search}")).await;
        assert_eq!(found["total"], total, "{search}: {found}");
    }
}

#[tokio::test]
async fn a_release_without_a_gain_says_why() {
    let server = Server::start().await;
    let owner = server.owner().await;
    server.track("a.wav", &[0; 44]).await;
    let releases = server.json(&owner, "/api/v1/releases").await;
    let release = releases["items"][0]["id"].as_str().unwrap();
    assert_eq!(
        server.json(&owner, &format!("/api/v1/releases/{release}/gain")).await,
        json!({
            "gain_db": null, "peak": null, "reason": "some of its tracks are not analyzed yet", "missing": []
        })
    );
    let unknown = "0190b8d0-0000-7000-8000-000000000000";
    assert_eq!(server.get(&owner, &format!("/api/v1/releases/{unknown}/gain")).await.status(), 404);
}

#[tokio::test]
async fn covers_are_jpegs_that_are_asked_for_once() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let cover = server.store().blobs().put(fanfare_store::BlobKind::Cover, b"jpeg bytes").await.unwrap();
    let folder = server.library().await;
    let file = fanfare_store::ScannedFile { cover: Some(cover), ..scanned("c.wav", 10) };
    server.store().catalog().apply_scan(folder, None, vec![ScanChange::Added(file)], now()).await.unwrap();
    let track = &server.json(&owner, "/api/v1/tracks").await["items"][0];
    assert_eq!(track["has_cover"], true);
    // The track could be a published one, so that to strangers it is as if it did not exist.
    for (path, strangers) in [
        (format!("/api/v1/tracks/{}/cover", track["id"].as_str().unwrap()), 404),
        (format!("/api/v1/releases/{}/cover", track["release"]["id"].as_str().unwrap()), 401),
    ] {
        let response = server.get(&owner, &path).await;
        assert_eq!(response.headers()["content-type"], "image/jpeg");
        let etag = response.headers()["etag"].clone();
        assert_eq!(response.bytes().await.unwrap().as_ref(), b"jpeg bytes");
        let again = server.request(&owner, reqwest::Method::GET, &path).header("if-none-match", etag);
        assert_eq!(again.send().await.unwrap().status(), 304);
        assert_eq!(server.get(&As::Nobody, &path).await.status(), strangers);
    }
}

/// Not a limit but a number to look at: `cargo nextest run -p fanfare-server --run-ignored all first_page --no-capture`.
#[tokio::test]
#[ignore = "prints a measurement; fills a catalog with 100,000 tracks"]
async fn first_page_of_a_hundred_thousand() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let folder = server.library().await;
    for batch in 0..100 {
        let changes = (0..1_000)
            .map(|i| {
                let mut file = scanned(&format!("{batch:03}/{i:04}.wav"), 10);
                file.tags.artist = Some(format!("Artist {}", (batch * 1_000 + i) % 3_000));
                file.tags.album = Some(format!("Album {}", (batch * 1_000 + i) % 9_000));
                ScanChange::Added(file)
            })
            .collect();
        server.store().catalog().apply_scan(folder, None, changes, now()).await.unwrap();
    }
    for path in [
        "/api/v1/tracks?limit=100",
        "/api/v1/tracks?limit=100&sort=artist",
        "/api/v1/tracks?limit=100&sort=tempo&order=desc",
        "/api/v1/tracks?limit=100&offset=90000",
        "/api/v1/tracks?limit=100&search=titl",
        "/api/v1/artists",
        "/api/v1/releases",
        "/api/v1/library",
    ] {
        let mut best = std::time::Duration::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            server.json(&owner, path).await;
            best = best.min(begun.elapsed());
        }
        println!("{path}: {:.1} ms", best.as_secs_f64() * 1e3);
    }
}
