//! Background analysis started by hand.

use fanfare_model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{As, Server};

const RUN: &str = "/api/v1/tasks/schedule/run";

async fn run(server: &Server, who: &As) -> (u16, Value) {
    let response = server.request(who, Method::POST, RUN).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_run_can_be_asked_for_at_any_hour_and_is_one_however_often() {
    let server = Server::start().await;
    let (owner, person) = (server.owner().await, server.person("listener", Role::Listener).await);
    let listener = server.session(&person, 60_000).await;
    // A track that lacks results; the worker of these tests analyzes nothing, so the run goes on until it is cancelled.
    let track = server.track("a.wav", b"not read here").await;
    for job in server.store().jobs().claim("analyze-track", "test", 10, crate::fixture::now()).await.unwrap()
    {
        assert_eq!(job.kind.track(), track);
        server.store().jobs().finish(job.id, job.attempt, "test", crate::fixture::now()).await.unwrap();
    }
    let before = server.json(&owner, "/api/v1/tasks/schedule").await;
    assert_eq!(before["last"], Value::Null);

    assert_eq!(run(&server, &listener).await.0, 403);
    let (status, first) = run(&server, &owner).await;
    assert_eq!((status, &first["kind"]), (202, &json!("nightly")), "{first}");
    let (status, second) = run(&server, &owner).await;
    assert_eq!((status, &second["id"]), (202, &first["id"]), "the one under way");
    let shown = server.json(&listener, "/api/v1/tasks/schedule").await;
    assert_eq!(shown["last"]["id"], first["id"]);

    let id = first["id"].as_str().unwrap();
    assert_eq!(server.post(&owner, &format!("/api/v1/tasks/{id}/cancel"), json!({})).await.status(), 202);
    while server.json(&owner, &format!("/api/v1/tasks/{id}")).await["state"] != "cancelled" {
        tokio::task::yield_now().await;
    }
    let (_, third) = run(&server, &owner).await;
    assert_ne!(third["id"], first["id"], "over is over");
}
