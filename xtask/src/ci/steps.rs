//! The steps of `cargo xtask ci`, in order.

use super::count::Counted;
use crate::process::exists;

/// One step.
pub struct Step {
    /// Its name, as `--only` takes it.
    pub name: &'static str,
    /// Steps without which it means nothing.
    pub needs: &'static [&'static str],
    /// What it does.
    pub work: Work,
}

/// What a step does.
pub enum Work {
    /// Our own checks, in this process.
    Tidy,
    /// The browser test, with a server of its own.
    Browser,
    /// Nothing, for that reason; said aloud, counted as nothing.
    Absent(&'static str),
    /// A program.
    Command {
        /// Program and arguments.
        words: &'static [&'static str],
        /// Below the project's folder.
        folder: &'static str,
        /// Variables to set.
        environment: Vec<(&'static str, &'static str)>,
        /// How its checks are counted.
        counted: Counted,
    },
}

fn step(name: &'static str, needs: &'static [&'static str], words: &'static [&'static str]) -> Step {
    let work = Work::Command { words, folder: "", environment: Vec::new(), counted: Counted::Whole };
    Step { name, needs, work }
}

fn counted(mut step: Step) -> Step {
    if let Work::Command { counted, .. } = &mut step.work {
        *counted = Counted::Lines;
    }
    step
}

fn web(name: &'static str, needs: &'static [&'static str], words: &'static [&'static str]) -> Step {
    let mut step = step(name, needs, words);
    if let Work::Command { folder, .. } = &mut step.work {
        *folder = "web";
    }
    step
}

/// Everything CI runs. Cheap and telling steps come first.
pub fn steps() -> Vec<Step> {
    let mut steps = vec![
        step("format", &[], &["cargo", "fmt", "--all", "--check"]),
        Step { name: "tidy", needs: &[], work: Work::Tidy },
        web("web install", &[], &["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]),
        web("web check", &["web install"], &["npm", "run", "check"]),
        counted(web("web tests", &["web install"], &["npm", "test"])),
        web("web api", &["web install"], &["npm", "run", "api:check"]),
        step(
            "lints",
            &[],
            &[
                "cargo",
                "clippy",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
        ),
        // The same features and targets as the tests, so that every crate is compiled once.
        step(
            "build",
            &[],
            &["cargo", "build", "--locked", "--workspace", "--all-features", "--bins", "--tests"],
        ),
        tests(),
        counted(step(
            "doc tests",
            &[],
            &["cargo", "test", "--locked", "--workspace", "--all-features", "--doc", "--quiet"],
        )),
        documents(),
        Step { name: "browser", needs: &["web install", "build"], work: Work::Browser },
        licences(),
    ];
    for step in &mut steps {
        if let Work::Command { environment, .. } = &mut step.work {
            environment.push(("CARGO_TERM_PROGRESS_WHEN", "never"));
            environment.push(("NO_COLOR", "1"));
        }
    }
    steps
}

fn tests() -> Step {
    let nextest = exists(&["cargo", "nextest", "--version"]);
    counted(if nextest {
        step(
            "tests",
            &["build"],
            &["cargo", "nextest", "run", "--locked", "--workspace", "--all-features", "--no-fail-fast"],
        )
    } else {
        // The same tests, in fewer processes: installing nextest from source would take longer than running them.
        step(
            "tests",
            &["build"],
            &[
                "cargo",
                "test",
                "--locked",
                "--workspace",
                "--all-features",
                "--all-targets",
                "--no-fail-fast",
            ],
        )
    })
}

fn documents() -> Step {
    let mut step = step(
        "documents",
        &[],
        &["cargo", "doc", "--locked", "--workspace", "--all-features", "--no-deps", "--quiet"],
    );
    if let Work::Command { environment, .. } = &mut step.work {
        // A module's page may point at what it is made of, for those who read the source beside it.
        environment.push(("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"));
    }
    step
}

/// Advisories come with the advisory database; without it (or without cargo-deny) that is said, not passed.
fn licences() -> Step {
    if exists(&["cargo", "deny", "--version"]) {
        step("licences", &[], &["cargo", "deny", "--locked", "check", "bans", "licenses", "sources"])
    } else {
        Step {
            name: "licences",
            needs: &[],
            work: Work::Absent("cargo-deny is not installed (cargo install --locked cargo-deny)"),
        }
    }
}
