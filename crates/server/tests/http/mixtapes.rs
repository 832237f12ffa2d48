//! Mixtapes: who may change one, what becomes of its tracks, covers, playlists.

use std::io::Cursor;

use fanfare_model::{ContentHash, Role, TrackId};
use fanfare_store::{BlobKind, ScanChange};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::fixture::{As, Server, now, scanned};

const ALL: &str = "/api/v1/mixtapes";

async fn body(response: Response, status: u16) -> Value {
    let (got, text) = (response.status().as_u16(), response.text().await.unwrap());
    assert_eq!(got, status, "{text}");
    if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
}

async fn make(server: &Server, who: &As, title: &str, tracks: &[TrackId]) -> Value {
    let tracks: Vec<String> = tracks.iter().map(ToString::to_string).collect();
    body(server.post(who, ALL, json!({"title": title, "tracks": tracks})).await, 201).await
}

async fn change(server: &Server, who: &As, slug: &str, change: Value) -> Response {
    server.request(who, Method::PATCH, &format!("{ALL}/{slug}")).json(&change).send().await.unwrap()
}

fn titles(mixtape: &Value) -> Vec<String> {
    let tracks = mixtape["tracks"].as_array().unwrap();
    tracks.iter().map(|entry| entry["title"].as_str().unwrap().replace("Title of ", "")).collect()
}

#[tokio::test]
async fn a_mixtape_is_made_reordered_renamed_and_deleted() {
    let server = Server::start().await;
    let ann = server.person("ann", Role::Listener).await;
    let ann = server.session(&ann, 60_000).await;
    let (a, b) = (server.track("a.wav", b"aa").await, server.track("b.wav", b"bb").await);
    let tape = make(&server, &ann, " Side A ", &[a, b]).await;
    assert_eq!(
        (&tape["slug"], &tape["title"], &tape["owner"]),
        (&json!("side-a"), &json!("Side A"), &json!("ann"))
    );
    assert_eq!(
        (&tape["mine"], &tape["may_change"], &tape["missing"]),
        (&json!(true), &json!(true), &json!(0))
    );
    assert_eq!(
        (&tape["track_count"], &tape["duration_s"], &tape["cover"]),
        (&json!(2), &json!(4.0), &Value::Null)
    );
    assert_eq!(tape["tracks"][1]["track"]["id"], json!(b.to_string()));
    assert_eq!(titles(&tape), ["a.wav", "b.wav"]);
    let order = json!({"tracks": [b.to_string(), a.to_string(), b.to_string()], "title": "Side B"});
    let changed = body(change(&server, &ann, "side-a", order).await, 200).await;
    assert_eq!(titles(&changed), ["b.wav", "a.wav", "b.wav"]);
    assert_eq!((&changed["slug"], &changed["title"]), (&json!("side-a"), &json!("Side B")));
    for (wrong, status) in [
        (json!({"tracks": ["0123456789abcdef0123456789abcdef"]}), 400),
        (json!({"tracks": ["../../etc/passwd"]}), 400),
        (json!({"tracks": vec![a.to_string(); 1_001]}), 413),
        (json!({"title": ""}), 400),
        (json!({"title": "a\nb"}), 400),
        (json!({"notes": "x".repeat(4_001)}), 400),
        (json!({"slug": "other"}), 400),
    ] {
        body(change(&server, &ann, "side-a", wrong).await, status).await;
    }
    let list = server.json(&ann, "/api/v1/mixtapes?sort=title&search=side").await;
    assert_eq!((&list["total"], &list["items"][0]["slug"]), (&json!(1), &json!("side-a")));
    let gone = || server.request(&ann, Method::DELETE, "/api/v1/mixtapes/side-a").send();
    body(gone().await.unwrap(), 204).await;
    body(gone().await.unwrap(), 404).await;
    assert_eq!(server.get(&ann, &format!("/api/v1/tracks/{a}")).await.status(), 200, "tracks stay");
}

