//! Files on the wire: pipelined requests, clients that leave or stall, files that change, rights that end.

use std::time::Duration;

use fanfare_model::TrackId;
use fanfare_store::ScanChange;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::fixture::{As, Server, settle};

/// Far more than the buffers between server and client hold.
const LARGE_BYTES: usize = 24 * 1024 * 1024;
/// Nothing here takes as long; without a limit a fault would hang.
const PATIENCE: Duration = Duration::from_secs(60);

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

/// A request as text.
fn request(server: &Server, who: &As, method: &str, id: TrackId, fields: &str) -> String {
    let key = match who {
        As::Key(secret) => format!("authorization: Bearer {secret}\r\n"),
        _ => String::new(),
    };
    let address = server.started.address;
    format!(
        "{method} /api/v1/tracks/{id}/audio?quality=original HTTP/1.1\r\nhost: {address}\r\n{key}{fields}\r\n"
    )
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.started.address).await.unwrap()
}

/// Sends, and reads until the server closes; whatever came, in order or not.
async fn exchange(server: &Server, sent: &str) -> Vec<u8> {
    let mut stream = connect(server).await;
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut got)).await;
    let _broken_off_is_an_answer_too = read.unwrap();
    got
}

/// The next answer in what came: status, header fields, and a body of the length they say.
fn next_answer<'a>(got: &mut &'a [u8], head: bool) -> (u16, String, &'a [u8]) {
    let end = got.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let fields = std::str::from_utf8(&got[..end]).unwrap().to_lowercase();
    let status = fields.split(' ').nth(1).unwrap().parse().unwrap();
    let length = fields.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().unwrap());
    let length = if head || status == 304 { 0 } else { length };
    let body = &got[end..end + length];
    *got = &got[end + length..];
    (status, fields, body)
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start().await;
    let owner = server.person("owner", fanfare_model::Role::Owner).await;
    let key = server.key(&owner).await;
    let bytes = content(700_001);
    let id = server.track("a.wav", &bytes).await;
    let tag =
        server.get(&key, &format!("/api/v1/tracks/{id}/audio?quality=original")).await.headers()["etag"]
            .clone();
    let tag = format!("if-none-match: {}\r\n", tag.to_str().unwrap());
    let cases = [
        ("HEAD", "", 200),
        ("GET", "range: bytes=0-0\r\n", 206),
        ("GET", "", 200),
        ("GET", tag.as_str(), 304),
        ("GET", "range: bytes=5-9,300000-699999\r\n", 206),
        ("GET", "range: bytes=700001-\r\n", 416),
        ("GET", "range: bytes=262143-524289\r\n", 206),
        ("GET", "connection: close\r\nrange: bytes=-1\r\n", 206),
    ];
    let sent: String =
        cases.iter().map(|(method, fields, _)| request(&server, &key, method, id, fields)).collect();
    let got = exchange(&server, &sent).await;
    let mut rest = got.as_slice();
    let mut bodies = Vec::new();
    for (method, fields, expected) in cases {
        let (status, answered, body) = next_answer(&mut rest, method == "HEAD");
        assert_eq!(status, expected, "{method} {fields}: {answered}");
        bodies.push((answered, body));
    }
    assert!(rest.is_empty(), "{} bytes too many", rest.len());
    // HEAD says what GET gives.
    let fixed = |fields: &str| -> Vec<String> {
        fields
            .lines()
            .filter(|line| !line.starts_with("date") && !line.starts_with("x-request-id"))
            .map(Into::into)
            .collect()
    };
    assert_eq!(fixed(&bodies[0].0), fixed(&bodies[2].0));
    let whole = [(1, &bytes[..1]), (2, &bytes[..]), (6, &bytes[262_143..=524_289]), (7, &bytes[700_000..])];
    for (index, expected) in whole {
        assert!(bodies[index].1 == expected, "answer {index}");
    }
    let parts = bodies[4].1;
    let holds = |wanted: &[u8]| parts.windows(wanted.len()).any(|window| window == wanted);
    assert!(holds(&bytes[5..=9]) && holds(&bytes[300_000..=699_999]));
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_breaks_the_connection() {
    for shrink in [true, false] {
        let server = Server::start().await;
        let key = server.key(&server.person("owner", fanfare_model::Role::Owner).await).await;
        let id = server.track("a.wav", &content(LARGE_BYTES)).await;
        let mut stream = connect(&server).await;
        stream.write_all(request(&server, &key, "GET", id, "").as_bytes()).await.unwrap();
        stream.read_exact(&mut vec![0; 10_000]).await.unwrap();
        let file = std::fs::File::options().write(true).open(server.music().join("a.wav")).unwrap();
        if shrink {
            file.set_len(1_000_000).unwrap();
        } else {
            settle(&server.music().join("a.wav"));
        }
        let mut rest = Vec::new();
        let _broken_off = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap();
        assert!(rest.len() < LARGE_BYTES - 10_000, "{} bytes", rest.len());
        // The server lives, and sends the file that is there now.
        let now = server.get(&key, &format!("/api/v1/tracks/{id}/audio?quality=original")).await;
        let length = std::fs::metadata(server.music().join("a.wav")).unwrap().len();
        assert_eq!(now.bytes().await.unwrap().len() as u64, length);
    }
}

