//! Settings that were changed on the web page.
#![allow(clippy::unwrap_used)] // the whole file is test code

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::*;

#[tokio::test]
async fn changed_settings_are_kept_until_they_are_given_up() {
    let fixture = Fixture::new().await;
    let catalog = fixture.store.catalog();
    assert_eq!(catalog.settings().await.unwrap(), BTreeMap::new());
    let change = async |pairs: &[(&str, Value)]| {
        let changes = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        catalog.change_settings(&changes, NOW).await.unwrap();
        fixture.reopen().await.catalog().settings().await.unwrap()
    };
    let kept = change(&[("a.b", json!(0.25)), ("c", json!("x"))]).await;
    assert_eq!(json!(kept), json!({"a.b": 0.25, "c": "x"}));
    let kept = change(&[("a.b", Value::Null), ("c", json!(true)), ("never there", Value::Null)]).await;
    assert_eq!(json!(kept), json!({"c": true}));
}
