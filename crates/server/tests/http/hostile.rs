//! Hostile values in every parameter of every list, generated from the document.

use fanfare_server::http::openapi_json;
use serde_json::Value;

use crate::fixture::Server;

const PAYLOADS: &[&str] = &[
    "",
    "0",
    "-1",
    "2147483648",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e309",
    "NaN",
    "' OR '1'='1",
    "\"; DROP TABLE tracks; --",
    "* AND NOT",
    "\"",
    "NEAR(a b)",
    "title:x",
    "^",
    "(((((",
    "%",
    "_",
    "\\",
    "\0",
    "\u{202e}\u{feff}",
    "a*b*c*",
    "-",
    "+",
    "{}",
    "AND OR NOT",
];

#[tokio::test]
async fn no_value_of_any_parameter_gets_to_the_database_or_gives_rows_it_should_not() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let track = server.track("a.wav", &[0; 10]).await;
    let document: Value = serde_json::from_str(openapi_json()).unwrap();
    let long = "x".repeat(10_000);
    let (mut cells, mut refused) = (0, 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        // The track was not heard yet, so that some of what is below it is not there; nor is a mixtape, or a guest.
        let absent = ["{id}", "{slug}", "/shared/"].iter().any(|part| path.contains(part)).then_some(404);
        let path = path.replace("{id}", &track.to_string());
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            for payload in PAYLOADS.iter().copied().chain([long.as_str()]) {
                let response = server.get(&owner, &format!("{path}?{name}={}", escaped(payload))).await;
                let status = response.status().as_u16();
                let what = format!("{path}?{name}={:.40}: {status}", payload.escape_debug().to_string());
                assert!(matches!(status, 200 | 400) || Some(status) == absent, "{what}");
                cells += 1;
                refused += u32::from(status == 400);
                // A stream of events has no end: a place in it that means nothing is a place at its beginning.
                if response.headers()["content-type"] == "text/event-stream" {
                    continue;
                }
                let body = response.text().await.unwrap();
                assert!(
                    !body.to_lowercase().contains("sqlite") && !body.contains("syntax error"),
                    "{what} {body}"
                );
                let body: Value = serde_json::from_str(&body).unwrap();
                // A filter on text that is in no title finds nothing; an empty one is no filter.
                if status == 200 && name == "search" && payload.contains("DROP") {
                    assert_eq!(body["total"], 0, "{what}");
                }
            }
        }
    }
    println!("{cells} requests, {refused} refused");
    assert!(cells > 300);
    let after = server.json(&owner, "/api/v1/library").await;
    assert_eq!(after["tracks"], 1);
}

#[tokio::test]
async fn names_and_passwords_are_taken_literally() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for payload in PAYLOADS.iter().filter(|payload| !payload.is_empty()) {
        let body = serde_json::json!({"name": payload, "password": "12345678", "role": "listener"});
        let made = server.post(&owner, "/api/v1/users", body).await;
        let status = made.status().as_u16();
        assert!(matches!(status, 201 | 400), "{}: {status}", payload.escape_debug());
        if status == 201 {
            assert_eq!(made.json::<Value>().await.unwrap()["name"], *payload);
        }
    }
}

/// Every byte percent-encoded.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