#[tokio::test]
async fn only_its_maker_and_owners_change_a_mixtape() {
    let server = Server::start().await;
    let mut people = Vec::new();
    for (name, role) in [("ann", Role::Listener), ("bob", Role::Listener), ("eve", Role::Owner)] {
        let user = server.person(name, role).await;
        people.push(server.session(&user, 60_000).await);
    }
    let [ann, bob, eve] = [&people[0], &people[1], &people[2]];
    let track = server.track("a.wav", b"aa").await;
    make(&server, ann, "Tape", &[track]).await;
    let share = body(server.post(ann, "/api/v1/mixtapes/tape/shares", json!({})).await, 201).await;
    let share = share["id"].as_str().unwrap();
    let closed = [
        (Method::PATCH, "tape".to_owned(), json!({"title": "Mine"})),
        (Method::PUT, "tape/cover".to_owned(), json!({})),
        (Method::DELETE, "tape/cover".to_owned(), json!({})),
        (Method::GET, "tape/shares".to_owned(), json!({})),
        (Method::POST, "tape/shares".to_owned(), json!({})),
        (Method::DELETE, format!("tape/shares/{share}"), json!({})),
        (Method::DELETE, "tape".to_owned(), json!({})),
    ];
    for (method, path, sent) in &closed {
        let request = server.request(bob, method.clone(), &format!("{ALL}/{path}")).json(sent);
        body(request.send().await.unwrap(), 403).await;
        let unknown = path.replacen("tape", "no-such", 1);
        let request = server.request(bob, method.clone(), &format!("{ALL}/{unknown}")).json(sent);
        body(request.send().await.unwrap(), 404).await;
    }
    // Everybody sees it, and may have a copy.
    let seen = server.json(bob, "/api/v1/mixtapes/tape").await;
    assert_eq!(
        (&seen["mine"], &seen["may_change"], &seen["title"]),
        (&json!(false), &json!(false), &json!("Tape"))
    );
    let copy = body(server.post(bob, "/api/v1/mixtapes/tape/duplicate", json!({})).await, 201).await;
    assert_eq!((&copy["title"], &copy["slug"]), (&json!("Tape (copy)"), &json!("tape-copy")));
    assert_eq!((&copy["mine"], titles(&copy)), (&json!(true), vec!["a.wav".to_owned()]));
    body(change(&server, eve, "tape", json!({"title": "Eve was here"})).await, 200).await;
    // A link of one mixtape cannot be removed through another.
    let through = format!("{ALL}/tape-copy/shares/{share}");
    body(server.request(bob, Method::DELETE, &through).send().await.unwrap(), 404).await;
    body(server.request(eve, Method::DELETE, &format!("{ALL}/tape")).send().await.unwrap(), 204).await;
}

#[tokio::test]
async fn a_track_that_is_gone_is_still_named() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (a, b) = (server.track("a.wav", b"aa").await, server.track("b.wav", b"bb").await);
    make(&server, &owner, "Tape", &[a, b]).await;
    let folder = server.library().await;
    server.store().catalog().apply_scan(folder, None, vec![ScanChange::Removed(a)], now()).await.unwrap();
    let tape = server.json(&owner, "/api/v1/mixtapes/tape").await;
    assert_eq!(
        (&tape["missing"], &tape["track_count"], &tape["duration_s"]),
        (&json!(1), &json!(2), &json!(2.0))
    );
    let entry = &tape["tracks"][0];
    assert_eq!((&entry["track"], &entry["title"]), (&Value::Null, &json!("Title of a.wav")));
    assert_eq!((&entry["artist"], &entry["duration_s"]), (&json!("Some Artist"), &json!(2.0)));
    let turned = json!({"tracks": [b.to_string(), entry["id"]]});
    let tape = body(change(&server, &owner, "tape", turned).await, 200).await;
    assert_eq!(titles(&tape), ["b.wav", "a.wav"]);
}

fn png(color: [u8; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::RgbImage::from_pixel(30, 20, image::Rgb(color));
    image.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

/// A track with a cover of that color.
async fn with_cover(server: &Server, name: &str, color: [u8; 3]) -> (TrackId, ContentHash) {
    let cover = fanfare_audio::normalise_cover(&png(color), &fanfare_audio::Limits::default()).unwrap();
    let cover = server.store().blobs().put(BlobKind::Cover, &cover.jpeg).await.unwrap();
    let id = server.track(name, name.as_bytes()).await;
    let mut file = scanned(name, name.len() as u64);
    file.cover = Some(cover);
    let folder = server.library().await;
    server
        .store()
        .catalog()
        .apply_scan(folder, None, vec![ScanChange::Changed(id, file)], now())
        .await
        .unwrap();
    (id, cover)
}

#[tokio::test]
async fn a_cover_is_composed_or_given() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (a, red) = with_cover(&server, "a.wav", [250, 0, 0]).await;
    let (b, _) = with_cover(&server, "b.wav", [0, 250, 0]).await;
    let plain = server.track("c.wav", b"cc").await;
    let tape = make(&server, &owner, "Tape", &[plain, a]).await;
    let cover = async |tape: &Value| {
        let address = tape["cover"].as_str().unwrap().to_owned();
        let response = server.get(&owner, &address).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"image/jpeg".parse().unwrap())
        );
        response.bytes().await.unwrap()
    };
    let alone = server.store().blobs().get(BlobKind::Cover, red).await.unwrap().unwrap();
    assert_eq!(cover(&tape).await, alone, "one cover is shown as it is");
    let both = json!({"tracks": [a.to_string(), plain.to_string(), b.to_string()]});
    let tape = body(change(&server, &owner, "tape", both).await, 200).await;
    let composed = cover(&tape).await;
    let pixels = image::load_from_memory(&composed).unwrap().to_rgb8();
    let near =
        |x, y, color: [u8; 3]| pixels.get_pixel(x, y).0.iter().zip(color).all(|(a, b)| a.abs_diff(b) < 12);
    assert!(near(200, 200, [250, 0, 0]) && near(800, 200, [0, 250, 0]) && near(800, 800, [250, 0, 0]));
    let blobs = server.store().blobs().list(BlobKind::Cover).await.unwrap().len();
    assert_eq!(cover(&tape).await, composed, "made once");
    assert_eq!(server.store().blobs().list(BlobKind::Cover).await.unwrap().len(), blobs);
    let give = async |bytes: Vec<u8>| {
        let request = server.request(&owner, Method::PUT, "/api/v1/mixtapes/tape/cover");
        request.header("content-type", "image/svg+xml").body(bytes).send().await.unwrap()
    };
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    for (bytes, status) in
        [(svg, 422), (Vec::new(), 422), (png([1, 2, 3])[..60].to_vec(), 422), (vec![0; (16 << 20) + 1], 413)]
    {
        body(give(bytes).await, status).await;
    }
    let mut polyglot = png([0, 0, 250]);
    polyglot.extend_from_slice(b"<script>alert(1)</script>");
    body(give(polyglot).await, 204).await;
    let tape = server.json(&owner, "/api/v1/mixtapes/tape").await;
    let given = cover(&tape).await;
    assert!(given.starts_with(b"\xff\xd8\xff") && !given.windows(6).any(|part| part == b"script"));
    assert_eq!(tape["cover_given"], json!(true));
    body(server.request(&owner, Method::DELETE, "/api/v1/mixtapes/tape/cover").send().await.unwrap(), 204)
        .await;
    assert_eq!(cover(&server.json(&owner, "/api/v1/mixtapes/tape").await).await, composed);
    assert_eq!(server.get(&As::Nobody, "/api/v1/mixtapes/tape/cover").await.status(), 401);
}

