//! The real dependency graph, compared with the map.

use serde_json::Value;

use super::map::Map;

/// Packages beside the map: only tests may depend on them, and they ship nowhere.
const BESIDE: &[&str] = &["fanfare-testkit", "fanfare-tests", "xtask"];

/// Where graph and map differ. `metadata` is the answer of `cargo metadata --no-deps`.
pub fn compare(map: &Map, metadata: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    for name in map.keys().filter(|name| !names.contains(&format!("fanfare-{name}").as_str())) {
        findings.push(format!("ARCHITECTURE.md maps `{name}`, which is no crate of the workspace"));
    }
    for package in packages {
        let Some(full_name) = package["name"].as_str() else { continue };
        let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        if BESIDE.contains(&full_name) {
            continue;
        }
        let name = full_name.trim_start_matches("fanfare-");
        let Some(place) = map.get(name) else {
            findings.push(format!("crate `{name}` has no row in ARCHITECTURE.md"));
            continue;
        };
        for dependency in dependencies {
            let target = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            if BESIDE.contains(&target) {
                if !for_tests {
                    findings.push(format!("crate `{name}` ships `{target}`, which is for tests only"));
                }
            } else if let Some(inner) = target.strip_prefix("fanfare-") {
                let is_in = |list: &[String]| list.iter().any(|allowed| allowed == inner);
                let is_allowed = is_in(&place.may_import) || (for_tests && is_in(&place.tests_may_import));
                // A crate may turn on its own features for its tests.
                if inner != name && !is_allowed {
                    findings.push(format!(
                        "crate `{name}` imports `{inner}`; ARCHITECTURE.md allows {:?} (a new arrow is a design decision: docs/adr/)",
                        place.may_import
                    ));
                }
            } else if !for_tests && place.never_links.iter().any(|never| never == target) {
                findings.push(format!("crate `{name}` links `{target}`, which ARCHITECTURE.md rules out"));
            }
        }
    }
    findings
}
