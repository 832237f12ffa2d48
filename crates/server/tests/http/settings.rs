//! Settings changed on the page: checked, stored, applied at once, and there again after a restart.

use fanfare_model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{As, Server};

async fn change(server: &Server, who: &As, values: Value) -> (u16, Value) {
    let request = server.request(who, Method::PATCH, "/api/v1/settings").json(&json!({"values": values}));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn row<'a>(list: &'a Value, name: &str) -> &'a Value {
    list["items"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()
}

#[tokio::test]
async fn a_change_counts_at_once_and_is_kept() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let before = server.json(&owner, "/api/v1/settings").await;
    assert_eq!(row(&before, "analysis.schedule")["value"], "00:00");
    assert_eq!(row(&before, "analysis.schedule")["source"], "default");
    assert_eq!(row(&before, "listen")["fixed"], "it is read when the server starts");
    let values = json!({
        "analysis.schedule": "03:30", "analysis.quiet_hours": "22:00-06:00", "analysis.concurrency": 99,
        "upload.max_bytes": 3_000_000_000_u64, "acoustid.key": "k3y",
    });
    let (status, after) = change(&server, &owner, values).await;
    assert_eq!(status, 200, "{after}");
    for (name, value) in [
        ("analysis.schedule", json!("03:30")),
        ("analysis.concurrency", json!(8)),
        ("upload.max_bytes", json!(3_000_000_000_u64)),
        ("acoustid.key", json!(true)),
    ] {
        assert_eq!(
            (&row(&after, name)["value"], &row(&after, name)["source"]),
            (&value, &json!("page")),
            "{name}"
        );
    }
    assert!(!after.to_string().contains("k3y"), "the key is never sent back");
    let options = server.state.ingest.background();
    assert_eq!((options.schedule.to_string().as_str(), options.concurrency), ("03:30", 8));
    let schedule = server.json(&owner, "/api/v1/tasks/schedule").await;
    assert_eq!((&schedule["schedule"], &schedule["quiet_hours"]), (&json!("03:30"), &json!("22:00-06:00")));
    assert_eq!(server.json(&owner, "/api/v1/me").await["upload_max_bytes"], 3_000_000_000_u64);

    // One that does not fit keeps the others out too.
    for (values, status, said) in [
        (json!({"analysis.pacing": 1, "analysis.budget_h": 0}), 400, "analysis.budget_h"),
        (json!({"analysis.pacing": 1, "jobs": 2}), 409, "when the server starts"),
        (json!({"analysis.pacing": 1, "analysis.pase": 2}), 400, "analysis.pase"),
        (json!({"acoustid.key": "my own key!"}), 400, "not a key"),
    ] {
        let (refused, problem) = change(&server, &owner, values).await;
        assert_eq!(refused, status);
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem}");
        assert!(!problem.to_string().contains("my own"), "{problem}");
    }
    assert_eq!(server.state.ingest.background().pacing, 0.25);
    assert_eq!(server.store().catalog().settings().await.unwrap().len(), 5);

    let (status, after) = change(&server, &owner, json!({"analysis.schedule": null})).await;
    assert_eq!((status, &row(&after, "analysis.schedule")["value"]), (200, &json!("00:00")));
    assert_eq!(row(&after, "analysis.schedule")["source"], "default");
}

#[tokio::test]
async fn listeners_may_upload_when_an_owner_says_so() {
    let server = Server::start().await;
    let (owner, person) = (server.owner().await, server.person("listener", Role::Listener).await);
    let listener = server.session(&person, 60_000).await;
    assert_eq!(server.json(&listener, "/api/v1/me").await["may_upload"], false);
    assert_eq!(server.json(&owner, "/api/v1/me").await["may_upload"], true);
    assert_eq!(change(&server, &owner, json!({"upload.listeners": true})).await.0, 200);
    assert_eq!(server.json(&listener, "/api/v1/me").await["may_upload"], true);
}