#[tokio::test]
async fn a_playlist_goes_out_and_comes_back() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let names = ["a.wav", "#b [1].wav", " c%20d.wav", "e\\f.wav", "g\nh.wav"];
    let mut tracks = Vec::new();
    for name in names {
        tracks.push(server.track(name, name.as_bytes()).await);
    }
    tracks.push(tracks[0]);
    let tape = make(&server, &owner, "Tape", &tracks).await;
    let out = server.get(&owner, "/api/v1/mixtapes/tape/m3u8").await;
    assert_eq!(out.headers()["content-type"], "audio/x-mpegurl; charset=utf-8");
    assert_eq!(out.headers()["content-disposition"], "attachment; filename=\"tape.m3u8\"");
    let text = out.text().await.unwrap();
    assert!(
        text.starts_with("#EXTM3U\n#PLAYLIST:Tape\n#EXTINF:2,Some Artist - Title of a.wav\na.wav\n"),
        "{text}"
    );
    let import = async |bytes: Vec<u8>, query: &str| {
        let request = server.request(&owner, Method::POST, &format!("/api/v1/mixtapes/import{query}"));
        request.header("content-type", "audio/x-mpegurl").body(bytes).send().await.unwrap()
    };
    let answer = body(import(text.clone().into_bytes(), "").await, 201).await;
    assert_eq!((titles(&answer["mixtape"]), &answer["unmatched"]), (titles(&tape), &json!([])));
    assert_eq!(answer["mixtape"]["slug"], json!("tape-2"));
    // As a form, from Windows, with a byte order mark; what is not known is told.
    let windows = "\u{feff}C:\\Music\\a.wav\r\n..\\..\\windows\\win.ini\r\n/etc/passwd\r\n";
    let form = format!(
        "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../My list.m3u\"\r\n\r\n{windows}\r\n--xx--\r\n"
    );
    let request = server.request(&owner, Method::POST, "/api/v1/mixtapes/import");
    let request = request.header("content-type", "multipart/form-data; boundary=xx").body(form);
    let answer = body(request.send().await.unwrap(), 201).await;
    assert_eq!(answer["unmatched"], json!(["..\\..\\windows\\win.ini", "/etc/passwd"]));
    assert_eq!(
        (&answer["mixtape"]["title"], titles(&answer["mixtape"])),
        (&json!("My list"), vec!["a.wav".into()])
    );
    for (bytes, query, status) in [
        (b"/etc/passwd\n".to_vec(), "", 422),
        (Vec::new(), "", 422),
        (vec![b'a'; (1 << 20) + 1], "", 413),
        ("a.wav\n".repeat(1_001).into_bytes(), "", 413),
        (b"\xff\xfea\0".to_vec(), "", 422),
        (b"a.wav".to_vec(), "?title=", 400),
        (b"\xe9\na.wav".to_vec(), "?title=Latin", 201),
        // issue 13: other formats
        (b"[playlist]\nFile1=a.wav\nNumberOfEntries=1\n".to_vec(), "?title=pls", 201),
        (
            b"<playlist><trackList><track><location>a.wav</location></track></trackList></playlist>".to_vec(),
            "?title=xspf",
            201,
        ),
        (b"<html>a.wav</html>".to_vec(), "", 422),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "", 422),
    ] {
        body(import(bytes, query).await, status).await;
    }
    assert_eq!(server.get(&owner, "/api/v1/mixtapes/latin").await.status(), 200);
}
