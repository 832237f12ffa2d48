//! The embedded pages, health, numbers.

use reqwest::Method;
use serde_json::json;

use crate::fixture::{As, Server};

#[tokio::test]
async fn the_page_is_public_and_revalidated() {
    let server = Server::start().await;
    let response = server.get(&As::Nobody, "/").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let etag = response.headers()["etag"].clone();
    let again =
        server.request(&As::Nobody, Method::GET, "/").header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd", "/assets/../index.html/"] {
        assert_eq!(raw_status(&server, path).await, 404, "{path}");
    }
}

/// The status for a path exactly as written: clients tidy paths up before sending.
async fn raw_status(server: &Server, path: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(server.started.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn health_and_numbers() {
    let server = Server::start().await;
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(server.json(&As::Nobody, path).await["status"], "ok");
    }
    let owner = server.owner().await;
    server.track("a.wav", &[0; 10]).await;
    server.get(&owner, "/api/v1/me").await;
    let response = server.get(&owner, "/metrics").await;
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = response.text().await.unwrap();
    for line in [
        "fanfare_http_requests_total{method=\"GET\",route=\"/api/v1/me\",status=\"200\"} 1",
        "fanfare_tracks{state=\"queued\"} 1",
        "fanfare_jobs{state=\"parked\"} 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
    }
    for name in ["fanfare_worker_restarts_total", "process_resident_memory_bytes", "fanfare_build_info"] {
        assert!(text.contains(name), "{name}");
    }
}

#[tokio::test]
async fn json_is_compressed_when_asked_for() {
    let server = Server::start().await;
    let request =
        server.request(&As::Nobody, Method::GET, "/api/v1/openapi.json").header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let small = server.request(&As::Nobody, Method::GET, "/api/v1/status").header("accept-encoding", "gzip");
    let small = small.send().await.unwrap();
    assert!(!small.headers().contains_key("content-encoding"));
    let status: serde_json::Value = small.json().await.unwrap();
    assert_eq!(status["setup_needed"], json!(true));
}
