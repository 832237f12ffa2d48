//! Every failure is a problem document (RFC 9457), and every answer carries the protective header fields.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{As, Server};

#[tokio::test]
async fn failures_are_problem_documents() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let get = |path: &str| server.request(&owner, Method::GET, path);
    let post = |path: &str| server.request(&owner, Method::POST, path);
    let cases = [
        (get("/api/v1/nothing"), 404, "not-found"),
        (get("/api"), 404, "not-found"),
        (get("/health/x"), 404, "not-found"),
        (get("/no-such-page"), 404, "not-found"),
        (post("/"), 405, "invalid"),
        (get("/api/v1/login"), 405, "invalid"),
        (server.request(&owner, Method::OPTIONS, "/api/v1/me"), 405, "invalid"),
        (get("/api/v1/tracks?limit=0"), 400, "invalid"),
        (get("/api/v1/tracks?limit=501"), 400, "invalid"),
        (get("/api/v1/tracks?offset=-1"), 400, "invalid"),
        (get("/api/v1/tracks?sort=path"), 400, "invalid"),
        (get("/api/v1/tracks?colour=red"), 400, "invalid"),
        (get("/api/v1/tracks?sort=title&sort=title"), 400, "invalid"),
        (get("/api/v1/me?x=1"), 400, "invalid"),
        (get("/api/v1/tracks/1"), 404, "not-found"),
        (get("/api/v1/tracks/..%2f..%2fetc%2fpasswd/audio"), 404, "not-found"),
        (get("/api/v1/tracks/0123456789ABCDEF0123456789ABCDEF"), 404, "not-found"),
        (get("/api/v1/tracks/0123456789abcdef0123456789abcdef"), 404, "not-found"),
        (get("/api/v1/tracks/0123456789abcdef0123456789abcdef/waveform"), 404, "not-found"),
        (get("/api/v1/artists/0123456789abcdef0123456789abcdef"), 404, "not-found"),
        (post("/api/v1/folders").body("{}"), 415, "invalid"),
        (post("/api/v1/folders").header("content-type", "application/json").body("{"), 400, "invalid"),
        (post("/api/v1/folders").json(&json!({})), 400, "invalid"),
        (post("/api/v1/folders").json(&json!({"path": 5})), 400, "invalid"),
        (post("/api/v1/folders").json(&json!({"path": "/tmp", "x": 1})), 400, "invalid"),
        (post("/api/v1/folders").json(&json!({"path": "relative"})), 400, "invalid"),
        (post("/api/v1/folders").json(&json!({"path": ""})), 400, "invalid"),
        (post("/api/v1/folders").json(&json!({"path": "/a\u{0}b"})), 400, "invalid"),
        (post("/api/v1/folders").json(&json!({"path": "/no/such/folder"})), 400, "invalid"),
        (post("/api/v1/folders").json(&json!({"path": "x".repeat(70_000)})), 413, "limit-exceeded"),
        (
            post("/api/v1/users").json(&json!({"name": " ", "password": "12345678", "role": "listener"})),
            400,
            "invalid",
        ),
        (
            post("/api/v1/users").json(&json!({"name": "a", "password": "1234567", "role": "listener"})),
            400,
            "invalid",
        ),
        (
            post("/api/v1/users").json(&json!({"name": "a", "password": "12345678", "role": "god"})),
            400,
            "invalid",
        ),
    ];
    for (request, status, kind) in cases {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let what = format!("{} {}", request.method(), request.url());
        let response = client.execute(request).await.unwrap();
        assert_eq!(response.status(), status, "{what}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{what}");
        assert!(response.headers().contains_key("x-request-id"), "{what}");
        assert_eq!(response.headers().contains_key("allow"), status == 405, "{what}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["kind"], kind, "{what} {problem}");
        assert_eq!(problem["status"], status, "{what}");
        assert_eq!(problem["type"], "about:blank", "{what}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(!detail.is_empty() && detail.len() < 300 && !detail.ends_with('.'), "{what} {detail}");
        assert!(!detail.to_lowercase().contains("sql"), "{what} {detail}");
    }
}

#[tokio::test]
async fn nothing_is_quoted_from_a_body() {
    let server = Server::start().await;
    for body in
        [r#"{"name": "n", "password": ["hunter2-hunter2"]}"#, r#"{"name": "n", "password": "hunter2-hunter2"#]
    {
        let request = server.request(&As::Nobody, Method::POST, "/api/v1/login");
        let response = request.header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(response.status(), 400);
        assert!(!response.text().await.unwrap().contains("hunter2"));
    }
}

#[tokio::test]
async fn every_answer_is_protected() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for path in ["/", "/api/v1/status", "/api/v1/me", "/api/v1/nothing", "/metrics", "/health/live"] {
        let response = server.get(&owner, path).await;
        let headers = response.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'self' 'unsafe"), "{path}");
        assert!(headers.contains_key("permissions-policy"), "{path}");
        assert_eq!(headers["cache-control"], if path == "/" { "no-cache" } else { "no-store" }, "{path}");
        assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
    }
}
