//! API keys.

use fanfare_model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{As, Server};

#[tokio::test]
async fn a_key_is_shown_once_and_works_until_it_is_removed() {
    let server = Server::start().await;
    let user = server.person("ann", Role::Listener).await;
    let session = server.session(&user, 60_000).await;
    let made = server.post(&session, "/api/v1/keys", json!({"name": "phone"})).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("ff_") && secret.len() == 46, "{secret}");
    let listed = server.get(&session, "/api/v1/keys").await.text().await.unwrap();
    assert!(listed.contains("phone") && !listed.contains(&secret[3..]));

    let key = As::Key(secret.to_owned());
    assert_eq!(server.json(&key, "/api/v1/me").await["name"], "ann");
    // A key needs no header against forgery: no browser sends it by itself.
    assert_eq!(server.post(&key, "/api/v1/logout", json!({})).await.status(), 204);
    let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(server.request(&session, Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(server.get(&key, "/api/v1/me").await.status(), 401);
    // A wrong key is not helped by a good cookie.
    let As::Cookie(cookie) = &session else { panic!("a cookie") };
    let both =
        server.request(&key, Method::GET, "/api/v1/me").header("cookie", format!("fanfare_session={cookie}"));
    assert_eq!(both.send().await.unwrap().status(), 401);
}
