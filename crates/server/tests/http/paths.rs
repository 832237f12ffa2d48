//! Who is shown where files lie on the server.

use fanfare_model::{
    ErrorKind, Role, Task, TaskFailure, TaskId, TaskKind, TaskLine, TaskState, Timestamp, track::TrackFailure,
};
use fanfare_store::ScanChange;

use crate::{
    events::Events,
    fixture::{As, Server, now},
};

#[tokio::test]
async fn listeners_see_paths_from_the_library_folder_on_and_owners_whole_ones() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let person = server.person("listener", Role::Listener).await;
    let listener = server.session(&person, 60_000).await;
    let folder = server.library().await;
    let music = server.store().catalog().folders().await.unwrap()[0].path.display().to_string();
    let gone = "/srv/of an earlier time/music";
    let sentence = format!("the folder {music} is away");
    let task = Task {
        id: TaskId::from_bytes([3; 16]),
        kind: TaskKind::Analysis,
        state: TaskState::PartialSuccess,
        step: "analyzing tracks".to_owned(),
        current: 1,
        total: 2,
        current_item: Some(format!("{music}/a/b c.wav")),
        message: format!("{music}/a/b c.wav is tried again later: no"),
        failure_count: 2,
        failures: [format!("{music}/a/d.wav"), format!("{gone}/e f.wav")]
            .map(|subject| TaskFailure {
                track: None,
                subject,
                kind: ErrorKind::Io,
                message: sentence.clone(),
                next_retry: None,
            })
            .to_vec(),
        log: vec![TaskLine { at: Timestamp(0), text: format!("{music}/a/d.wav: {sentence}") }],
        created: now(),
        started: Some(now()),
        ended: Some(now()),
    };
    server.store().catalog().put_task(&task).await.unwrap();
    let failure = TrackFailure {
        kind: ErrorKind::Unavailable,
        message: sentence.clone(),
        offset_bytes: None,
        at: now(),
        next_retry: None,
    };
    let unreadable = ScanChange::Unreadable {
        relative_path: "a/d.wav".to_owned(),
        size_bytes: 1,
        modified: now(),
        changed_ns: None,
        failure,
    };
    server.store().catalog().apply_scan(folder, None, vec![unreadable], now()).await.unwrap();
    let id = server.json(&owner, "/api/v1/tracks").await["items"][0]["id"].as_str().unwrap().to_owned();

    let one = format!("/api/v1/tasks/{}", task.id);
    let told = async |who: &As| {
        let mut texts = Vec::new();
        for path in [&one, "/api/v1/tasks", "/api/v1/tracks", &format!("/api/v1/tracks/{id}")] {
            texts.push(server.json(who, path).await.to_string());
        }
        let mut events = Events::of(server.get(who, &format!("{one}/events")).await);
        texts.push(events.next().await.unwrap().1.to_string());
        texts
    };
    for text in told(&listener).await {
        assert!(!text.contains(&music) && !text.contains("/srv"), "{text}");
        assert!(text.contains("music"), "{text}");
    }
    for text in told(&owner).await {
        assert!(text.contains(&music), "{text}");
    }
    let shown = server.json(&listener, &one).await;
    assert_eq!(shown["current_item"], "music/a/b c.wav");
    assert_eq!(shown["message"], "music/a/b c.wav is tried again later: no");
    assert_eq!(shown["failures"][0]["subject"], "music/a/d.wav");
    assert_eq!(shown["failures"][0]["message"], "the folder music is away");
    assert_eq!(shown["failures"][1]["subject"], "e f.wav");
}
