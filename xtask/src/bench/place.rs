//! Where things are: our programs, the peers' Python, the generator of music, the folder for what is made on the way.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::process::{command, exists, root, watch};

/// The peers' programs.
#[derive(Debug, Args)]
pub struct Peers {
    /// Install the peers first: Debian packages with apt, Python packages below .tools/
    #[arg(long)]
    install: bool,
    /// Python with the peers' packages [default: the one that --install makes, else python3]
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
}

/// What the commands that write the page take.
#[derive(Debug, Args)]
pub struct Common {
    /// Only these rows, by a part of their names
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Print only; leave docs/benchmarks.md as it is
    #[arg(long)]
    pub no_write: bool,
    /// Folder of the generator of music, with corpus.py and score.py [default: ../shared/corpus, or further up]
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    #[command(flatten)]
    peers: Peers,
}

/// Debian packages of the peers, and of what the generator needs.
const PACKAGES: &[&str] = &[
    "ffmpeg",
    "loudgain",
    "aubio-tools",
    "libchromaprint-tools",
    "fluidsynth",
    "fluid-soundfont-gm",
    "libsndfile1",
    "python3-venv",
];

/// Where the peers' Python is installed, below the project's folder.
const VENV: &str = ".tools/peers";

/// Everything that is needed to measure.
#[derive(Debug)]
pub struct Place {
    /// Python for the peers' scripts.
    pub python: PathBuf,
    /// The generator, where it is there.
    pub corpus: Option<PathBuf>,
    /// For files that are made on the way; survives, so that a second run need not make them again.
    pub work: PathBuf,
    only: Vec<String>,
}

impl Place {
    /// Installs what is asked for, and builds our programs.
    ///
    /// # Errors
    /// A sentence with a remedy.
    pub fn prepare(common: &Common) -> Result<Self, String> {
        let corpus = corpus(&root(), common.corpus.as_deref())?;
        Ok(Self { corpus, only: common.only.clone(), ..Self::with_peers(&common.peers)? })
    }

    /// The same without a generator and without a choice of rows.
    ///
    /// # Errors
    /// A sentence with a remedy.
    pub fn with_peers(peers: &Peers) -> Result<Self, String> {
        if peers.install {
            install();
        }
        let root = root();
        let own = root.join(VENV).join("bin/python");
        let python =
            peers.python.clone().unwrap_or_else(|| if own.exists() { own } else { "python3".into() });
        let work = root.join("target/bench");
        fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
        let words = [
            "cargo",
            "build",
            "--release",
            "--locked",
            "-p",
            "fanfare-server",
            "-p",
            "fanfare-tests",
            "--bins",
        ];
        if !watch(command(&words)).ok {
            return Err("the release build failed".to_owned());
        }
        Ok(Self { python, corpus: None, work, only: Vec::new() })
    }

    /// Whether a row of that name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }

    /// Whether all rows are wanted: only then is the page written.
    pub fn wants_all(&self) -> bool {
        self.only.is_empty()
    }

    /// One of our own programs, built for release.
    pub fn program(name: &str) -> PathBuf {
        root().join("target/release").join(name)
    }

    /// Folder of the peers' scripts.
    pub fn scripts() -> PathBuf {
        root().join("benches/peers")
    }

    /// Whether that Python can import the module.
    pub fn has_module(&self, module: &str) -> bool {
        exists(&[&self.python.to_string_lossy(), "-c", &format!("import {module}")])
    }

    /// The generator.
    ///
    /// # Errors
    /// Says where it was looked for and how to name it.
    pub fn corpus(&self) -> Result<&Path, String> {
        self.corpus.as_deref().ok_or_else(|| {
            "the generator of music is not there: it lies outside the repository, in ../shared/corpus (corpus.py, score.py); \
             name its folder with --corpus DIR"
                .to_owned()
        })
    }
}

/// Whether a program of that name is on the path.
pub fn has_program(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// The named folder, or the nearest `shared/corpus` beside a folder that holds the project.
fn corpus(root: &Path, named: Option<&Path>) -> Result<Option<PathBuf>, String> {
    if let Some(named) = named {
        let found = fs::canonicalize(named).ok().filter(|folder| folder.join("corpus.py").exists());
        let missing = || format!("--corpus {}: no corpus.py there", named.display());
        return found.map(Some).ok_or_else(missing);
    }
    let beside = root.ancestors().skip(1).map(|folder| folder.join("shared/corpus"));
    Ok(beside.into_iter().find(|folder| folder.join("corpus.py").exists()))
}

/// Installs the peers. What cannot be installed is said, and shows as "not installed" later.
fn install() {
    let apt = ["apt-get", "install", "-y", "-q", "--no-install-recommends"];
    let is_root = command(&["id", "-u"]).output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let elevated: Vec<&str> = if is_root { apt.to_vec() } else { [&["sudo", "-n"][..], &apt].concat() };
    if !has_program("apt-get") || !watch(command(&[&elevated[..], PACKAGES].concat())).ok {
        eprintln!("these packages could not be installed here: {}", PACKAGES.join(" "));
    }
    let python = root().join(VENV).join("bin/python").to_string_lossy().into_owned();
    let requirements = Place::scripts().join("requirements.txt").to_string_lossy().into_owned();
    let pip = [&python, "-m", "pip", "install", "--disable-pip-version-check", "-q", "-r", &requirements];
    let made =
        root().join(VENV).join("bin/python").exists() || watch(command(&["python3", "-m", "venv", VENV])).ok;
    if !made || !watch(command(&pip)).ok {
        eprintln!("the Python peers could not be installed: see {requirements}");
    }
}