#[tokio::test]
async fn readers_who_stall_or_leave_hold_up_nobody() {
    let server = Server::start().await;
    let key = server.key(&server.person("owner", fanfare_model::Role::Owner).await).await;
    let bytes = content(LARGE_BYTES);
    let id = server.track("a.wav", &bytes).await;
    let sent = request(&server, &key, "GET", id, "connection: close\r\n");
    // 200 that ask and read nothing, 200 that leave in the middle.
    let mut stalled = Vec::new();
    for _ in 0..200 {
        let mut stream = connect(&server).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        stalled.push(stream);
        let mut leaver = connect(&server).await;
        leaver.write_all(sent.as_bytes()).await.unwrap();
        leaver.read_exact(&mut [0; 2_000]).await.unwrap();
    }
    let got = exchange(&server, &sent).await;
    assert!(got.ends_with(&bytes), "{} bytes", got.len());
    // One that stalled goes on as if nothing had been.
    let mut late = Vec::new();
    tokio::time::timeout(PATIENCE, stalled[77].read_to_end(&mut late)).await.unwrap().unwrap();
    assert!(late.ends_with(&bytes), "{} bytes", late.len());
    drop(stalled);
    // The file's handles are given back: those of the connections at once, the one that is kept soon after.
    let path = std::fs::canonicalize(server.music().join("a.wav")).unwrap();
    let open = || {
        let all = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(Result::ok);
        all.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path)).count()
    };
    let closed = async {
        while open() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.unwrap();
}

#[tokio::test]
async fn what_is_remembered_of_a_moment_ago_never_outlives_a_change() {
    let server = Server::start().await;
    let person = server.person("listener", fanfare_model::Role::Listener).await;
    let (session, key) = (server.session(&person, 3_600_000).await, server.key(&person).await);
    let id = server.track("a.wav", &[1; 100]).await;
    let path = format!("/api/v1/tracks/{id}/audio?quality=original");
    let status = async |who: &As| server.get(who, &path).await.status().as_u16();
    for who in [&session, &key] {
        assert_eq!((status(who).await, status(who).await), (200, 200));
    }
    let signed_out = server.request(&session, Method::POST, "/api/v1/logout").send().await.unwrap();
    assert_eq!((signed_out.status().as_u16(), status(&session).await), (204, 401));
    assert_eq!(status(&key).await, 200);
    // The file goes away from the library, though it is still on the disk.
    let folder = server.library().await;
    let removed = vec![ScanChange::Removed(id)];
    server.store().catalog().apply_scan(folder, None, removed, crate::fixture::now()).await.unwrap();
    assert_eq!(status(&key).await, 404);
    server.store().people().delete_user(person.id).await.unwrap();
    assert_eq!(status(&key).await, 401);
}
