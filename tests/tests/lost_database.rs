//! Every state of a database file, every command that meets it: what is said, with which exit code; and each command that is
//! named as the remedy is run, and works (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests only

use std::{
    fs,
    path::{Path, PathBuf},
};

use fanfare_store::DATABASE_FILE;
use fanfare_testkit::server::{ServerStart, TestServer, copy_folder};
use fanfare_tests::{
    command::{Ended, run},
    sending::{audio, blobs, sign_in_again, song, until, upload},
};
use serde_json::Value;

/// A server in that data folder. Uploads need no other program there.
fn start(data: &Path) -> TestServer {
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    TestServer::start(ServerStart { data: Some(data.to_owned()), environment, ..ServerStart::default() })
}

/// A folder with `used` (a data folder with one upload) and `backup`, and the track.
struct Prepared {
    folder: tempfile::TempDir,
    track: Value,
}

/// How the database file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    OnlyItsLog,
    NoBytes,
    EmptySchema,
    NothingStored,
    Zeroed,
    Random,
    Half,
    Text,
    APageInTheMiddle,
    EmptyFolder,
    Newer,
    Healthy,
    HealthyWithLog,
}

use State::*;

const STATES: [State; 14] = [
    Missing,
    OnlyItsLog,
    NoBytes,
    EmptySchema,
    NothingStored,
    Zeroed,
    Random,
    Half,
    Text,
    APageInTheMiddle,
    EmptyFolder,
    Newer,
    Healthy,
    HealthyWithLog,
];

const COMMANDS: [&str; 6] = ["serve", "restore", "restore --keep-files", "begin-anew", "doctor", "backup"];

/// The exit code, and what is said.
fn expected(state: State, command: &str) -> (i32, &'static str) {
    let lost = "missing or empty";
    match (state, command) {
        (Healthy | HealthyWithLog, "serve" | "backup") => (0, ""),
        (Healthy | HealthyWithLog, "doctor") => (0, "sound; 1 track"),
        (Healthy | HealthyWithLog, _) => (7, "in use"),
        (Newer, "restore" | "restore --keep-files") => (7, "written by a newer fanfare"),
        (Newer, _) => (1, "written by a newer fanfare"),
        // Served: all of it is read after the start, which may take a while.
        (APageInTheMiddle, "serve") => (0, ""),
        (APageInTheMiddle, "backup") => (5, "doctor --deep"),
        (_, "restore --keep-files") => (0, "restored into"),
        (_, "begin-anew") => (0, "the database is new"),
        (Missing | OnlyItsLog | NoBytes | EmptySchema | NothingStored, "doctor") => (1, lost),
        (Missing | OnlyItsLog | NoBytes | EmptySchema | NothingStored, _) => (7, lost),
        (_, "restore") => (0, "restored into"),
        (_, "doctor") => (1, "is damaged"),
        _ => (7, "is damaged"),
    }
}

impl Prepared {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let used = folder.path().join("used");
        let server = start(&used);
        server.sign_in().await;
        let track = upload(&server, &song(2.0, 1)).await;
        let target = folder.path().join("backup");
        let done = run(&["backup", target.to_str().unwrap(), "--data", used.to_str().unwrap()]);
        assert_eq!(done.code, Some(0), "{}", done.err);
        // As a power cut leaves it: there is a log. (A worker that outlives its server writes the log back.)
        copy_folder(&used, &folder.path().join("running"));
        assert!(server.stop().success());
        Self { folder, track }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.at("data")
    }

    /// The data folder with the database in that state; gives what is in the file.
    fn make(&self, state: State) -> Vec<u8> {
        let data = self.data();
        let _ = fs::remove_dir_all(&data);
        let _ = fs::remove_dir_all(self.at("new"));
        let _ = fs::remove_dir_all(self.at("other-backup"));
        copy_folder(&self.at(if state == HealthyWithLog { "running" } else { "used" }), &data);
        let file = data.join(DATABASE_FILE);
        let mut bytes = fs::read(&file).unwrap();
        let len = bytes.len();
        match state {
            Missing | OnlyItsLog => fs::remove_file(&file).unwrap(),
            NoBytes => bytes.clear(),
            EmptySchema => bytes = empty_schema(),
            NothingStored => {
                let fresh = self.at("fresh");
                if !fresh.exists() {
                    assert!(start(&fresh).stop().success());
                }
                bytes = fs::read(fresh.join(DATABASE_FILE)).unwrap();
            }
            Zeroed => bytes.fill(0),
            Random => bytes.iter_mut().zip(7_u32..).for_each(|(byte, number)| {
                *byte = (number.wrapping_mul(2_654_435_761) >> 13) as u8;
            }),
            Half => bytes.truncate(len / 2),
            Text => bytes = b"This is no database.\n".repeat(300),
            APageInTheMiddle => bytes[len / 2..len / 2 + 8_192].fill(0xff),
            // Bytes 60 to 63 of a database of SQLite are its `user_version`.
            EmptyFolder => {}
            Newer => bytes[60..64].copy_from_slice(&9_999_u32.to_be_bytes()),
            Healthy | HealthyWithLog => return bytes,
        }
        match state {
            Missing => return Vec::new(),
            // issue 12: a container makes one where a file to be mounted is missing; it was called a disk that fails.
            EmptyFolder => {
                fs::remove_file(&file).unwrap();
                fs::create_dir(&file).unwrap();
                return Vec::new();
            }
            OnlyItsLog => {
                bytes = b"writes that are in no database".to_vec();
                fs::write(data.join(format!("{DATABASE_FILE}-wal")), &bytes).unwrap();
            }
            _ => fs::write(&file, &bytes).unwrap(),
        }
        bytes
    }

    fn run(&self, command: &str) -> Ended {
        let data = self.data();
        let backup = self.at("backup");
        let other = self.at("other-backup");
        let mut args: Vec<&str> = command.split(' ').collect();
        match args[0] {
            "restore" => args.insert(1, backup.to_str().unwrap()),
            "backup" => args.insert(1, other.to_str().unwrap()),
            "serve" => args.extend(["--listen", "127.0.0.1:0"]),
            _ => {}
        }
        args.extend(["--data", data.to_str().unwrap()]);
        run(&args)
    }

    /// Nothing is lost: the upload plays, or waits in quarantine; and what was in the database file is still there.
    async fn nothing_is_lost(&self, data: &Path, was: &[u8]) {
        assert_eq!(blobs(data, "upload").len(), 1);
        if data == self.data() && !was.is_empty() {
            let kept = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
            let mut kept =
                kept.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(DATABASE_FILE));
            assert!(kept.any(|path| fs::read(path).unwrap() == was), "the file is kept");
        }
        let server = start(data);
        if server.setup_link.is_some() {
            server.sign_in().await;
            until(&server, "/api/v1/quarantine", |list| list["uploads"] == 1).await;
        } else {
            sign_in_again(&server).await;
            let (status, bytes) = audio(&server, &self.track).await;
            assert!(status == 200 && bytes == song(2.0, 1), "{status}");
        }
        assert!(server.stop().success());
    }
}

