//! The Rust sources as the compiler reads them: which file imports which, how long functions are, what things are called.
//!
//! Vocabulary: a *source* is one parsed file; a *package* is a crate's folder with its tree of modules; an *arrow* leads from
//! a file to the file that defines what it names.
//!
//! Invariants: a `mod` declaration and a `pub use` are no arrows: only code that names an item is. An item is where it is
//! defined, however many re-exports lead to it. Tests are read for their names and for nothing else.

mod circles;
mod extract;
mod package;
mod resolve;
mod show;
mod sizes;
mod source;

use std::{
    collections::BTreeMap,
    fs,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

pub use package::Package;
pub use source::{Kind, Named, Source};

use super::known::Offence;

/// Folders with Rust code. Those below `crates` hold what ships.
const FOLDERS: &[&str] = &["crates", "testkit", "tests", "xtask"];

/// All sources and the packages that ship.
pub struct Code {
    /// Path below the project's folder to what stands in the file.
    pub sources: BTreeMap<String, Source>,
    /// The crates below `crates`, by the name of their folder.
    pub packages: Vec<Package>,
    /// Files that could not be parsed, as findings.
    pub broken: Vec<String>,
}

/// Parses everything.
pub fn read(root: &Path) -> Code {
    let files = files(root);
    let parsed = share_out(&files, |path| parse(root, path));
    let mut sources = BTreeMap::new();
    let mut broken = Vec::new();
    for (path, result) in parsed {
        match result {
            Ok(source) => drop(sources.insert(path, source)),
            Err(complaint) => broken.push(format!("{path}: {complaint}")),
        }
    }
    let packages = package::all(&mut sources);
    Code { sources, packages, broken }
}

impl Code {
    /// What breaks the rules on circles, lengths and parameters.
    pub fn offences(&self) -> Vec<Offence> {
        let mut offences = sizes::offences(&self.sources);
        for package in &self.packages {
            offences.extend(circles::offences(package));
        }
        offences
    }

    /// The figures of the product code, a line each.
    pub fn figures(&self) -> Vec<String> {
        let mut lines = sizes::figures(&self.sources);
        lines.push(circles::figure(&self.packages));
        lines
    }

    /// The module graph of one crate as text; without a name, of the crate that holds `worker`.
    pub fn graph(&self, name: &str) -> Result<String, String> {
        let holds_worker = |package: &&Package| {
            let folder = format!("crates/{}/src/worker", package.name);
            package.files.iter().any(|file| file.starts_with(&folder))
        };
        let named = |name: &str| self.packages.iter().find(|package| package.name == name);
        let package = if name.is_empty() {
            named("worker").or_else(|| self.packages.iter().find(holds_worker))
        } else {
            named(name.trim_start_matches("fanfare-"))
        };
        let names: Vec<&str> = self.packages.iter().map(|package| package.name.as_str()).collect();
        package.map(show::graph).ok_or_else(|| format!("no crate `{name}`; there are {}", names.join(", ")))
    }
}

/// Does the same with each item, in their order, on all processors.
pub fn share_out<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(processors).max(1);
    let work = &work;
    thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<R>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

fn parse(root: &Path, path: &Path) -> (String, Result<Source, String>) {
    let shown = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let source = fs::read_to_string(path)
        .map_err(|error| error.to_string())
        .and_then(|text| extract::source(&shown, &text).map_err(|error| error.to_string()));
    (shown, source)
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        super::sources::collect(&root.join(folder), &mut files);
    }
    files.sort();
    files
}
