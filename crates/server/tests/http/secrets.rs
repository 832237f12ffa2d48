//! No secret reaches the log.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    fixture::{As, Server},
    setup::{cookie_of, set_up, token_of},
};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_holds_no_secret_even_at_its_most_talkative() {
    let captured = Captured::default();
    let writer = captured.clone();
    // Nextest gives every test a process of its own, so this subscriber is nobody else's.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .try_init()
        .unwrap();
    let server = Server::start().await;
    let token = token_of(&server);
    let owner = cookie_of(&set_up(&server, "sentinel-name", "sentinel-password").await);
    let wrong = json!({"name": "sentinel-name", "password": "sentinel-wrong"});
    assert_eq!(server.post(&As::Nobody, "/api/v1/login", wrong).await.status(), 401);
    let key =
        server.post(&owner, "/api/v1/keys", json!({"name": "phone"})).await.json::<Value>().await.unwrap();
    let key = As::Key(key["secret"].as_str().unwrap().to_owned());
    assert_eq!(server.get(&key, "/api/v1/tracks?search=sentinel-search").await.status(), 200);
    assert_eq!(server.get(&key, "/api/v1/nothing?key=sentinel-query").await.status(), 404);
    assert_eq!(server.get(&key, "/api/v1/tracks?sentinel-parameter=1").await.status(), 400);

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("/api/v1/tracks"), "requests are logged by route");
    let mut secrets = vec!["sentinel-".to_owned(), token];
    for who in [owner, key] {
        match who {
            As::Cookie(secret) | As::Key(secret) => secrets.push(secret),
            As::Nobody => {}
        }
    }
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} in the log");
    }
}
