//! Builds the web UI and lists its files for `src/assets.rs`.
//!
//! Purpose: copy `web/` into `OUT_DIR`, install from the lock file, build there. Nothing is written into the source tree. With
//! `FANFARE_UI_DIST=DIR` the files of that folder are embedded instead. Without node, or when the build fails, a plain
//! page is embedded and a warning printed: `cargo build` works on a bare machine.

use std::{
    env,
    error::Error,
    ffi::OsStr,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// What of `web/` the build reads; a change of any of it runs the build again.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "scripts",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
];

/// Names the folder of an already built UI.
const DIST_VARIABLE: &str = "FANFARE_UI_DIST";

const PLACEHOLDER: &str = include_str!("src/placeholder.html");

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let web = manifest.join("../../web");
    tell(&format!("rerun-if-env-changed={DIST_VARIABLE}"));
    tell("rerun-if-changed=build.rs");
    tell("rerun-if-changed=src/placeholder.html");
    for source in SOURCES {
        // Cargo takes a path that does not exist as changed for ever.
        if web.join(source).exists() {
            tell(&format!("rerun-if-changed={}", web.join(source).display()));
        }
    }
    let dist = match env::var_os(DIST_VARIABLE) {
        Some(dist) => {
            tell(&format!("rerun-if-changed={}", Path::new(&dist).display()));
            Ok(PathBuf::from(dist))
        }
        None => build(&web, &out.join("web")),
    };
    let files = dist.and_then(|dist| {
        let files = files_below(&dist)?;
        if files.iter().any(|(name, _)| name == "index.html") {
            Ok(files)
        } else {
            Err(format!("{} holds no index.html", dist.display()).into())
        }
    });
    let (built, files) = match files {
        Ok(files) => (true, files),
        Err(error) => {
            tell(&format!("warning=the web UI is not built in: {error}"));
            let page = out.join("placeholder.html");
            fs::write(&page, PLACEHOLDER)?;
            (false, vec![("index.html".to_owned(), page)])
        }
    };
    let mut code = format!("pub const BUILT: bool = {built};\npub const FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", path.canonicalize()?)?;
    }
    code.push_str("];\n");
    fs::write(out.join("embedded.rs"), code)?;
    Ok(())
}

/// Build scripts talk to cargo by standard output.
#[allow(clippy::print_stdout)]
fn tell(line: &str) {
    println!("cargo::{line}");
}

/// Builds in `work`; gives the folder with the result.
fn build(web: &Path, work: &Path) -> Fallible<PathBuf> {
    if !web.join("package-lock.json").is_file() {
        return Err("web/package-lock.json is missing".into());
    }
    fs::create_dir_all(work)?;
    for source in SOURCES {
        let (from, to) = (web.join(source), work.join(source));
        remove(&to)?;
        if from.exists() {
            copy(&from, &to)?;
        }
    }
    // The install is by far the longest part: it is done again only when the lock file says something else.
    let (lock, stamp) = (fs::read(work.join("package-lock.json"))?, work.join(".installed-lock"));
    if fs::read(&stamp).ok().as_ref() != Some(&lock) {
        remove(&stamp)?;
        npm(
            work,
            &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1"],
        )?;
        fs::write(&stamp, &lock)?;
    }
    remove(&work.join("dist"))?;
    npm(work, &["run", "build"])?;
    Ok(work.join("dist"))
}

fn npm(folder: &Path, arguments: &[&str]) -> Fallible<()> {
    let output = Command::new("npm").args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "npm was not found; install Node.js 20.19 or later".to_owned(),
        _ => format!("npm could not be started: {error}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let last: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = last.get(last.len().saturating_sub(6)..).unwrap_or_default().join(" | ");
    Err(format!("npm {} failed: {last}", arguments.join(" ")).into())
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() != OsStr::new("node_modules") {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Files below a folder with their names relative to it, sorted.
fn files_below(folder: &Path) -> Fallible<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(|error| format!("{}: {error}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_str().ok_or("a file name is no text")?;
                found.push((name.replace(std::path::MAIN_SEPARATOR, "/"), path));
            }
        }
    }
    found.sort();
    Ok(found)
}
