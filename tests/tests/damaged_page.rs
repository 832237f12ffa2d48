//! A damaged page inside the database does not keep the server from starting: it is found and told, before and when a request
//! meets it (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{fs, path::Path};

use fanfare_store::DATABASE_FILE;
use fanfare_testkit::server::{ServerStart, TestServer};
use fanfare_tests::{
    command::run,
    sending::{sign_in_again, until},
};
use reqwest::Method;
use serde_json::{Value, json};

/// The name of an API key: no start of the server reads those.
const NAME: &str = "a name that stands on one page";
const SAID: &str = "a part of the database cannot be read";

fn start(data: &Path, log: &Path) -> TestServer {
    TestServer::start(ServerStart {
        data: Some(data.to_owned()),
        log: Some(log.to_owned()),
        ..ServerStart::default()
    })
}

/// Makes the pages that hold that text unreadable: their first byte says which kind of page they are.
fn damage_pages_with(text: &str, file: &Path) -> usize {
    let mut bytes = fs::read(file).unwrap();
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let mut damaged = 0;
    for page in bytes.chunks_mut(page).skip(1) {
        if page.windows(text.len()).any(|window| window == text.as_bytes()) {
            page[0] = 0xff;
            damaged += 1;
        }
    }
    fs::write(file, bytes).unwrap();
    damaged
}

async fn keys(server: &TestServer) -> (u16, Value) {
    let answer = server.request(Method::GET, "/api/v1/keys").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// issue 12: nothing said so until a client asked for what was on the page, and then only with "something went wrong".
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_is_found_after_the_start_and_told_with_the_remedy() {
    let home = tempfile::tempdir().unwrap();
    let (data, backup, log) = (home.path().join("data"), home.path().join("backup"), home.path().join("log"));
    let server = start(&data, &log);
    server.sign_in().await;
    let made = server.request(Method::POST, "/api/v1/keys").json(&json!({"name": NAME}));
    assert_eq!(made.send().await.unwrap().status(), 201);
    let place = ["--data", data.to_str().unwrap()];
    let kept = run(&["backup", backup.to_str().unwrap(), place[0], place[1]]);
    assert_eq!(kept.code, Some(0), "{}", kept.err);
    assert!(server.json("/api/v1/status").await["storage"].is_null());
    assert!(server.stop().success());
    assert!(damage_pages_with(NAME, &data.join(DATABASE_FILE)) > 0, "it is in the file, not in the log");

    let log = home.path().join("second log");
    let server = start(&data, &log);
    sign_in_again(&server).await;
    let status =
        until(&server, "/api/v1/status", |status| status["storage"]["state"] == "database-damaged").await;
    let storage = &status["storage"];
    assert!(storage["detail"].as_str().unwrap().contains(SAID), "{status}");
    assert!(storage["remedy"].as_str().unwrap().contains("fanfare restore"), "{status}");
    assert_eq!(server.json("/health/ready").await["status"], "degraded");
    for _ in 0..3 {
        let (code, said) = keys(&server).await;
        assert_eq!(code, 500, "{said}");
        assert!(said["detail"].as_str().unwrap().contains("the database could not be read"), "{said}");
        assert!(said["remedy"].as_str().unwrap().contains("fanfare restore"), "{said}");
    }
    let told = fs::read_to_string(&log).unwrap();
    assert_eq!(told.lines().filter(|line| line.contains(SAID)).count(), 1, "once: {told}");
    assert!(!told.contains("request failed"), "{told}");
    let said = run(&["doctor", place[0], place[1]]);
    assert!(
        said.code == Some(1) && said.out.contains("damaged") && said.out.contains("restore"),
        "{}",
        said.out
    );
    assert!(server.stop().success());

    // The remedy.
    let restored = run(&["restore", backup.to_str().unwrap(), place[0], place[1]]);
    assert_eq!(restored.code, Some(0), "{}", restored.err);
    let server = start(&data, &home.path().join("third log"));
    sign_in_again(&server).await;
    let (code, said) = keys(&server).await;
    assert!(code == 200 && said.to_string().contains(NAME), "{said}");
    assert!(server.json("/api/v1/status").await["storage"].is_null());
    assert!(server.stop().success());
}
