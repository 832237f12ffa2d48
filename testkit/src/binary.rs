//! Where the built `fanfare` is.

use std::{env, path::PathBuf};

/// The binary that tests run: `FANFARE_BIN`, else the one beside the test in the target folder.
///
/// # Panics
/// When it is not built; the message says how to build it.
#[must_use]
pub fn fanfare() -> PathBuf {
    if let Some(path) = env::var_os("FANFARE_BIN") {
        return path.into();
    }
    // target/<profile>/deps/<test> -> target/<profile>/fanfare
    let test = env::current_exe().expect("a running test has a path");
    let profile = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let binary = profile.join("fanfare");
    assert!(
        binary.is_file(),
        "{} is missing: build it with `cargo build -p fanfare-server`",
        binary.display()
    );
    binary
}
