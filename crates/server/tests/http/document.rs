//! The OpenAPI document: committed, complete, and of one mind with the server.

use std::{collections::BTreeSet, path::Path};

use fanfare_server::http::openapi_json;
use serde_json::Value;

use crate::fixture::{As, Server};

#[test]
fn the_committed_document_is_the_served_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let present = openapi_json();
    if std::env::var_os("FANFARE_BLESS").is_some() {
        std::fs::write(&path, present).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == present,
        "docs/openapi.json is not the present document; run with FANFARE_BLESS=1 to update it"
    );
}

#[test]
fn it_is_made_once() {
    assert!(std::ptr::eq(openapi_json(), openapi_json()));
}

#[test]
fn every_operation_says_who_may_use_it_and_has_an_id_of_its_own() {
    let document: Value = serde_json::from_str(openapi_json()).unwrap();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let access = operation["x-access"].as_str().unwrap_or_default();
            assert!(matches!(access, "public" | "listener" | "owner"), "{method} {path} has no access");
            assert_eq!(
                operation["security"].as_array().unwrap().is_empty(),
                access == "public",
                "{method} {path}"
            );
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{method} {path}"
            );
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
        }
    }
    assert!(ids.len() > 35);
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(openapi_json()).unwrap();
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
                }
                waiting.extend(object.values());
            }
            Value::Array(list) => waiting.extend(list),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_server_serves_it() {
    let server = Server::start().await;
    let served = server.get(&As::Nobody, "/api/v1/openapi.json").await;
    assert_eq!(served.headers()["content-type"], "application/json");
    assert_eq!(served.text().await.unwrap(), openapi_json());
}
