//! The licence of every linked crate against the list in deny.toml.

use std::{fs, path::Path};

use serde_json::Value;

/// Crates whose licence is not on the list.
pub fn check(root: &Path, metadata: &Value) -> Vec<String> {
    let page = fs::read_to_string(root.join("deny.toml")).unwrap_or_default();
    let allowed = allowed(&page);
    if allowed.is_empty() {
        return vec!["deny.toml has no list of licences (allow = [...])".to_owned()];
    }
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let outside = packages.iter().filter(|package| !package["source"].is_null());
    outside
        .filter_map(|package| {
            let licence = package["license"].as_str().unwrap_or("none");
            (!accepted(licence, &allowed)).then(|| {
                format!("{} has the licence {licence}, which deny.toml does not allow", package["name"])
            })
        })
        .collect()
}

/// The texts between the brackets of `allow`.
fn allowed(page: &str) -> Vec<&str> {
    let list = page.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    list.split('"').skip(1).step_by(2).collect()
}

/// Whether one of the alternatives consists of allowed licences only. `A/B` is the old way of writing `A OR B`.
pub fn accepted(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    // `(A OR B) AND C`: every bracket is itself an expression.
    if let Some((inner, rest)) = expression.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        let rest = rest.trim();
        return match rest.strip_prefix("AND ") {
            Some(rest) => accepted(inner, allowed) && accepted(rest, allowed),
            None => {
                accepted(inner, allowed)
                    || rest.strip_prefix("OR ").is_some_and(|rest| accepted(rest, allowed))
            }
        };
    }
    expression.split(" OR ").any(|all| all.split(" AND ").all(|one| allowed.contains(&one.trim())))
}
