//! Every route of the document x every kind of caller.

use fanfare_model::Role;
use fanfare_server::http::openapi_json;
use reqwest::Method;
use serde_json::Value;

use crate::fixture::{As, Server};

const UNKNOWN_ID: &str = "0123456789abcdef0123456789abcdef";

/// The address with something in the place of its parameters.
fn filled(path: &str) -> String {
    path.replace("{id}", UNKNOWN_ID)
        .replace("{track}", UNKNOWN_ID)
        .replace("{slug}", "no-such")
        .replace("{variant}", "low")
        .replace("{file}", "index.m3u8")
        .replace("{kind}", "upload")
        .replace("{name}", "no-such")
}

/// What a caller may be refused with: nothing, 401 or 403.
fn expected(access: &str, role: Option<Role>) -> Option<u16> {
    match (access, role) {
        ("public", _) | ("listener", Some(_)) | ("owner", Some(Role::Owner)) => None,
        ("owner", Some(_)) => Some(403),
        (_, None) => Some(401),
        other => panic!("unknown access {other:?}"),
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_it_says() {
    let server = Server::start().await;
    let owner = server.person("owner", Role::Owner).await;
    let listener = server.person("listener", Role::Listener).await;
    let gone = server.person("gone", Role::Owner).await;
    let gone_session = server.session(&gone, 3_600_000).await;
    let gone_key = server.key(&gone).await;
    server.store().people().delete_user(gone.id).await.unwrap();
    let expired = server.session(&owner, -1_000).await;
    let (owner_key, listener_key) = (server.key(&owner).await, server.key(&listener).await);

    let document: Value = serde_json::from_str(openapi_json()).unwrap();
    let mut cells = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let access = operation["x-access"].as_str().unwrap();
            let address = filled(path);
            assert!(!address.contains('{'), "a parameter that this test does not know: {address}");
            // Sessions are fresh for every cell: one of the routes ends them.
            let callers = [
                ("nobody", As::Nobody, None),
                ("no such session", As::Cookie("x".repeat(43)), None),
                ("empty cookie", As::Cookie(String::new()), None),
                ("expired session", expired.clone(), None),
                ("session of a removed person", gone_session.clone(), None),
                ("key of a removed person", gone_key.clone(), None),
                ("no such key", As::Key("ff_nothing".into()), None),
                ("a session sent as a key", As::Key(secret(&server.session(&owner, 60_000).await)), None),
                ("listener", server.session(&listener, 60_000).await, Some(Role::Listener)),
                ("listener's key", listener_key.clone(), Some(Role::Listener)),
                ("owner", server.session(&owner, 60_000).await, Some(Role::Owner)),
                ("owner's key", owner_key.clone(), Some(Role::Owner)),
            ];
            for (name, who, role) in callers {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let status =
                    server.request(&who, method.clone(), &address).send().await.unwrap().status().as_u16();
                match expected(access, role) {
                    Some(refused) => assert_eq!(status, refused, "{method} {path} as {name}"),
                    None => {
                        assert!(!matches!(status, 401 | 403 | 500..), "{method} {path} as {name}: {status}")
                    }
                }
                cells += 1;
            }
        }
    }
    println!("{cells} cells");
    assert!(cells > 400);
}

fn secret(who: &As) -> String {
    match who {
        As::Nobody => String::new(),
        As::Cookie(secret) | As::Key(secret) => secret.clone(),
    }
}

#[tokio::test]
async fn a_cookie_without_the_header_changes_nothing() {
    let server = Server::start().await;
    let As::Cookie(session) = server.owner().await else { panic!("a cookie") };
    let document: Value = serde_json::from_str(openapi_json()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if matches!(method.as_str(), "get" | "head") {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = server.client.request(method.clone(), server.url(&filled(path)));
            let response =
                request.header("cookie", format!("fanfare_session={session}")).send().await.unwrap();
            assert_eq!(response.status(), 403, "{method} {path} {}", operation["x-access"]);
        }
    }
    // The session still lives.
    assert_eq!(server.get(&As::Cookie(session), "/api/v1/me").await.status(), 200);
}

#[tokio::test]
async fn another_persons_key_looks_like_no_key_at_all() {
    let server = Server::start().await;
    let (ann, bob) = (server.person("ann", Role::Owner).await, server.person("bob", Role::Owner).await);
    let anns = server.key(&ann).await;
    let id = server.json(&anns, "/api/v1/keys").await["items"][0]["id"].as_str().unwrap().to_owned();
    let bobs = server.session(&bob, 60_000).await;
    let mut bodies = Vec::new();
    for id in [id.as_str(), UNKNOWN_ID] {
        let path = format!("/api/v1/keys/{id}");
        let response = server.request(&bobs, Method::DELETE, &path).send().await.unwrap();
        assert_eq!(response.status(), 404);
        bodies.push(response.text().await.unwrap());
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(server.get(&anns, "/api/v1/me").await.status(), 200);
    assert_eq!(server.json(&bobs, "/api/v1/keys").await["items"], serde_json::json!([]));
}
