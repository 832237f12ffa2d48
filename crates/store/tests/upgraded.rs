//! Databases of older versions, with what could stand in them (issue 12).
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

use fanfare_model::TrackId;
use fanfare_store::{DATABASE_FILE, ParkedFilter, Store, StoreOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};

/// The schema before attempts were remembered, with what stood in such databases.
const BEFORE: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_library.sql"),
    include_str!("../../../migrations/sqlite/0002_suspects.sql"),
    include_str!("../../../migrations/sqlite/0003_doors.sql"),
    include_str!("../../../migrations/sqlite/0004_cache.sql"),
    include_str!("../../../migrations/sqlite/0005_mixtapes.sql"),
    include_str!("../../../migrations/sqlite/0006_former_bytes.sql"),
    include_str!("../../../migrations/sqlite/0007_quota.sql"),
    include_str!("../../../migrations/sqlite/0008_task_kinds.sql"),
];

#[tokio::test]
async fn what_stayed_parked_behind_a_success_in_older_databases_is_parked_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(DATABASE_FILE);
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut raw = options.connect().await.unwrap();
    let track = |n: u8, enrichment: &str, error: &str, failure: &str, state: &str| {
        format!(
            "INSERT INTO track (n, id, relative_path, size_bytes, modified, hash, content, state, enrichment, \
                 enrichment_error, title, tags, failure, added, updated, title_sort, upload, keep) \
             VALUES ({n}, x'{id}', 'a.flac', 1, 0, x'{hash}', 1, '{state}', '{enrichment}', {error}, 'a', '{{}}', \
                 {failure}, 0, 0, 'a', 'original', 1); \
             INSERT INTO track_search (rowid, title) VALUES ({n}, 'a');",
            id = format!("{n:02x}").repeat(16),
            hash = format!("{n:02x}").repeat(32),
        )
    };
    let job = |n: u8, queue: &str, about: u8, state: &str, key: &str| {
        format!(
            "INSERT INTO job (n, id, queue, subject, state, dedupe_key, priority, run_at, max_attempts, budget, \
                 created, updated, error) \
             VALUES ({n}, x'{id}', '{queue}', x'{about}', '{state}', '{key}', 0, 0, 1, 1, 0, {n}, \
                 '{{\"kind\":\"io\",\"message\":\"away; plug it in\",\"offset_bytes\":null}}');",
            id = format!("{n:02x}").repeat(16),
            about = format!("{about:02x}").repeat(16),
        )
    };
    let broken =
        "'{\"kind\":\"io\",\"message\":\"away\",\"offset_bytes\":null,\"at\":0,\"next_retry\":null}'";
    let rows = [
        "INSERT INTO content (n, hash) VALUES (1, zeroblob(32));".to_owned(),
        "INSERT INTO result (content, analyzer, version, outcome) VALUES (1, 'key', 1, '{\"status\":\"ok\"}');".to_owned(),
        // Enriched by a later analysis; its reason stayed, and so did its job.
        track(1, "completed", "'it broke'", "NULL", "ready"),
        job(1, "enrich-track-audio", 1, "parked", "enrich:1"),
        job(2, "analyze-track", 1, "parked", "analyze:1"),
        // Failed and not made since: both stay.
        track(2, "failed", "'it broke'", "NULL", "ready"),
        job(3, "enrich-track-audio", 2, "parked", "enrich:2"),
        track(3, "none", "NULL", broken, "failed"),
        job(4, "process-track", 3, "parked", "process:3"),
        job(5, "process-track", 3, "parked", "process:3"),
        // Queued again.
        track(4, "none", "NULL", "NULL", "queued"),
        job(6, "process-track", 4, "parked", "process:4"),
        job(7, "process-track", 4, "waiting", "process:4"),
    ];
    let version = "PRAGMA application_id = 1178684998; PRAGMA user_version = 8";
    for statement in BEFORE.iter().copied().chain(rows.iter().map(String::as_str)).chain([version]) {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut raw).await.unwrap();
    }
    raw.close().await.unwrap();

    let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
    let catalog = store.catalog();
    let page = catalog.parked(&ParkedFilter::default(), None, 10).await.unwrap();
    let left: Vec<u8> = page.items.iter().map(|parked| parked.job.id.as_bytes()[0]).collect();
    assert_eq!(left, [5, 3]);
    assert!(page.items.iter().all(|parked| parked.attempts.is_empty()), "nobody remembered them");
    assert_eq!(page.items[0].job.last_error.as_ref().unwrap().sentence(), "away; plug it in");
    for (number, error) in [(1, None), (2, Some("it broke"))] {
        let track = catalog.track(TrackId::from_bytes([number; 16])).await.unwrap().unwrap();
        assert_eq!(track.track.enrichment_error.as_deref(), error, "{number}");
        assert_eq!(track.analyzed, None, "nobody knows when that was");
    }
    let runs = catalog.analysis_runs(TrackId::from_bytes([1; 16])).await.unwrap();
    assert_eq!((&*runs[0].analyzer, runs[0].analyzed), ("key", None));
}
