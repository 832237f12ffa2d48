//! The first owner.

use reqwest::Response;
use serde_json::json;

use crate::fixture::{As, Server};

/// The token of the link.
pub fn token_of(server: &Server) -> String {
    let link = server.started.setup_link.clone().unwrap();
    link.rsplit_once("/#/welcome/").unwrap().1.to_owned()
}

/// The session that an answer starts.
pub fn cookie_of(response: &Response) -> As {
    let field = response.headers()["set-cookie"].to_str().unwrap();
    let value = field.strip_prefix("fanfare_session=").unwrap().split(';').next().unwrap();
    assert!(value.len() >= 43, "a session has 256 random bits");
    As::Cookie(value.to_owned())
}

/// Creates the owner through the link.
pub async fn set_up(server: &Server, name: &str, password: &str) -> Response {
    let body = json!({"token": token_of(server), "name": name, "password": password});
    let response = server.post(&As::Nobody, "/api/v1/setup", body).await;
    assert_eq!(response.status(), 201);
    response
}

#[tokio::test]
async fn the_link_works_once() {
    let server = Server::start().await;
    assert_eq!(server.json(&As::Nobody, "/api/v1/status").await["setup_needed"], true);
    let setup = |token: String| {
        server.post(
            &As::Nobody,
            "/api/v1/setup",
            json!({"token": token, "name": "Ann", "password": "correct horse"}),
        )
    };
    for wrong in ["", "x", &"x".repeat(1_000)] {
        assert_eq!(setup(wrong.to_owned()).await.status(), 403);
    }
    let token = token_of(&server);
    let bad = json!({"token": &token, "name": "Ann", "password": "short"});
    assert_eq!(
        server.post(&As::Nobody, "/api/v1/setup", bad).await.status(),
        400,
        "a bad password does not use it up"
    );
    let made = setup(token.clone()).await;
    assert_eq!(made.status(), 201);
    let owner = cookie_of(&made);
    assert_eq!(server.json(&owner, "/api/v1/me").await["role"], "owner");
    assert_eq!(setup(token).await.status(), 409);
    assert_eq!(setup("x".into()).await.status(), 409);
}

#[tokio::test]
async fn of_two_at_once_one_wins() {
    let server = Server::start().await;
    let setup = |name: &'static str| {
        let body = json!({"token": token_of(&server), "name": name, "password": "correct horse"});
        server.post(&As::Nobody, "/api/v1/setup", body)
    };
    let (a, b) = tokio::join!(setup("Ann"), setup("Bob"));
    let mut statuses = [a.status().as_u16(), b.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(server.store().people().users().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_restart_replaces_the_link_until_there_is_an_owner() {
    let first = Server::start().await;
    let old = token_of(&first);
    let second = Server::start_in(first.stop().await, |_| {}).await;
    let body = json!({"token": old, "name": "Ann", "password": "correct horse"});
    assert_eq!(second.post(&As::Nobody, "/api/v1/setup", body).await.status(), 403);
    set_up(&second, "Ann", "correct horse").await;
    let third = Server::start_in(second.stop().await, |_| {}).await;
    assert!(third.started.setup_link.is_none());
}
