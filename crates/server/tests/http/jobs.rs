//! Parked jobs and the times of analysis in the API (issue 12).

use fanfare_model::{Error, ErrorKind, JobId, Role, TrackId, job::JobError};
use fanfare_store::LeaseKey;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{As, Server, now};

const PARKED: &str = "/api/v1/jobs/parked";

/// A track whose analysis was given up.
async fn parked(server: &Server, name: &str, error: &Error) -> (JobId, TrackId) {
    let track = server.track(name, &[0; 10]).await;
    let job = server.store().jobs().claim("analyze-track", "test", 1, now()).await.unwrap().remove(0);
    assert_eq!(job.kind.track(), track);
    let (reason, lease) = (JobError::from(error), LeaseKey::new(job.id, job.attempt, "test"));
    server.store().catalog().fail_analysis(lease, track, &reason, None, now()).await.unwrap();
    (job.id, track)
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn parked_jobs_are_listed_with_reason_remedy_attempts_and_track() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let empty = server.json(&owner, PARKED).await;
    assert_eq!(empty, json!({"items": [], "total": 0, "next": null}));
    // A name may hold anything: it is text.
    let broken = Error::new(ErrorKind::Malformed, "frame 3 is broken").at_byte(7);
    let (first, track) = parked(&server, "<b>\u{1b}[2J one\u{202e}.wav", &broken).await;
    let full = Error::new(ErrorKind::NoSpace, "the disk is full").remedy("free 3 GB");
    let (second, _) = parked(&server, "two.wav", &full).await;
    let page = server.json(&owner, PARKED).await;
    assert_eq!((&page["total"], &page["next"]), (&json!(2), &Value::Null));
    assert_eq!(ids(&page), [second.to_string(), first.to_string()], "the latest first");
    let one = &page["items"][1];
    assert_eq!(one["queue"], "analyze-track");
    assert_eq!(one["track"]["id"], track.to_string());
    assert_eq!(one["track"]["file_name"], "<b>\u{1b}[2J one\u{202e}.wav");
    let expected = json!({"kind": "malformed", "message": "frame 3 is broken",
        "remedy": "put a sound copy of the file in its place", "offset_bytes": 7});
    assert_eq!(one["reason"], expected);
    assert_eq!(page["items"][0]["reason"]["remedy"], "free 3 GB");
    assert_eq!((&one["attempts"], &one["attempt_log"][0]["attempt"]), (&json!(1), &json!(1)));
    assert_eq!(one["attempt_log"][0]["message"], "frame 3 is broken");
    for time in [&one["parked_at"], &one["attempt_log"][0]["ended_at"]] {
        let time = time.as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    }
    let metrics = server.get(&owner, "/metrics").await.text().await.unwrap();
    for line in
        ["fanfare_jobs_parked{queue=\"analyze-track\"} 2", "fanfare_jobs_parked{queue=\"cache-track\"} 0"]
    {
        assert!(metrics.lines().any(|known| known == line), "{line} in\n{metrics}");
    }
}

#[tokio::test]
async fn the_list_goes_by_pages_and_takes_filters_and_refuses_what_it_does_not_know() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let mut expected = Vec::new();
    for (name, kind) in
        [("a.wav", ErrorKind::Malformed), ("b.wav", ErrorKind::Io), ("c.wav", ErrorKind::Malformed)]
    {
        expected.insert(0, parked(&server, name, &Error::new(kind, "no")).await.0.to_string());
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.json(&owner, &format!("{PARKED}?limit=2{next}")).await;
        assert_eq!(page["total"], 3);
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    for (query, total) in [
        ("queue=analyze-track", 3),
        ("queue=process-track", 0),
        ("kind=malformed", 2),
        ("kind=io&queue=analyze-track", 1),
    ] {
        assert_eq!(server.json(&owner, &format!("{PARKED}?{query}")).await["total"], total, "{query}");
    }
    for query in
        ["queue=other", "kind=other", "cursor=x", "cursor=%F0%9F%8E%B5", "limit=0", "limit=501", "offset=1"]
    {
        let refused = server.get(&owner, &format!("{PARKED}?{query}")).await;
        assert_eq!(refused.status(), 400, "{query}");
        let refused = server.post(&owner, &format!("{PARKED}/retry?{query}"), Value::Null).await;
        assert_eq!(refused.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn a_parked_job_is_retried_discarded_or_refused() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let broken = Error::new(ErrorKind::Malformed, "it is broken");
    let (first, track) = parked(&server, "one.wav", &broken).await;
    let (second, discarded) = parked(&server, "two.wav", &broken).await;
    let (_, third) = parked(&server, "three.wav", &Error::new(ErrorKind::Io, "away")).await;
    let state =
        async |id: TrackId| server.json(&owner, &format!("/api/v1/tracks/{id}")).await["state"].clone();

    let retried = server.post(&owner, &format!("{PARKED}/{first}/retry"), Value::Null).await;
    assert_eq!(retried.status(), 202);
    assert_eq!(retried.json::<Value>().await.unwrap(), json!({"retried": 1}));
    assert_eq!(state(track).await, "queued");
    let delete = |id: JobId| server.request(&owner, Method::DELETE, &format!("{PARKED}/{id}")).send();
    assert_eq!(delete(second).await.unwrap().status(), 204);
    assert_eq!(state(discarded).await, "failed", "the track stays as it is");
    for gone in [first, second] {
        assert_eq!(delete(gone).await.unwrap().status(), 409);
        let again = server.post(&owner, &format!("{PARKED}/{gone}/retry"), Value::Null).await;
        assert_eq!(again.status(), 409);
    }
    let unknown = JobId::from_bytes([9; 16]);
    assert_eq!(delete(unknown).await.unwrap().status(), 404);
    assert_eq!(server.post(&owner, &format!("{PARKED}/{unknown}/retry"), Value::Null).await.status(), 404);

    for (query, retried) in [("?kind=malformed", 0), ("?queue=process-track", 0), ("", 1), ("", 0)] {
        let answer = server.post(&owner, &format!("{PARKED}/retry{query}"), Value::Null).await;
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "retried": retried }), "{query}");
    }
    assert_eq!(state(third).await, "queued");
    assert_eq!(server.json(&owner, PARKED).await["total"], 0);

    let listener = server.person("bob", Role::Listener).await;
    let listener = server.session(&listener, 60_000).await;
    for (who, status) in [(&listener, 403), (&As::Nobody, 401)] {
        assert_eq!(server.get(who, PARKED).await.status(), status);
    }
}

/// D6: when each analyzer measured a track, and when the track was last measured.
#[tokio::test]
async fn a_track_says_when_it_was_analyzed_by_which_analyzers() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let id = server.track("one.wav", &[0; 10]).await;
    let track = format!("/api/v1/tracks/{id}");
    let features = server.json(&owner, &format!("{track}/features")).await;
    assert_eq!((&features["analyzed_at"], &features["analyzers"]), (&Value::Null, &json!([])));
    assert_eq!(server.json(&owner, &track).await["analyzed_at"], Value::Null);
    server.analyze_all().await;
    let features = server.json(&owner, &format!("{track}/features")).await;
    let at = features["analyzed_at"].as_str().unwrap();
    assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
    let expected = json!([{"analyzer": "waveform", "version": 1, "outcome": "ok", "analyzed_at": at}]);
    assert_eq!(features["analyzers"], expected);
    assert_eq!(server.json(&owner, &track).await["analyzed_at"], at);
    let listed = server.json(&owner, "/api/v1/tracks").await;
    assert_eq!(listed["items"][0]["analyzed_at"], at);
}
