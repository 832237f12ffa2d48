//! Signing in and out.

use fanfare_model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    fixture::{As, Server},
    setup::{cookie_of, set_up},
};

#[tokio::test]
async fn sign_in_look_around_sign_out() {
    let server = Server::start().await;
    set_up(&server, "Ann", "correct horse").await;
    let status = server.json(&As::Nobody, "/api/v1/status").await;
    assert_eq!((&status["setup_needed"], &status["signed_in"]), (&json!(false), &json!(false)));

    let response =
        server.post(&As::Nobody, "/api/v1/login", json!({"name": "Ann", "password": "correct horse"})).await;
    assert_eq!(response.status(), 200);
    let field = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(field.contains(part), "{field}");
    }
    assert!(!field.contains("Secure"));
    let ann = cookie_of(&response);
    assert_eq!(server.json(&ann, "/api/v1/me").await["name"], "Ann");
    assert_eq!(server.json(&ann, "/api/v1/status").await["signed_in"], true);

    let out = server.post(&ann, "/api/v1/logout", json!({})).await;
    assert_eq!(out.status(), 204);
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(server.get(&ann, "/api/v1/me").await.status(), 401);
}

#[tokio::test]
async fn behind_https_the_cookie_insists_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        Server::start_in(folder, |settings| settings.public_url = Some("https://music.example".into())).await;
    assert!(server.started.setup_link.as_deref().unwrap().starts_with("https://music.example/#/welcome/"));
    let response = set_up(&server, "Ann", "correct horse").await;
    assert!(response.headers()["set-cookie"].to_str().unwrap().contains("; Secure"));
}

