//! Where the built `fanfare` is.

use std::{env, path::PathBuf};

/// The binary that tests run: `FANFARE_BIN`, else the one in the target folder of the running program.
///
/// # Panics
/// When it is not built; the message says how to build it.
#[must_use]
pub fn fanfare() -> PathBuf {
    if let Some(path) = env::var_os("FANFARE_BIN") {
        return path.into();
    }
    // A test lies in target/<profile>/deps, a program in target/<profile>; so does `fanfare`.
    let own = env::current_exe().expect("a running program has a path");
    let places = own.ancestors().skip(1).take(2).map(|folder| folder.join("fanfare"));
    places.clone().find(|binary| binary.is_file()).unwrap_or_else(|| {
        let last = places.last().unwrap_or_default();
        panic!("{} is missing: build it with `cargo build -p fanfare-server`", last.display())
    })
}
