//! `docs/benchmarks.md`: each command keeps its own part of it up to date.
//!
//! A *part* is what stands between two marker lines; the rest of the page, and the other commands' parts, stay as they are.

use std::fs;

use crate::process::{command, root};

/// The page, below the project's folder.
const PAGE: &str = "docs/benchmarks.md";

/// The page when there is none yet.
const EMPTY: &str = "# Benchmarks: Fanfare and other tools\n";

/// Rows and columns as Markdown, padded so that it reads well as plain text: the first column to the left.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let width = |column: usize| {
        let cells = std::iter::once(&header).chain(rows).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = widths.iter().enumerate().map(|(column, &width)| {
            let cell = row.get(column).map_or("", String::as_str);
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let rule: Vec<String> = widths
        .iter()
        .enumerate()
        .map(
            |(column, &width)| {
                if column == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width - 1)) }
            },
        )
        .collect();
    let mut text = line(&header) + &line(&rule);
    text.extend(rows.iter().map(|row| line(row)));
    text
}

/// The page with that part in the place of its former self; at the end when it had none.
pub fn with_part(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let part = format!("{begin}\n\n{}\n\n{end}", text.trim());
    let found = page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    match found {
        Some((before, after)) => format!("{before}{part}{after}"),
        None => format!("{}\n\n{part}\n", page.trim_end()),
    }
}

/// Writes that part of the page.
///
/// # Errors
/// A sentence when the file cannot be written.
pub fn write(name: &str, text: &str) -> Result<(), String> {
    let path = root().join(PAGE);
    let page = fs::read_to_string(&path).unwrap_or_else(|_| EMPTY.to_owned());
    fs::write(&path, with_part(&page, name, text)).map_err(|error| format!("{PAGE}: {error}"))?;
    eprintln!("{PAGE}: the part `{name}` is updated");
    Ok(())
}

/// Date, machine and commit of a measurement: what one must know to compare, and nothing that names the machine.
pub fn circumstances() -> String {
    let line = |words: &[&str]| {
        let output = command(words).output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&output).trim().to_owned()
    };
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let changed =
        if line(&["git", "status", "--porcelain", "--", "crates"]).is_empty() { "" } else { " with changes" };
    format!(
        "{}, {model}, {cores} cores, Linux {}, commit {}{changed}",
        line(&["date", "-u", "+%F"]),
        kernel.trim(),
        // The last commit that changed what is measured: later ones may be amended, or change only documents.
        line(&["git", "log", "-1", "--format=%h", "--abbrev=10", "--", "crates", "Cargo.lock"]),
    )
}

/// How many processes wanted to run at once during the last five minutes.
pub fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').nth(1).unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_replaces_its_former_self_and_nothing_else() {
        let page = with_part(EMPTY, "analysis", "first");
        let page = with_part(&page, "accuracy", "neighbour");
        let page = with_part(&page, "analysis", "second\n");
        assert!(page.starts_with(EMPTY.trim_end()), "{page}");
        assert!(page.contains("second") && page.contains("neighbour") && !page.contains("first"), "{page}");
        assert_eq!(with_part(&page, "analysis", "second"), page);
        assert!(page.find("second") < page.find("neighbour"), "places are kept: {page}");
    }

    #[test]
    fn tables_are_padded() {
        let rows = [vec!["a".to_owned(), "1.0".to_owned()], vec!["longer".to_owned()]];
        let expected = "| tool   | wall |\n| ------ | ---: |\n| a      |  1.0 |\n| longer |      |\n";
        assert_eq!(table(&["tool", "wall"], &rows), expected);
    }
}