#[tokio::test]
async fn unknown_name_and_wrong_password_are_alike_and_slow_down() {
    let server = Server::start().await;
    set_up(&server, "Ann", "correct horse").await;
    let login = |name: &'static str, password: &'static str| {
        server.post(&As::Nobody, "/api/v1/login", json!({"name": name, "password": password}))
    };
    let mut bodies = Vec::new();
    for (name, password) in
        [("Ann", "wrong"), ("Nobody", "wrong"), ("%", "wrong"), ("Ann", ""), ("ANN'--", "")]
    {
        let response = login(name, password).await;
        assert_eq!(response.status(), 401, "{name}");
        bodies.push(response.text().await.unwrap());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    // Ann has failed twice; four at once: three are tried, one waits.
    let (a, b, c, d) =
        tokio::join!(login("Ann", "x"), login("ann", "x"), login("Ann", "x"), login("ANN", "x"));
    let mut statuses: Vec<u16> = [&a, &b, &c, &d].map(|response| response.status().as_u16()).to_vec();
    statuses.sort_unstable();
    assert_eq!(statuses, [401, 401, 401, 429]);
    // Not even the right password gets through now; others are not held up.
    let held = login("Ann", "correct horse").await;
    assert_eq!(held.status(), 429);
    let wait: u64 = held.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(login("Bob", "x").await.status(), 401);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let server = Server::start().await;
    let ann = cookie_of(&set_up(&server, "Ann", "correct horse").await);
    let login = json!({"name": "Ann", "password": "correct horse"});
    let elsewhere = cookie_of(&server.post(&As::Nobody, "/api/v1/login", login).await);
    let change = |current: &'static str, new: &'static str| {
        server.post(&ann, "/api/v1/me/password", json!({"current_password": current, "new_password": new}))
    };
    assert_eq!(change("wrong", "battery staple").await.status(), 403);
    assert_eq!(change("correct horse", "short").await.status(), 400);
    let changed = change("correct horse", "battery staple").await;
    assert_eq!(changed.status(), 204);
    assert_eq!(server.get(&elsewhere, "/api/v1/me").await.status(), 401);
    assert_eq!(server.get(&ann, "/api/v1/me").await.status(), 200);
    for (password, status) in [("correct horse", 401), ("battery staple", 200)] {
        let body = json!({"name": "Ann", "password": password});
        assert_eq!(server.post(&As::Nobody, "/api/v1/login", body).await.status(), status);
    }
}

#[tokio::test]
async fn accounts_come_and_go_but_one_owner_stays() {
    let server = Server::start().await;
    let ann = cookie_of(&set_up(&server, "Ann", "correct horse").await);
    let body = json!({"name": "Bob", "password": "bob's secret", "role": "listener"});
    let made = server.post(&ann, "/api/v1/users", body.clone()).await;
    assert_eq!(made.status(), 201);
    let bob: serde_json::Value = made.json().await.unwrap();
    assert_eq!(bob["role"], "listener");
    assert_eq!(server.post(&ann, "/api/v1/users", body).await.status(), 409);
    let users = server.json(&ann, "/api/v1/users").await;
    assert_eq!(users["items"].as_array().unwrap().len(), 2);
    let mine = server.json(&ann, "/api/v1/me").await["id"].as_str().unwrap().to_owned();
    for (id, status) in
        [(mine.as_str(), 409), (bob["id"].as_str().unwrap(), 204), (bob["id"].as_str().unwrap(), 404)]
    {
        let request = server.request(&ann, reqwest::Method::DELETE, &format!("/api/v1/users/{id}"));
        assert_eq!(request.send().await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn a_foreign_host_name_is_refused_on_loopback() {
    let server = Server::start().await;
    let user = server.person("ann", Role::Owner).await;
    let (session, key) = (server.session(&user, 60_000).await, server.key(&user).await);
    for (who, host, status) in [
        (&As::Nobody, "evil.example", 421),
        (&session, "evil.example:4040", 421),
        (&key, "evil.example", 200),
        (&session, "localhost:1", 200),
    ] {
        let request = server.request(who, reqwest::Method::GET, "/api/v1/status").header("host", host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
}

/// Issue 12: guesses from many addresses do not lock out who signed in from this browser before, and a new password makes
/// the browser a stranger again.
#[tokio::test]
async fn a_browser_that_signed_in_before_is_limited_by_itself_alone() {
    let server = Server::start().await;
    set_up(&server, "Ann", "correct horse").await;
    let login = async |cookie: Option<&str>, password: &str| {
        let body = json!({"name": "Ann", "password": password});
        let request = server.request(&As::Nobody, Method::POST, "/api/v1/login").json(&body);
        let request = match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        request.send().await.unwrap()
    };
    let first = login(None, "correct horse").await;
    let set: Vec<String> = first
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect();
    let pair = |begins: &str| {
        let cookie = set.iter().find(|cookie| cookie.starts_with(begins)).unwrap();
        cookie.split(';').next().unwrap().to_owned()
    };
    let (session, device) = (pair("fanfare_session="), pair("fanfare_device_"));
    let me = server.request(&As::Nobody, Method::GET, "/api/v1/me").header("cookie", &device).send().await;
    assert_eq!(me.unwrap().status(), 401, "it opens nothing");
    while login(None, "wrong").await.status() == 401 {}
    assert_eq!(login(None, "correct horse").await.status(), 429);
    assert_eq!(login(Some(&device), "correct horse").await.status(), 200);
    for expected in [401, 401, 401, 401, 401, 429] {
        assert_eq!(login(Some(&device), "wrong").await.status(), expected, "its own failures count");
    }
    let again = login(None, "correct horse").await;
    assert_eq!(again.status(), 429, "and are not those of others");
    let change = json!({"current_password": "correct horse", "new_password": "battery staple"});
    let changed = server
        .request(&As::Nobody, Method::POST, "/api/v1/me/password")
        .header("cookie", session)
        .header("x-fanfare", "1")
        .json(&change);
    assert_eq!(changed.send().await.unwrap().status(), 204);
    assert_eq!(
        login(Some(&device), "battery staple").await.status(),
        429,
        "a stranger's, and Ann's failed too often"
    );
}

/// Issue 12: whether keys go on working after a new password is the choice of the person who sets it.
#[tokio::test]
async fn a_new_password_ends_keys_where_that_is_asked_for() {
    let server = Server::start().await;
    let mut password = "correct horse";
    let ann = cookie_of(&set_up(&server, "Ann", password).await);
    let made = server.post(&ann, "/api/v1/keys", json!({"name": "phone"})).await;
    let key = As::Key(made.json::<Value>().await.unwrap()["secret"].as_str().unwrap().to_owned());
    for (new, revoke, expected) in [
        ("battery staple", None, 200),
        ("battery staple 2", Some(false), 200),
        ("battery staple 3", Some(true), 401),
    ] {
        let mut change = json!({"current_password": password, "new_password": new});
        if let Some(revoke) = revoke {
            change["revoke_keys"] = revoke.into();
        }
        assert_eq!(server.post(&ann, "/api/v1/me/password", change).await.status(), 204);
        assert_eq!(server.get(&ann, "/api/v1/me").await.status(), 200);
        assert_eq!(server.get(&key, "/api/v1/me").await.status(), expected, "revoke {revoke:?}");
        password = new;
    }
}
