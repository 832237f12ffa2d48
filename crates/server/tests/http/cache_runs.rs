//! Runs that make transcodes: who follows them, what fails in them and is tried again, and what begins them (issue 5).

use std::fs;

use fanfare_model::{CacheOptions, Quality, TranscodeCodec};
use fanfare_testkit::{signals, wav};
use serde_json::{Value, json};

use crate::{
    cache::{at_rest, audio, field, server_with},
    events::{Events, resume},
    fixture::{As, Server},
    uploads::{form, send},
};

const EVENTS: &str = "/api/v1/events";

/// Begins a run; gives its task.
async fn warm(server: &Server, who: &As, body: Value) -> String {
    let begun = server.post(who, "/api/v1/cache/warm", body).await;
    assert_eq!(begun.status(), 202);
    begun.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

async fn task(server: &Server, who: &As, id: &str) -> Value {
    server.json(who, &format!("/api/v1/tasks/{id}")).await
}

/// Every run there was, the latest first.
async fn runs(server: &Server, who: &As) -> Vec<Value> {
    let tasks = server.json(who, "/api/v1/tasks").await;
    let tasks = tasks["items"].as_array().unwrap();
    tasks.iter().filter(|task| task["kind"] == "cache").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_listeners_and_a_late_one_see_every_event_of_a_run() {
    let songs = [("a.wav", 5.0), ("b.wav", 3.0), ("c.wav", 4.0)];
    let (server, owner, ids) = server_with(&songs).await;
    // One that is there when the run begins, and one whose place is taken.
    warm(&server, &owner, json!({"scope": {"tracks": [&ids[0]]}})).await;
    at_rest(&server).await;
    let explained = server.json(&owner, &format!("/api/v1/cache/explain/{}", ids[2])).await;
    let name = explained["qualities"][1]["expected_file"].as_str().unwrap().to_owned();
    let taken = server.store().catalog().cache().path(&name).unwrap();
    fs::create_dir_all(taken.join("by a user")).unwrap();

    let mut one = Events::of(server.get(&owner, EVENTS).await);
    let mut other = Events::of(server.get(&owner, EVENTS).await);
    let run = warm(&server, &owner, json!({"scope": {"tracks": ids}, "workers": 1})).await;
    let seen = one.until_over(&run).await;
    assert_eq!(other.until_over(&run).await, seen, "both are told the same");
    assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0), "ids only grow");
    let told: Vec<&Value> = seen.iter().map(|(_, event)| event).filter(|e| e["task_id"] == *run).collect();
    for event in &told {
        for name in ["task_id", "step", "status", "message", "current", "total", "timestamp"] {
            assert!(event.get(name).is_some(), "{name} in {event}");
        }
    }
    let messages: Vec<&str> = told.iter().map(|event| event["message"].as_str().unwrap()).collect();
    for words in ["skipped a (medium): already cached", "cached b (medium, 192k, "] {
        assert!(messages.iter().any(|message| message.starts_with(words)), "{words}: {messages:?}");
    }
    // issue 13: the words of the events, and which track is worked on.
    assert!(messages.contains(&"Caching track 3 of 3"), "{messages:?}");
    for event in &told {
        let expected = match (event["state"].as_str().unwrap(), event["message"].as_str().unwrap()) {
            ("waiting" | "running", message) if message.starts_with("skipped ") => "skipped",
            ("waiting" | "running", _) => "in_progress",
            _ => "completed",
        };
        assert_eq!(event["status"], expected, "{event}");
    }
    // What failed did not end the stream: its end is the run's, with all three counted.
    let last = told.last().unwrap();
    assert_eq!(
        (&last["status"], &last["state"], &last["current"], &last["total"]),
        (&json!("completed"), &json!("partial_success"), &json!(3), &json!(3)),
        "{last}"
    );
    assert!(last["message"].as_str().unwrap().starts_with("1 cached, 1 skipped, 1 failed, 0.1 MB"), "{last}");

    // Who comes late with the number of the last event seen is told the rest, of everything or of one task.
    let mut late = resume(&server, &owner, EVENTS, seen[0].0).await;
    for event in &seen[1..] {
        assert_eq!(late.next().await.as_ref(), Some(event));
    }
    let of_run: Vec<_> = seen.iter().filter(|(_, event)| event["task_id"] == *run).collect();
    let mut late = resume(&server, &owner, &format!("/api/v1/tasks/{run}/events"), of_run[0].0).await;
    for event in &of_run[1..] {
        assert_eq!(late.next().await.as_ref(), Some(*event));
    }
    // Without a number: how it stands.
    let mut late = Events::of(server.get(&owner, &format!("/api/v1/tasks/{run}/events")).await);
    assert_eq!(late.next().await.unwrap().1["message"], last["message"]);

    // The failure has its track and its reason. When it is mended, a retry takes up that one only.
    let ended = task(&server, &owner, &run).await;
    assert_eq!((&ended["failure_count"], &ended["failures"][0]["track"]), (&json!(1), &json!(ids[2])));
    assert!(ended["failures"][0]["subject"].as_str().unwrap().ends_with("c.wav"), "{ended}");
    fs::remove_dir_all(&taken).unwrap();
    let again = server.post(&owner, &format!("/api/v1/tasks/{run}/retry"), json!({})).await;
    assert_eq!(again.status(), 202);
    let again = again.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    at_rest(&server).await;
    let ended = task(&server, &owner, &again).await;
    assert_eq!((&ended["state"], &ended["total"]), (&json!("succeeded"), &json!(1)), "{ended}");
    assert!(ended["message"].as_str().unwrap().starts_with("1 cached, 0 skipped, 0 failed"), "{ended}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cancelled_is_gone_on_with_by_a_retry() {
    let songs = [("a.wav", 40.0), ("b.wav", 40.0), ("c.wav", 40.0), ("d.wav", 40.0)];
    let (server, owner, ids) = server_with(&songs).await;
    let mut events = Events::of(server.get(&owner, EVENTS).await);
    let body = json!({"scope": {"tracks": ids}, "qualities": ["high", "low"], "workers": 1});
    let run = warm(&server, &owner, body.clone()).await;
    while !events.next().await.unwrap().1["message"].as_str().unwrap().starts_with("cached a") {}
    let cancelled = server.post(&owner, &format!("/api/v1/tasks/{run}/cancel"), json!({})).await;
    assert!(cancelled.status().is_success());
    at_rest(&server).await;
    let ended = task(&server, &owner, &run).await;
    let message = ended["message"].as_str().unwrap();
    assert_eq!(ended["state"], "cancelled");
    assert!(
        message.starts_with("cancelled: ") && message.contains(" cached, 0 skipped, 0 failed"),
        "{message}"
    );
    let again = server.post(&owner, &format!("/api/v1/tasks/{run}/retry"), json!({})).await;
    let again = again.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    at_rest(&server).await;
    let ended = task(&server, &owner, &again).await;
    assert_eq!(ended["state"], "succeeded", "{ended}");
    assert!(ended["total"].as_u64().unwrap() < 4, "only what was left: {ended}");
    let verified: Value = server.post(&owner, "/api/v1/cache/verify", body).await.json().await.unwrap();
    assert_eq!((&verified["ready"], &verified["checked"]), (&json!(8), &json!(8)), "{verified}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mixtape_that_is_saved_is_made_ready_where_the_settings_say_so() {
    let (server, owner, ids) = server_with(&[("a.wav", 3.0), ("b.wav", 2.0)]).await;
    let mixtape = async |title: &str, tracks: &[String]| {
        let body = json!({"title": title, "tracks": tracks});
        let made = server.post(&owner, "/api/v1/mixtapes", body).await;
        assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());
        at_rest(&server).await;
    };
    let settings = |precache, qualities: &[Quality]| CacheOptions {
        precache,
        precache_qualities: qualities.to_vec(),
        ..CacheOptions::default()
    };
    server.state.ingest.set_cache(settings(false, &[Quality::Medium]));
    mixtape("Off", &ids).await;
    assert_eq!(runs(&server, &owner).await, Vec::<Value>::new());
    server.state.ingest.set_cache(settings(true, &[Quality::Low, Quality::High]));
    mixtape("On", &ids[..1]).await;
    let [run] = &runs(&server, &owner).await[..] else { panic!("one run") };
    assert_eq!((&run["state"], &run["total"]), (&json!("succeeded"), &json!(1)), "{run}");
    let cached =
        async |id: &str| server.json(&owner, &format!("/api/v1/tracks/{id}")).await["cached"].clone();
    assert_eq!(cached(&ids[0]).await, json!(["high", "low"]));
    assert_eq!(cached(&ids[1]).await, json!([]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aac_is_made_ahead_and_sent_whole() {
    let (server, owner, ids) = server_with(&[("a.wav", 4.0)]).await;
    if fanfare_audio::ffmpeg_version(&fanfare_audio::FfmpegUse::Auto).is_err() {
        println!("SKIPPED: there is no ffmpeg here");
        return;
    }
    server.state.ingest.set_cache(CacheOptions { codec: TranscodeCodec::Aac, ..CacheOptions::default() });
    let missed = audio(&server, &owner, &ids[0], "medium", None).await;
    assert_eq!(
        (field(&missed, "x-fanfare-cache"), field(&missed, "x-fanfare-quality")),
        ("miss", "original")
    );
    drop(missed);
    let run = warm(&server, &owner, json!({"scope": {"tracks": ids}})).await;
    at_rest(&server).await;
    let ended = task(&server, &owner, &run).await;
    assert_eq!(ended["state"], "succeeded", "{ended}");
    let sent = audio(&server, &owner, &ids[0], "medium", None).await;
    assert_eq!(
        (field(&sent, "x-fanfare-cache"), field(&sent, "x-fanfare-quality"), field(&sent, "content-type")),
        ("hit", "medium", "audio/mp4")
    );
    let file = tempfile::NamedTempFile::with_suffix(".m4a").unwrap();
    fs::write(file.path(), sent.bytes().await.unwrap()).unwrap();
    let mut source = fanfare_audio::open(file.path(), &fanfare_audio::OpenOptions::default()).unwrap();
    let mut frames = 0;
    while let Some(chunk) = source.next_chunk().unwrap() {
        frames += chunk.frames();
    }
    assert_eq!(frames, 4 * 44_100);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_removed_and_added_again_finds_its_transcodes() {
    let (server, owner, ids) = server_with(&[("a.wav", 3.0), ("b.wav", 2.0)]).await;
    warm(&server, &owner, json!({"scope": {"tracks": ids}})).await;
    at_rest(&server).await;
    let [folder] = &server.store().catalog().folders().await.unwrap()[..] else { panic!("one folder") };
    server.state.ingest.remove_folder(folder.id).await.unwrap();
    at_rest(&server).await;
    server.state.ingest.tidy_cache().await.unwrap();
    assert_eq!(server.json(&owner, "/api/v1/cache").await["files"], 2, "they wait for their library");
    server.state.ingest.add_folder(&server.music()).await.unwrap();
    at_rest(&server).await;
    let body = json!({"scope": {"all": true}});
    let verified: Value = server.post(&owner, "/api/v1/cache/verify", body).await.json().await.unwrap();
    assert_eq!((&verified["ready"], &verified["checked"]), (&json!(2), &json!(2)), "{verified}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transcodes_of_a_deleted_upload_are_deleted_too() {
    let (server, owner, _) = server_with(&[("a.wav", 3.0)]).await;
    let mut music = fs::read(server.music().join("a.wav")).unwrap();
    *music.last_mut().unwrap() ^= 1;
    let sent = send(&server, &owner, form("file", "b.wav", &music)).await;
    assert_eq!(sent.status(), 201);
    let sent: Value = sent.json().await.unwrap();
    at_rest(&server).await;
    let id = sent["id"].as_str().unwrap().to_owned();
    warm(&server, &owner, json!({"scope": {"tracks": [&id]}})).await;
    at_rest(&server).await;
    let cache = server.store().catalog().cache().clone();
    assert_eq!(cache.names().len(), 1);
    let gone = server.request(&owner, reqwest::Method::DELETE, &format!("/api/v1/tracks/{id}"));
    assert!(gone.send().await.unwrap().status().is_success());
    assert_eq!(cache.names(), Vec::<String>::new());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_skips_through_an_album_is_not_refused() {
    let songs: Vec<(String, f64)> = (0..8).map(|number| (format!("{number}.wav"), 60.0)).collect();
    let songs: Vec<(&str, f64)> = songs.iter().map(|(name, seconds)| (&**name, *seconds)).collect();
    let (server, owner, ids) = server_with(&songs).await;
    for id in &ids {
        let mut analyzed = audio(&server, &owner, id, "medium", None).await;
        assert_eq!((analyzed.status().as_u16(), field(&analyzed, "x-fanfare-cache")), (200, "encoding"));
        assert!(analyzed.chunk().await.unwrap().is_some());
        drop(analyzed);
        // The closed connection is noticed by the server in its own time.
        while server.json(&owner, "/api/v1/cache").await["encoding"] != 0 {
            tokio::task::yield_now().await;
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_changed_while_it_is_encoded_leaves_no_file_of_either() {
    let (server, owner, ids) = server_with(&[("a.wav", 240.0)]).await;
    let explained = server.json(&owner, &format!("/api/v1/cache/explain/{}", ids[0])).await;
    let before = explained["source"]["hash"].as_str().unwrap().to_owned();
    let body = json!({"scope": {"tracks": ids}, "qualities": ["high", "medium", "low"]});
    let run = warm(&server, &owner, body.clone()).await;
    let cache = server.store().catalog().cache().clone();
    let making = cache.root().join(".making");
    while !fs::read_dir(&making).is_ok_and(|mut begun| begun.next().is_some()) {
        tokio::task::yield_now().await;
    }
    let path = server.music().join("a.wav");
    let planes = [500.0, 600.0].map(|hz| signals::sine(44_100, 5.0, hz, 0.3));
    let music = wav::wav(44_100, &planes, wav::WavFormat::I16);
    fs::write(&path, &music).unwrap();
    at_rest(&server).await;
    let ended = task(&server, &owner, &run).await;
    assert_ne!(ended["state"], "succeeded", "{ended}");
    assert!(cache.names().iter().all(|name| !name.starts_with(&before)), "{:?}", cache.names());
    // The original plays, as it is now; scanned, it is made smaller like any other.
    server.state.ingest.scan_now().await.unwrap();
    at_rest(&server).await;
    let sent = audio(&server, &owner, &ids[0], "original", None).await;
    assert!(sent.bytes().await.unwrap() == music);
    warm(&server, &owner, body.clone()).await;
    at_rest(&server).await;
    let verified: Value = server.post(&owner, "/api/v1/cache/verify", body).await.json().await.unwrap();
    assert_eq!(verified["ready"], 3, "{verified}");
    server.stop().await;
}
