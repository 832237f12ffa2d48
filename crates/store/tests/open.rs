//! Opening, sharing and breaking a data folder.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use std::{collections::HashSet, fs, time::Duration};

use fanfare_model::{ErrorKind, Role, TaskId, TrackState, task};
use fanfare_store::{
    BlobKind, BlobStore, DATABASE_FILE, ScanChange, ScanEnd, ScannedFile, Store, StoreOptions,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use support::*;

/// A connection past the store, as another program would have.
async fn raw(fixture: &Fixture) -> SqliteConnection {
    SqliteConnectOptions::new().filename(fixture.data.path().join(DATABASE_FILE)).connect().await.unwrap()
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_data_folder() {
    use std::os::unix::fs::PermissionsExt;
    let above = tempfile::tempdir().unwrap();
    let data = above.path().join("new").join("data");
    let store = Store::open(&data, &StoreOptions::default()).await.unwrap();
    store.people().create_first_owner("o", "x", NOW).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal"), format!("{DATABASE_FILE}-shm")] {
        assert_eq!(mode(&data.join(&file)), 0o600, "{file}");
    }
}

fn task_of(number: u8, kind: task::TaskKind, state: task::TaskState) -> task::Task {
    task::Task {
        id: TaskId::from_bytes([number; 16]),
        kind,
        state,
        step: "reading folders".to_owned(),
        current: 1,
        total: 2,
        current_item: Some("a".to_owned()),
        message: String::new(),
        failure_count: 0,
        failures: Vec::new(),
        log: Vec::new(),
        created: NOW.plus_ms(i64::from(number)),
        started: Some(NOW),
        ended: None,
    }
}

/// Issue 4: after an evening of listening, nobody knew any more when the last nightly run was.
#[tokio::test]
async fn what_comes_by_the_hundred_pushes_nothing_else_out_of_the_history() {
    use task::{TaskKind, TaskState};
    let fixture = Fixture::new().await;
    let catalog = fixture.store.catalog();
    catalog.put_task(&task_of(1, TaskKind::Nightly, TaskState::PartialSuccess)).await.unwrap();
    catalog.put_task(&task_of(2, TaskKind::Upload, TaskState::Running)).await.unwrap();
    for number in 3..=220 {
        catalog.put_task(&task_of(number, TaskKind::Transcode, TaskState::Succeeded)).await.unwrap();
    }
    let ids = |tasks: Vec<task::Task>| tasks.iter().map(|task| task.id.as_bytes()[0]).collect::<Vec<_>>();
    assert_eq!(ids(catalog.tasks_of(TaskKind::Nightly).await.unwrap()), [1]);
    assert_eq!(ids(catalog.tasks_under_way().await.unwrap()), [2]);
    assert_eq!(
        ids(catalog.tasks_of(TaskKind::Transcode).await.unwrap()),
        (201..=220).rev().collect::<Vec<_>>()
    );
    assert_eq!(catalog.tasks(50).await.unwrap().len(), 22);
    for number in 3..=220 {
        catalog.put_task(&task_of(number, TaskKind::Analysis, TaskState::Failed)).await.unwrap();
    }
    assert_eq!(catalog.tasks_of(TaskKind::Analysis).await.unwrap().len(), 100);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac", "A/B/two.flac"]).await;
    let job = fixture.claim_one(NOW).await;
    fixture.store.catalog().commit_analysis(commit_of(&job, b"x"), NOW).await.unwrap();
    let cover = fixture.store.blobs().put(BlobKind::Cover, b"jpeg").await.unwrap();
    let task = task_of(1, task::TaskKind::Scan, task::TaskState::Running);
    fixture.store.catalog().put_task(&task).await.unwrap();
    fixture.store.people().create_user("u", "x", Role::Owner, NOW).await.unwrap();
    let before = fixture.store.catalog().canonical_dump().await.unwrap();
    let running = fixture.claim_one(NOW).await;

    // Without an orderly end (all handles just go), and with one.
    let Fixture { store, folder, data } = fixture;
    drop(store);
    let store = Store::open(data.path(), &StoreOptions::default()).await.unwrap();
    let fixture = Fixture { store, folder, data };
    assert_eq!(fixture.store.catalog().canonical_dump().await.unwrap(), before);
    assert_eq!(fixture.store.blobs().get(BlobKind::Cover, cover).await.unwrap(), Some(b"jpeg".to_vec()));
    assert_eq!(fixture.store.catalog().tasks(10).await.unwrap(), std::slice::from_ref(&task));
    assert_eq!(fixture.store.catalog().task(task.id).await.unwrap(), Some(task));
    assert_eq!(fixture.store.jobs().job(running.id).await.unwrap(), Some(running), "the lease still stands");
    fixture.store.close().await;
    assert_eq!(fixture.store.ping().await.unwrap_err().kind(), ErrorKind::Unavailable);
    let store = Store::open(fixture.data.path(), &StoreOptions::default()).await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.catalog().canonical_dump().await.unwrap(), before);
}

