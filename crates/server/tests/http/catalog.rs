//! Publishing: who sees a track before and after.

use fanfare_model::{JobKind, Role, Wanted, job::Products};
use fanfare_store::{NewUpload, Uploaded};
use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{As, Server, now, scanned};

async fn change(server: &Server, who: &As, path: &str, body: Value) -> (u16, Value) {
    let response = server.request(who, Method::PATCH, path).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_published_track_is_everybodys_and_no_other() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (one, other) = (server.track("one.wav", b"1").await, server.track("other.wav", b"2").await);
    let path = format!("/api/v1/tracks/{one}");
    let (status, refused) = change(&server, &owner, &path, json!({"state": "published"})).await;
    assert_eq!((status, &refused["kind"]), (409, &json!("conflict")), "a track that was not analyzed");
    assert!(refused["detail"].as_str().unwrap().contains("queued"), "{refused}");
    server.analyze_all().await;
    assert_eq!(server.json(&As::Nobody, "/api/v1/catalog").await["total"], 0);
    let parts = ["features", "waveform/columns", "cover", "hls/index.m3u8", "hls/low/0.m4s"]
        .map(|part| format!("{path}/{part}"));
    for part in &parts {
        assert_eq!(server.get(&As::Nobody, part).await.status(), 404, "{part}");
    }
    let (status, published) = change(&server, &owner, &path, json!({"state": "published"})).await;
    assert_eq!((status, &published["state"]), (200, &json!("published")));
    assert!(published["published"].is_string());

    let catalog = server.json(&As::Nobody, "/api/v1/catalog?sort=added&order=desc").await;
    assert_eq!((&catalog["total"], &catalog["items"][0]["id"]), (&json!(1), &json!(one.to_string())));
    assert_eq!(catalog["items"][0]["artist"], "Some Artist");
    for private in ["relative_path", "size_bytes", "failure", "home", "twin", "enrichment_error"] {
        assert!(catalog["items"][0].get(private).is_none(), "{private}");
    }
    let columns = server.json(&As::Nobody, &parts[1]).await;
    assert_eq!(columns["peaks"].as_array().unwrap().len(), 800);
    assert!(server.json(&As::Nobody, &parts[0]).await["enrichment"].is_null());
    // It has no cover, which is another 404 than that of a track that may not be seen.
    let cover: Value = server.get(&As::Nobody, &parts[2]).await.json().await.unwrap();
    assert_eq!(cover["detail"], "there is no such cover");
    // The file itself, the library's view of it, and tracks that are not published stay closed.
    for (address, status) in [
        (format!("{path}/audio"), 401),
        (path.clone(), 401),
        (format!("/api/v1/tracks/{other}/features"), 404),
    ] {
        assert_eq!(server.get(&As::Nobody, &address).await.status(), status, "{address}");
    }

    let (status, back) = change(&server, &owner, &path, json!({"state": "ready"})).await;
    assert_eq!((status, &back["published"]), (200, &Value::Null));
    assert_eq!(server.get(&As::Nobody, &parts[1]).await.status(), 404);
    assert_eq!(server.json(&As::Nobody, "/api/v1/catalog").await["items"], json!([]));
    let (status, _) = change(&server, &owner, &path, json!({"state": "queued"})).await;
    assert_eq!(status, 400, "other states are not for people to set");
}

#[tokio::test]
async fn uploads_can_be_deleted_and_files_of_folders_cannot() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let person = server.person("sender", Role::Owner).await;
    let file = server.track("kept.wav", b"in a folder").await;
    let scanned = scanned("sent.wav", 4);
    let bytes = blake3::hash(b"sent");
    let new = NewUpload {
        name: "sent.wav".into(),
        hash: fanfare_model::ContentHash::from_bytes(*bytes.as_bytes()),
        size_bytes: 4,
        tags: scanned.tags,
        audio: scanned.audio,
        picture: false,
        uploader: person.id,
        keep: true,
        products: Products::of_ladder("high=flac"),
    };
    store_upload(&server, b"sent").await;
    let added = server.store().catalog().add_upload(&new, None, 0, now()).await.unwrap();
    let Uploaded::Added(upload) = added else { panic!("{added:?}") };
    let path = format!("/api/v1/tracks/{upload}");
    let shown = server.json(&owner, &path).await;
    assert_eq!((&shown["home"], &shown["enrichment"]), (&json!("upload"), &json!("none")));
    assert_eq!(shown["relative_path"], "sent.wav");
    let audio = server.get(&owner, &format!("{path}/audio?quality=original")).await;
    assert_eq!((audio.status().as_u16(), audio.bytes().await.unwrap().as_ref()), (200, &b"sent"[..]));
    let delete = async |path: String| {
        server.request(&owner, Method::DELETE, &path).send().await.unwrap().status().as_u16()
    };
    assert_eq!(delete(format!("/api/v1/tracks/{file}")).await, 409);
    assert!(server.music().join("kept.wav").exists());
    assert_eq!(delete(path.clone()).await, 204);
    assert_eq!(delete(path.clone()).await, 404);
    assert_eq!(server.get(&owner, &path).await.status(), 404);
    let queue = JobKind::make(upload, Wanted::Upload(Products::default())).queue();
    assert!(server.store().jobs().claim(queue, "test", 1, now()).await.unwrap().is_empty());
}

async fn store_upload(server: &Server, bytes: &[u8]) {
    use fanfare_store::BlobKind;
    server.store().blobs().put(BlobKind::Upload, bytes).await.unwrap();
}
