//! Server-sent events.

use fanfare_model::Role;
use futures_util::StreamExt as _;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    fixture::{As, Server},
    setup::{cookie_of, set_up},
};

/// The events of a stream, one after the other.
pub struct Events {
    body: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

impl Events {
    pub fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.bytes_stream().boxed(), text: String::new() }
    }

    /// The next event's id and data; `None` when the stream ended.
    pub async fn next(&mut self) -> Option<(u64, Value)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                let field =
                    |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                if let Some(data) = field("data:") {
                    assert_eq!(field("event:"), Some("task"));
                    let id = field("id:").map_or(0, |id| id.parse().unwrap());
                    return Some((id, serde_json::from_str(data).unwrap()));
                }
                continue;
            }
            let bytes = self.body.next().await?.ok()?;
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// Events up to the end of that task.
    pub async fn until_over(&mut self, task: &str) -> Vec<(u64, Value)> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.expect("the stream goes on");
            let over = event.1["task_id"] == task
                && !matches!(event.1["status"].as_str(), Some("in_progress" | "skipped"));
            events.push(event);
            if over {
                return events;
            }
        }
    }
}

async fn scan(server: &Server, who: &As) -> String {
    let response = server.post(who, "/api/v1/scan", json!({})).await;
    assert_eq!(response.status(), 202);
    response.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

pub async fn resume(server: &Server, who: &As, path: &str, last: u64) -> Events {
    let request = server.request(who, Method::GET, path).header("last-event-id", last.to_string());
    Events::of(request.send().await.unwrap())
}

#[tokio::test]
async fn a_scan_is_told_as_it_goes_and_again_to_who_missed_it() {
    let server = Server::start().await;
    let owner = server.owner().await;
    server.library().await;
    let mut live = Events::of(server.get(&owner, "/api/v1/events").await);
    let task = scan(&server, &owner).await;
    let events = live.until_over(&task).await;
    assert!(events.windows(2).all(|pair| pair[0].0 < pair[1].0), "ids only grow");
    for (_, event) in &events {
        for field in ["task_id", "kind", "step", "status", "message", "current", "total", "current_item"] {
            assert!(event.get(field).is_some(), "{field} in {event}");
        }
        assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
    }
    let (last_id, last) = events.last().unwrap();
    assert_eq!(
        (&last["status"], &last["state"], &last["kind"]),
        (&json!("completed"), &json!("succeeded"), &json!("scan"))
    );

    // A client that saw the first event gets the rest, the same.
    let mut again = resume(&server, &owner, "/api/v1/events", events[0].0).await;
    for event in &events[1..] {
        assert_eq!(again.next().await.as_ref(), Some(event));
    }
    // One task's stream holds that task only; of a task that is over, its last state.
    let path = format!("/api/v1/tasks/{task}/events");
    let mut one = Events::of(server.get(&owner, &path).await);
    assert_eq!(one.next().await.unwrap().1["status"], "completed");
    // Nothing is repeated to a client that has everything.
    let mut later = resume(&server, &owner, "/api/v1/events", *last_id).await;
    let second = scan(&server, &owner).await;
    assert_eq!(later.next().await.unwrap().1["task_id"], second);
    let tasks = server.json(&owner, "/api/v1/tasks").await;
    assert!(tasks["items"].as_array().unwrap().iter().any(|known| known["id"] == task));
    assert_eq!(server.json(&owner, &format!("/api/v1/tasks/{task}")).await["state"], "succeeded");
}

/// Issue 12: a session that had ended went on getting the events of new tasks.
#[tokio::test]
async fn an_event_stream_ends_with_the_session_the_key_or_the_account_it_was_opened_by() {
    let server = Server::start().await;
    let ann = cookie_of(&set_up(&server, "Ann", "correct horse").await);
    server.library().await;
    let mut kept = Events::of(server.get(&ann, "/api/v1/events").await);
    let task = scan(&server, &ann).await;
    kept.until_over(&task).await;
    let login = async || {
        let body = json!({"name": "Ann", "password": "correct horse"});
        cookie_of(&server.post(&As::Nobody, "/api/v1/login", body).await)
    };
    let bob = server.person("bob", Role::Listener).await;
    let made: Value = server.post(&ann, "/api/v1/keys", json!({"name": "phone"})).await.json().await.unwrap();
    let key = As::Key(made["secret"].as_str().unwrap().to_owned());
    let remove_key = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    let change = json!({"current_password": "correct horse", "new_password": "battery staple"});
    let cases = [
        ("signing out", login().await, None),
        (
            "a removed account",
            server.session(&bob, 3_600_000).await,
            Some((Method::DELETE, format!("/api/v1/users/{}", bob.id), json!({}))),
        ),
        ("a removed key", key, Some((Method::DELETE, remove_key, json!({})))),
        ("a new password", login().await, Some((Method::POST, "/api/v1/me/password".to_owned(), change))),
    ];
    for (what, who, by) in cases {
        let mut streams = Vec::new();
        for path in ["/api/v1/events".to_owned(), format!("/api/v1/tasks/{task}/events")] {
            streams.push(Events::of(server.get(&who, &path).await));
        }
        let ended = match by {
            None => server.post(&who, "/api/v1/logout", json!({})).await,
            Some((method, path, body)) => {
                server.request(&ann, method, &path).json(&body).send().await.unwrap()
            }
        };
        assert_eq!(ended.status(), 204, "{what}");
        let later = scan(&server, &ann).await;
        for stream in &mut streams {
            // What was sent before that may still arrive, and then the stream ends.
            while let Some((_, event)) = stream.next().await {
                assert_ne!(event["task_id"], later, "{what}");
            }
        }
        kept.until_over(&later).await;
    }
}