#[tokio::test]
async fn a_newer_database_is_refused_with_a_sentence() {
    let fixture = Fixture::new().await;
    execute(&mut raw(&fixture).await, "PRAGMA user_version = 99").await;
    for options in [StoreOptions::default(), StoreOptions::worker()] {
        let error = Store::open(fixture.data.path(), &options).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("newer fanfare") && error.remedy_text().is_some(), "{error}");
    }
}

#[tokio::test]
async fn a_worker_waits_for_the_server_and_not_for_ever() {
    let data = tempfile::tempdir().unwrap();
    let impatient = StoreOptions { busy_timeout_ms: 1_500, ..StoreOptions::worker() };
    let missing = Store::open(data.path(), &impatient).await.err().unwrap();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    fs::write(data.path().join(DATABASE_FILE), "").unwrap();
    let old = Store::open(data.path(), &impatient).await.err().unwrap();
    assert_eq!(old.kind(), ErrorKind::Unavailable);
    assert!(old.message().contains("schema 0"), "{old}");
    // Migrating takes seconds on a machine that is busy with other things.
    let patient = StoreOptions { busy_timeout_ms: 120_000, ..StoreOptions::worker() };
    let migrating = StoreOptions::default();
    let (worker, server) =
        tokio::join!(Store::open(data.path(), &patient), Store::open(data.path(), &migrating));
    server.unwrap();
    worker.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn several_servers_may_make_the_same_database() {
    let data = tempfile::tempdir().unwrap();
    let options = StoreOptions::default();
    let opened = futures_util::future::join_all((0..6).map(|_| Store::open(data.path(), &options))).await;
    for store in opened {
        store.unwrap().ping().await.unwrap();
    }
}

#[tokio::test]
async fn files_that_are_no_database_of_ours_are_refused() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join(DATABASE_FILE), "not a database ".repeat(500)).unwrap();
    let error = Store::open(data.path(), &StoreOptions::default()).await.err().unwrap();
    assert!(error.message().contains("damaged") && error.remedy_text().is_some(), "{error}");

    let data = tempfile::tempdir().unwrap();
    let file = data.path().join(DATABASE_FILE);
    let mut other =
        SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await.unwrap();
    execute(&mut other, "CREATE TABLE theirs (x)").await;
    let error = Store::open(data.path(), &StoreOptions::default()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_locked_database_is_busy_for_writers_and_open_for_readers() {
    let fixture = Fixture::new().await;
    let options = StoreOptions { busy_timeout_ms: 80, ..StoreOptions::default() };
    let store = Store::open(fixture.data.path(), &options).await.unwrap();
    let mut other = raw(&fixture).await;
    execute(&mut other, "BEGIN IMMEDIATE").await;
    let ended = ScanEnd::default();
    let writes = (0..10).map(|_| store.catalog().end_scan(fixture.folder, &ended));
    for outcome in futures_util::future::join_all(writes).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(error.remedy_text().is_some());
    }
    store.ping().await.unwrap();
    assert_eq!(store.catalog().tracks(&all()).await.unwrap().total, 0);
    execute(&mut other, "ROLLBACK").await;
    store.catalog().end_scan(fixture.folder, &ScanEnd::default()).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_no_space_and_heals() {
    let fixture = Fixture::new().await;
    fixture.add(&["A/B/one.flac"]).await;
    let before = fixture.store.catalog().canonical_dump().await.unwrap();
    // The page limit belongs to a connection; the store's only writer is reached through its own statements.
    let batch = |size: usize| -> Vec<ScanChange> {
        let many = |number| ScannedFile { relative_path: format!("{number}.flac"), ..file("A/B/x.flac") };
        (0..size).map(|number| ScanChange::Added(many(number))).collect()
    };
    for _ in 0..2 {
        fixture.store.limit_pages(Some(0)).await.unwrap();
        let error =
            fixture.store.catalog().apply_scan(fixture.folder, None, batch(2_000), NOW).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
        assert!(error.remedy_text().is_some());
        assert_eq!(fixture.store.catalog().canonical_dump().await.unwrap(), before);
    }
    fixture.store.limit_pages(None).await.unwrap();
    assert_eq!(fixture.scan(batch(2_000)).await.added, 2_000);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn wherever_space_runs_out_nothing_is_half_done() {
    let fixture = Fixture::new().await;
    let mut pages = 0;
    loop {
        fixture.store.limit_pages(Some(pages)).await.unwrap();
        let batch = (0..300).map(|number| {
            let path = format!("Artist {number}/Album/{number}.flac");
            ScanChange::Added(file(&path))
        });
        let outcome = fixture.store.catalog().apply_scan(fixture.folder, None, batch.collect(), NOW).await;
        let total = fixture.store.catalog().tracks(&all()).await.unwrap().total;
        match outcome {
            Ok(applied) => {
                assert_eq!((applied.added, total), (300, 300));
                break;
            }
            Err(error) => assert_eq!((error.kind(), total), (ErrorKind::NoSpace, 0), "{error}"),
        }
        pages += 1;
    }
    assert!(pages > 5, "the limit was never reached");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn two_processes_never_claim_the_same_job() {
    let fixture = Fixture::new().await;
    let stores = [fixture.reopen().await, fixture.reopen().await, fixture.store.clone()];
    let paths: Vec<String> = (0..90).map(|number| format!("A/B/{number}.flac")).collect();
    fixture.add(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut claimers = tokio::task::JoinSet::new();
    for (number, store) in stores.into_iter().enumerate() {
        for lane in 0..2 {
            let (store, owner) = (store.clone(), format!("process-{number}-{lane}"));
            claimers.spawn(async move {
                let mut claimed = Vec::new();
                loop {
                    let jobs = store.jobs().claim("analyze-track", &owner, 2, NOW).await.unwrap();
                    if jobs.is_empty() {
                        return claimed;
                    }
                    for job in jobs {
                        store.jobs().heartbeat(job.id, job.attempt, &owner, NOW).await.unwrap();
                        let mut done = commit_of(&job, job.id.as_bytes());
                        done.owner.clone_from(&owner);
                        store.catalog().commit_analysis(done, NOW).await.unwrap();
                        claimed.push(job.id);
                    }
                }
            });
        }
    }
    let claimed: Vec<_> = claimers.join_all().await.concat();
    assert_eq!((claimed.len(), claimed.iter().collect::<HashSet<_>>().len()), (90, 90));
    let ready = fixture.store.catalog().counts().await.unwrap().ready;
    assert_eq!(ready, 90);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_write_that_is_dropped_half_way_leaves_nothing() {
    let fixture = Fixture::new().await;
    for millis in 0..12 {
        let batch = (0..300)
            .map(|number| ScannedFile { relative_path: format!("{number}.flac"), ..file("A/B/x.flac") })
            .map(ScanChange::Added);
        let write = fixture.store.catalog().apply_scan(fixture.folder, None, batch.collect(), NOW);
        // Either all of it or nothing, and the next write works.
        let _ = tokio::time::timeout(Duration::from_millis(millis), write).await;
        let total = fixture.store.catalog().tracks(&all()).await.unwrap().total;
        assert!(total == 0 || total == 300, "{total}");
        fixture.store.catalog().end_scan(fixture.folder, &ScanEnd::default()).await.unwrap();
    }
    fixture.assert_clean().await;
}

#[tokio::test]
async fn what_is_wrong_is_found() {
    let fixture = Fixture::new().await;
    let cover = fixture.store.blobs().put(BlobKind::Cover, b"jpeg").await.unwrap();
    fixture
        .scan(vec![
            ScanChange::Added(ScannedFile { cover: Some(cover), ..file("A/B/one.flac") }),
            ScanChange::Added(file("A/B/two.flac")),
            ScanChange::Added(file("A/B/three.flac")),
        ])
        .await;
    fixture.assert_clean().await;
    fixture.store.blobs().remove(BlobKind::Cover, cover).await.unwrap();
    let mut other = raw(&fixture).await;
    execute(
        &mut other,
        "PRAGMA foreign_keys = off; UPDATE job SET state = 'running' WHERE n = 1; \
         UPDATE track SET state = 'ready' WHERE n = 2; DELETE FROM track WHERE n = 3;",
    )
    .await;
    let found = fixture.store.catalog().check().await.unwrap().join("\n");
    for what in [
        "is missing",
        "running jobs without a lease",
        "jobs for tracks that do not exist",
        "ready tracks without results",
        "search",
        "artists with a wrong count",
        "releases with a wrong count",
    ] {
        assert!(found.contains(what), "{what} in:\n{found}");
    }
    let track = fixture.store.catalog().tracks(&all()).await.unwrap();
    assert!(track.items.iter().any(|row| row.track.state == TrackState::Ready));
}

#[tokio::test]
async fn damaged_and_unfinished_blobs_are_noticed() {
    let fixture = Fixture::new().await;
    let name = fixture.store.blobs().put(BlobKind::Cover, b"jpeg").await.unwrap();
    let text = name.to_string();
    let path = fixture.data.path().join("blobs/cover").join(&text[..2]).join(&text);
    assert_eq!(fs::read(&path).unwrap(), b"jpeg");
    fs::write(&path, b"jpgg").unwrap();
    let error = fixture.store.blobs().get(BlobKind::Cover, name).await.unwrap_err();
    assert!(error.message().contains("damaged"), "{error}");
    fs::write(&path, b"jp").unwrap();
    fixture.store.blobs().put(BlobKind::Cover, b"jpeg").await.unwrap();
    assert_eq!(fixture.store.blobs().get(BlobKind::Cover, name).await.unwrap().unwrap(), b"jpeg");
    let unfinished = fixture.data.path().join("blobs/unfinished/x.1");
    fs::write(&unfinished, b"half").unwrap();
    let worker = fixture.reopen().await;
    assert!(unfinished.exists(), "a worker leaves alone what others may be writing");
    assert_eq!(worker.blobs().list(BlobKind::Cover).await.unwrap(), [name]);
    Store::open(fixture.data.path(), &StoreOptions::default()).await.unwrap();
    assert!(!unfinished.exists());
    let blobs: &dyn BlobStore = fixture.store.blobs();
    assert!(blobs.contains(BlobKind::Cover, name).await.unwrap());
}

#[tokio::test]
async fn closing_twice_is_fine() {
    let fixture = Fixture::new().await;
    let other = raw(&fixture).await;
    fixture.store.close().await;
    fixture.store.close().await;
    other.close().await.unwrap();
}
