//! The checks find what they are for (issue 2), and the project as it is passes.

mod known;
mod planted;
mod words;

use std::path::Path;

use serde_json::{Value, json};

use super::*;

fn real_map() -> map::Map {
    map::read(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()).unwrap()
}

fn with_dependency(mut metadata: Value, package: &str, dependency: Value) -> Value {
    let packages = metadata["packages"].as_array_mut().unwrap();
    let found = packages.iter_mut().find(|candidate| candidate["name"] == package).unwrap();
    found["dependencies"].as_array_mut().unwrap().push(dependency);
    metadata
}

#[test]
fn the_real_graph_is_the_one_on_the_map() {
    assert_eq!(graph::compare(&real_map(), &metadata().unwrap()), Vec::<String>::new());
}

#[test]
fn a_forbidden_dependency_is_found() {
    let normal = |name: &str| json!({ "name": name, "kind": null });
    for (package, dependency, expected) in [
        ("fanfare-model", normal("fanfare-audio"), "crate `model` imports `audio`"),
        ("fanfare-ingest", normal("fanfare-delivery"), "crate `ingest` imports `delivery`"),
        ("fanfare-delivery", normal("fanfare-ingest"), "crate `delivery` imports `ingest`"),
        ("fanfare-ingest", normal("fanfare-worker"), "crate `ingest` imports `worker`"),
        ("fanfare-worker", normal("fanfare-ingest"), "crate `worker` imports `ingest`"),
        ("fanfare-store", normal("fanfare-audio"), "crate `store` imports `audio`"),
        ("fanfare-audio", normal("tokio"), "crate `audio` links `tokio`"),
        ("fanfare-analysis", normal("sqlx"), "crate `analysis` links `sqlx`"),
        ("fanfare-store", normal("axum"), "crate `store` links `axum`"),
        ("fanfare-server", normal("fanfare-testkit"), "for tests only"),
        ("fanfare-model", json!({ "name": "fanfare-store", "kind": "dev" }), "crate `model` imports `store`"),
    ] {
        let changed = with_dependency(metadata().unwrap(), package, dependency);
        let findings = graph::compare(&real_map(), &changed);
        assert!(findings.len() == 1 && findings[0].contains(expected), "{package}: {findings:?}");
    }
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
    let mut changed = metadata().unwrap();
    changed["packages"][0]["name"] = "fanfare-novelty".into();
    let findings = graph::compare(&real_map(), &changed);
    assert!(findings.iter().any(|finding| finding.contains("`novelty` has no row")), "{findings:?}");
    assert!(findings.iter().any(|finding| finding.contains("is no crate of the workspace")), "{findings:?}");
}

#[test]
fn a_file_that_breaks_a_rule_is_found() {
    let long = format!("//! x\n{}", "fn f() {}\n".repeat(800));
    for (path, text, expected) in [
        ("crates/a/src/b.rs", "//! x\nfn f() { g().unwrap() }\n", ".unwrap()"),
        ("crates/a/src/b.rs", "//! x\nfn f() { println!(\"x\") }\n", "println!"),
        ("crates/a/src/utils.rs", "//! x\n", "`utils` says nothing"),
        ("crates/a/src/common/b.rs", "//! x\n", "`common` says nothing"),
        ("crates/a/src/b.rs", "fn f() {}\n", "what it is for"),
        ("crates/a/src/b.rs", &long, "801 lines"),
    ] {
        let findings = sources::file(Path::new(path), text);
        assert!(findings.len() == 1 && findings[0].contains(expected), "{path}: {findings:?}");
    }
    let tests = "//! x\n// .unwrap() in words\n#[cfg(test)]\nmod tests {\n    fn f() { g().unwrap() }\n}\n";
    assert_eq!(sources::file(Path::new("crates/a/src/b.rs"), tests), Vec::<String>::new());
    assert_eq!(
        sources::file(Path::new("tests/tests/b.rs"), "//! x\nfn f() { g().unwrap() }\n"),
        Vec::<String>::new()
    );
}

#[test]
fn licences_are_read_as_alternatives() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("LGPL-2.1/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND GPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true),
        ("none", false),
    ] {
        assert_eq!(licences::accepted(expression, &allowed), expected, "{expression}");
    }
}
