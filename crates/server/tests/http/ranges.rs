//! Audio over HTTP: ten thousand generated requests against the oracle, and what goes with the bytes.

use reqwest::{Method, Response};

use crate::{
    fixture::{As, Server, settle},
    generate::{self, Dice},
    oracle::{self, Fields, Verdict, World},
};

const LEN: usize = 10_007;

fn content() -> Vec<u8> {
    (0..LEN).map(|i| (i * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn ten_thousand_requests_agree_with_the_oracle() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let bytes = content();
    let path = format!("/api/v1/tracks/{}/audio?quality=original", server.track("a.wav", &bytes).await);
    let first = server.get(&owner, &path).await;
    let (etag, date) = (text(&first, "etag"), text(&first, "last-modified"));
    assert_eq!(first.bytes().await.unwrap(), bytes);
    let tags =
        [&etag, "\"v2\"", &format!("W/{etag}"), "W/\"v2\"", &date, "Sun, 06 Nov 1994 08:49:37 GMT", "v1", ""];

    let seed = std::env::var("FANFARE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(2);
    println!("seed {seed} (set FANFARE_SEED to change it)");
    let mut dice = Dice(seed);
    let mut parts_seen = 0;
    for round in 0..10_000 {
        let head = dice.below(10) == 0;
        let mut fields = generate::fields(&mut dice, LEN as u64, &tags);
        // White space around a field's value is not part of it (RFC 9110 section 5.5).
        fields.range = fields.range.map(|range| range.trim_matches([' ', '\t']).to_owned());
        let expected = oracle::verdict(head, &fields, &World { len: LEN as u64, etag: &etag, date: &date });
        let response = send(&server, &owner, head, &path, &fields).await;
        let what = format!("round {round}, head {head}, {fields:?}");
        assert_eq!(text(&response, "accept-ranges"), "bytes", "{what}");
        assert_eq!(text(&response, "etag"), etag, "{what}");
        match expected {
            Verdict::Status(status) => {
                assert_eq!(response.status(), status, "{what}");
                match status {
                    200 => assert_eq!(text(&response, "content-length"), LEN.to_string(), "{what}"),
                    416 => assert_eq!(text(&response, "content-range"), format!("bytes */{LEN}"), "{what}"),
                    _ => {}
                }
                if status == 200 {
                    let body = response.bytes().await.unwrap();
                    assert_eq!(body, if head { &[] } else { bytes.as_slice() }, "{what}");
                }
            }
            Verdict::Parts(parts) => {
                assert_eq!(response.status(), 206, "{what}");
                parts_seen += 1;
                check_parts(response, &parts, &bytes, &what).await;
            }
        }
    }
    assert!(parts_seen > 2_000, "{parts_seen}");
}

async fn send(server: &Server, who: &As, head: bool, path: &str, fields: &Fields) -> Response {
    let mut request = server.request(who, if head { Method::HEAD } else { Method::GET }, path);
    for (name, value) in [
        ("range", &fields.range),
        ("if-range", &fields.if_range),
        ("if-match", &fields.if_match),
        ("if-none-match", &fields.if_none_match),
    ] {
        if let Some(value) = value {
            request = request.header(name, value.as_bytes());
        }
    }
    request.send().await.unwrap()
}

fn text(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn check_parts(response: Response, parts: &[(u64, u64)], bytes: &[u8], what: &str) {
    let slice = |part: &(u64, u64)| &bytes[part.0 as usize..=part.1 as usize];
    let (kind, range, length) = (
        text(&response, "content-type"),
        text(&response, "content-range"),
        text(&response, "content-length"),
    );
    let body = response.bytes().await.unwrap();
    assert_eq!(length, body.len().to_string(), "{what}");
    if let [part] = parts {
        assert_eq!(kind, "audio/wav", "{what}");
        assert_eq!(range, format!("bytes {}-{}/{LEN}", part.0, part.1), "{what}");
        assert_eq!(body, slice(part), "{what}");
        return;
    }
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap();
    assert_eq!(range, "", "{what}");
    let mut expected = Vec::new();
    for part in parts {
        let head = format!(
            "{}--{boundary}\r\nContent-Type: audio/wav\r\nContent-Range: bytes {}-{}/{LEN}\r\n\r\n",
            if expected.is_empty() { "" } else { "\r\n" },
            part.0,
            part.1
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(slice(part));
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert_eq!(body, expected, "{what}");
}

#[test]
fn every_container_has_a_media_type() {
    for container in fanfare_audio::Container::ALL {
        let audio = fanfare_model::AudioProperties {
            codec: "any".into(),
            container: container.as_str().into(),
            sample_rate_hz: 44_100,
            channels: 2,
            bit_depth: None,
            frames: None,
            bitrate_bps: None,
        };
        let media_type = fanfare_delivery::media::media_type(Some(&audio));
        assert!(media_type.starts_with("audio/"), "{} has none", container.as_str());
    }
}

#[tokio::test]
async fn audio_has_a_fixed_type_and_is_never_compressed() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let id = server.track("page.html", b"<script>alert(1)</script>".repeat(100).as_slice()).await;
    let request = server.request(&owner, Method::GET, &format!("/api/v1/tracks/{id}/audio?quality=original"));
    let response = request.header("accept-encoding", "gzip").send().await.unwrap();
    for (name, value) in [
        ("content-type", "audio/wav"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-cache"),
        ("content-encoding", ""),
        ("content-length", "2500"),
    ] {
        assert_eq!(text(&response, name), value, "{name}");
    }
    assert!(text(&response, "content-security-policy").contains("sandbox"));
}

#[tokio::test]
async fn a_changed_file_has_a_new_tag_and_is_sent_whole() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let path = format!("/api/v1/tracks/{}/audio?quality=original", server.track("a.wav", &[1; 100]).await);
    let etag = text(&server.get(&owner, &path).await, "etag");
    std::fs::write(server.music().join("a.wav"), [2; 200]).unwrap();
    settle(&server.music().join("a.wav"));
    let request =
        server.request(&owner, Method::GET, &path).header("range", "bytes=0-9").header("if-range", &etag);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_ne!(text(&response, "etag"), etag);
    assert_eq!(response.bytes().await.unwrap().as_ref(), [2; 200]);
}

#[tokio::test]
async fn a_file_that_is_gone_is_said_to_be_without_its_path() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let path =
        format!("/api/v1/tracks/{}/audio?quality=original", server.track("secret-name.wav", &[1; 100]).await);
    std::fs::remove_file(server.music().join("secret-name.wav")).unwrap();
    let response = server.get(&owner, &path).await;
    assert_eq!(response.status(), 404);
    let body = response.text().await.unwrap();
    assert!(body.contains("scan") && !body.contains("secret-name"), "{body}");
    // Something else in its place is not opened.
    std::fs::create_dir(server.music().join("secret-name.wav")).unwrap();
    assert_eq!(server.get(&owner, &path).await.status(), 404);
}
