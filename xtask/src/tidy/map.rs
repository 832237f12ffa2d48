//! The map of the crates, read from the table in ARCHITECTURE.md.

use std::collections::BTreeMap;

/// What the map says of one crate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Crates of the workspace that it may import.
    pub may_import: Vec<String>,
    /// Crates of the workspace that only its tests may import: `(in tests)` after the name.
    pub tests_may_import: Vec<String>,
    /// Crates from outside that it must never link.
    pub never_links: Vec<String>,
}

/// Crate name (without `fanfare-`) to its place.
pub type Map = BTreeMap<String, Place>;

/// The heading below which the table stands.
const HEADING: &str = "## Map";
/// The table's header row, which says what the columns mean.
const HEADER: &str = "| crate | one line | may import | must never | never links |";

/// What follows the name of a crate that only tests may import.
const IN_TESTS: &str = "(in tests)";

/// Reads the table. `all` stands for every crate, `-` for none.
pub fn read(page: &str) -> Result<Map, String> {
    let section = page
        .split_once(&format!("\n{HEADING}\n"))
        .map(|(_, section)| section.split("\n## ").next().unwrap_or_default())
        .ok_or_else(|| format!("ARCHITECTURE.md has no section {HEADING}"))?;
    if !section.contains(HEADER) {
        return Err(format!("the table below {HEADING} in ARCHITECTURE.md does not begin with {HEADER}"));
    }
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let names: Vec<String> = rows.iter().filter_map(|row| names_in(row.first()?).pop()).collect();
    let mut map = Map::new();
    for row in &rows {
        let [name, _, may_import, _, never_links] = row.as_slice() else {
            return Err(format!("a row of the map has {} columns instead of 5: {row:?}", row.len()));
        };
        let name = names_in(name).pop().ok_or("a row of the map has no name")?;
        let (for_tests, always): (Vec<&str>, Vec<&str>) =
            may_import.split(',').partition(|item| item.trim_end().ends_with(IN_TESTS));
        let may_import: Vec<String> = match always[..] {
            ["all"] => names.iter().filter(|other| **other != name).cloned().collect(),
            _ => names_in(&always.join(",")),
        };
        let tests_may_import = names_in(&for_tests.join(","));
        if let Some(unknown) = may_import.iter().chain(&tests_may_import).find(|other| !names.contains(other))
        {
            return Err(format!("the map lets `{name}` import `{unknown}`, which has no row"));
        }
        map.insert(name, Place { may_import, tests_may_import, never_links: names_in(never_links) });
    }
    if map.is_empty() { Err(format!("the table below {HEADING} has no rows")) } else { Ok(map) }
}

/// The names of a comma list, without back-quotes and what stands in brackets.
fn names_in(list: &str) -> Vec<String> {
    list.split(',')
        .map(|item| item.split('(').next().unwrap_or_default().trim().trim_matches('`').to_owned())
        .filter(|item| !item.is_empty() && item != "-")
        .collect()
}