/// A database of SQLite without tables: one page of 4,096 bytes.
fn empty_schema() -> Vec<u8> {
    let mut page = vec![0; 4_096];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..18].copy_from_slice(&4_096_u16.to_be_bytes());
    page[18..24].copy_from_slice(&[1, 1, 0, 64, 32, 32]);
    for (place, number) in [(24, 1_u32), (28, 1), (44, 4), (56, 1), (92, 1)] {
        page[place..place + 4].copy_from_slice(&number.to_be_bytes());
    }
    // An empty leaf of the table of tables.
    page[100] = 0x0d;
    page[105..107].copy_from_slice(&4_096_u16.to_be_bytes());
    page
}

/// The commands that are named in a text, between backticks.
fn named(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|part| part.starts_with("fanfare ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_of_a_database_is_told_by_every_command_and_each_named_remedy_works() {
    let prepared = Prepared::new().await;
    let mut remedies = std::collections::BTreeSet::new();
    for state in STATES {
        for command in COMMANDS {
            let was = prepared.make(state);
            let (code, says) = expected(state, command);
            if (state, command) == (APageInTheMiddle, "serve") {
                continue;
            }
            if (code, command) == (0, "serve") {
                prepared.nothing_is_lost(&prepared.data(), &[]).await;
                continue;
            }
            let done = prepared.run(command);
            let said = format!("{}{}", done.out, done.err);
            assert_eq!(done.code, Some(code), "{state:?}, {command}: {said}");
            assert!(said.contains(says), "{state:?}, {command}: {said}");
            if code == 0 {
                if command != "backup" && command != "doctor" {
                    let is_kept = !matches!(state, Missing | NoBytes);
                    let is_taken_over =
                        command == "begin-anew" && matches!(state, EmptySchema | NothingStored);
                    assert_eq!(
                        said.contains("is kept as"),
                        is_kept && !is_taken_over,
                        "{state:?}, {command}: {said}"
                    );
                    prepared.nothing_is_lost(&prepared.data(), if is_taken_over { &[] } else { &was }).await;
                }
                continue;
            }
            assert_eq!(blobs(&prepared.data(), "upload").len(), 1, "{state:?}, {command}");
            assert!(!prepared.at("other-backup/manifest.json").exists(), "{state:?}, {command}");
            let remedy_of = named(&said);
            assert!(
                !remedy_of.is_empty() || said.contains("name a folder with --data"),
                "{state:?}, {command} names no remedy: {said}"
            );
            for remedy in remedy_of {
                // Several commands name the same.
                if !remedies.insert((format!("{state:?}"), remedy.to_owned())) {
                    continue;
                }
                let was = prepared.make(state);
                let new = prepared.at("new");
                let data = prepared.data();
                let args: Vec<&str> = remedy
                    .split_whitespace()
                    .skip(1)
                    .map(|word| match word {
                        "BACKUP" | "DIR" => prepared.folder.path().join("backup"),
                        "NEW" => new.clone(),
                        word => PathBuf::from(word),
                    })
                    .map(|word| &*word.to_str().unwrap().to_owned().leak())
                    .collect();
                if args == ["doctor", "--deep"] {
                    let doctor = prepared.run("doctor --deep");
                    assert!(
                        doctor.code == Some(1) && doctor.out.contains("fanfare restore"),
                        "{}",
                        doctor.out
                    );
                    continue;
                }
                if args == ["serve"] {
                    prepared.nothing_is_lost(&data, &[]).await;
                    continue;
                }
                let place =
                    if args.contains(&"--data") { vec![] } else { vec!["--data", data.to_str().unwrap()] };
                let mended = run(&[&args[..], &place[..]].concat());
                assert_eq!(
                    mended.code,
                    Some(0),
                    "{state:?}, {command}, `{remedy}`: {}{}",
                    mended.out,
                    mended.err
                );
                let into = if args.contains(&new.to_str().unwrap()) { &new } else { &data };
                let is_taken_over = args[0] == "begin-anew" && matches!(state, EmptySchema | NothingStored);
                prepared.nothing_is_lost(into, if is_taken_over { &[] } else { &was }).await;
            }
        }
    }
    assert!(remedies.len() >= STATES.len(), "{remedies:?}");
}
