//! Everything but `analyze` and `serve`: help, papers, doctor, user, demo, settings as a person meets them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, io::Write as _, path::Path, process::Stdio};

use fanfare_tests::command::{Ended, ended, fanfare_command, run, write_tone};
use serde_json::Value;

/// Compares with a stored text; `FANFARE_BLESS=1` writes it again.
fn assert_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name);
    if std::env::var_os("FANFARE_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    let differing = text.lines().zip(stored.lines()).find(|(new, old)| new != old);
    assert!(
        text == stored,
        "{name} changed, first at {differing:#?}; look at it, then run with FANFARE_BLESS=1"
    );
}

const COMMANDS: &[&[&str]] = &[
    &[],
    &["serve"],
    &["analyze"],
    &["scan"],
    &["demo"],
    &["user"],
    &["user", "add"],
    &["user", "password"],
    &["user", "list"],
    &["user", "remove"],
    &["user", "key"],
    &["user", "key", "add"],
    &["user", "key", "list"],
    &["user", "key", "remove"],
    &["cache"],
    &["cache", "status"],
    &["cache", "warm"],
    &["cache", "verify"],
    &["cache", "refresh"],
    &["cache", "clear"],
    &["cache", "explain"],
    &["jobs"],
    &["jobs", "parked"],
    &["jobs", "retry"],
    &["jobs", "discard"],
    &["mixtape"],
    &["mixtape", "list"],
    &["mixtape", "show"],
    &["mixtape", "create"],
    &["mixtape", "add"],
    &["mixtape", "remove"],
    &["mixtape", "delete"],
    &["mixtape", "export"],
    &["mixtape", "import"],
    &["mixtape", "share"],
    &["doctor"],
    &["backup"],
    &["restore"],
    &["begin-anew"],
    &["worker"],
    &["completions"],
    &["man"],
];

#[test]
fn every_command_has_help_with_an_example() {
    let mut all = String::new();
    for command in COMMANDS {
        let args: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let ended = run(&args);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{command:?}");
        assert!(ended.out.contains("Example"), "{command:?} has no example");
        all.push_str(&format!("$ fanfare {}\n{}\n", args.join(" "), ended.out));
    }
    assert_snapshot("help.txt", &all);
}

#[test]
fn version_completions_and_manual_pages_are_printed() {
    let version = run(&["--version"]);
    assert_eq!(version.out, format!("fanfare {}\n", env!("CARGO_PKG_VERSION")));
    for (shell, word) in
        [("bash", "complete -F"), ("zsh", "#compdef fanfare"), ("fish", "complete -c fanfare")]
    {
        assert!(run(&["completions", shell]).out.contains(word), "{shell}");
    }
    assert!(run(&["man"]).out.contains(".SH SYNOPSIS"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", "--dir", folder.path().to_str().unwrap()]).code, Some(0));
    for page in ["fanfare.1", "fanfare-analyze.1", "fanfare-user-key-add.1"] {
        assert!(folder.path().join(page).is_file(), "{page}");
    }
    let openapi: Value = serde_json::from_str(&run(&["openapi"]).out).unwrap();
    assert!(openapi["paths"]["/api/v1/tracks"].is_object());
}

#[test]
fn doctor_finds_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let doctor = |args: &[&str]| {
        let place = ["doctor", "--json", "--data", data.to_str().unwrap()];
        let ended = run(&place.iter().chain(args).copied().collect::<Vec<_>>());
        let answer = ended.json_lines().remove(0);
        (ended.code, answer)
    };
    let check = |answer: &Value, name: &str| {
        let checks = answer["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|check| check["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {answer}"))
            .clone()
    };
    let (code, fresh) = doctor(&[]);
    assert_eq!((code, &fresh["healthy"]), (Some(0), &Value::Bool(true)), "{fresh}");
    assert_eq!(check(&fresh, "data folder")["outcome"], "warning");
    assert!(!data.exists(), "looking makes nothing");

    fs::write(folder.path().join("bad.toml"), "lisen = '1'").unwrap();
    let (code, answer) = doctor(&["--config", folder.path().join("bad.toml").to_str().unwrap()]);
    assert_eq!((code, check(&answer, "settings")["outcome"].as_str()), (Some(1), Some("failed")));

    fs::write(folder.path().join("gone.toml"), "folders = ['/nowhere/at/all']\nffmpeg = 'off'").unwrap();
    let (code, answer) = doctor(&["--config", folder.path().join("gone.toml").to_str().unwrap()]);
    assert_eq!((code, check(&answer, "library")["outcome"].as_str()), (Some(1), Some("failed")));
    assert_eq!(check(&answer, "ffmpeg")["outcome"], "warning");
    assert!(check(&answer, "ffmpeg")["found"].as_str().unwrap().contains("WavPack"));

    fs::write(&data, "a file").unwrap();
    let (code, answer) = doctor(&[]);
    assert_eq!((code, check(&answer, "data folder")["outcome"].as_str()), (Some(1), Some("failed")));
}

fn with_input(args: &[&str], input: &str) -> Ended {
    let mut child = fanfare_command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it reads, when the arguments are wrong.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    ended(child.wait_with_output().unwrap())
}

#[test]
fn people_and_keys_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let place = ["--data", folder.path().to_str().unwrap()];
    let user = |args: &[&str], input: &str| {
        let all: Vec<&str> = ["user"].iter().chain(args).chain(&place).copied().collect();
        with_input(&all, input)
    };
    for (args, input, code, out, err) in [
        (&["add", "ada", "--owner"][..], "a long password\n", 0, "ada may sign in as owner", ""),
        (&["add", "ada"], "a long password\n", 7, "", "the name is taken"),
        (&["add", "ben"], "", 2, "", "no password was given"),
        (&["add", "ben"], "short\n", 2, "", "characters"),
        (&["add", "ben"], "another password\n", 0, "ben may sign in as listener", ""),
        (&["password", "ben"], "a new password\n", 0, "takes effect at once", ""),
        (&["password", "eve"], "a new password\n", 3, "", "nobody is called eve"),
        (&["list"], "", 0, "owner     ada", ""),
        (&["remove", "ben"], "", 0, "removed", ""),
        (&["remove", "ada"], "", 7, "", "owner"),
        (&["key", "list", "ada"], "", 0, "", ""),
    ] {
        let ended = user(args, input);
        assert_eq!(ended.code, Some(code), "{args:?}: {} {}", ended.out, ended.err);
        assert!(ended.out.contains(out) && ended.err.contains(err), "{args:?}: {} {}", ended.out, ended.err);
        assert!(!ended.err.contains("password\n") || code != 0, "a password is never printed");
    }
    let key = user(&["key", "add", "ada", "kitchen"], "");
    assert!(key.out.starts_with("ff_") && key.out.len() > 40, "{}", key.out);
    let listed = user(&["key", "list", "ada"], "").out;
    assert!(listed.contains("kitchen") && !listed.contains("ff_"), "{listed}");
    let id = listed.split_whitespace().next().unwrap();
    assert_eq!(user(&["key", "remove", "ada", id], "").code, Some(0));
    assert_eq!(user(&["key", "remove", "ada", "nonsense"], "").code, Some(2));
    assert_eq!(user(&["key", "list", "ada"], "").out, "");
}

#[test]
fn the_demo_album_is_written_once_and_heard() {
    let folder = tempfile::tempdir().unwrap();
    let album = folder.path().join("album");
    let first = run(&["demo", album.to_str().unwrap()]);
    assert_eq!((first.code, first.out.lines().count()), (Some(0), 5), "{}", first.err);
    let ended = run(&["analyze", "--json", "--only", "loudness,rhythm", album.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0));
    let lines = ended.json_lines();
    assert!(lines.iter().all(|line| line["codec"] == "flac" && line["loudness"]["integrated_lufs"].is_f64()));
    // "Two Wheels" and "Lanterns" have drums; half and double tempo are the same pulse.
    for (index, bpm) in [(1, 124.0), (4, 140.0)] {
        let found = lines[index]["rhythm"]["tempo_bpm"].as_f64().unwrap_or_default();
        let near = [0.5, 1.0, 2.0].iter().any(|factor| (found - factor * bpm).abs() < 0.02 * bpm);
        assert!(near, "{bpm}: {found}");
    }
}

#[test]
fn a_scan_without_a_server_hears_everything() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    for index in 0..3 {
        fanfare_tests::command::write_tone(&music.join(format!("{index}.wav")), 440.0, 1.0);
    }
    let data = folder.path().join("data");
    let args = ["scan", music.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let first = run(&args);
    assert_eq!(
        (first.code, first.out.as_str()),
        (Some(0), "3 tracks: 3 ready, 0 failed, 0 waiting\n"),
        "{}",
        first.err
    );
    fs::write(music.join("bad.mp3"), "no music").unwrap();
    let second = run(&args);
    assert_eq!(
        (second.code, second.out.as_str()),
        (Some(1), "4 tracks: 3 ready, 1 failed, 0 waiting\n"),
        "{}",
        second.err
    );
}

#[test]
fn settings_that_make_no_sense_stop_a_start_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for (args, environment, expected) in [
        (&["--listen", "nowhere"][..], None, "listen on the command line: \"nowhere\" is not an address"),
        (&[], Some(("FANFARE_LISTEM", "x")), "did you mean FANFARE_LISTEN?"),
        (&["--jobs", "many"], None, "is not a whole number from 1 to 256"),
        (&["/nowhere/at/all"], None, "library folder /nowhere/at/all"),
    ] {
        let all: Vec<&str> = ["serve", "--data", data].iter().chain(args).copied().collect();
        let mut command = fanfare_command(&all);
        command.envs(environment);
        let ended = ended(command.output().unwrap());
        assert!(matches!(ended.code, Some(2 | 3)), "{args:?}: {:?}", ended.code);
        assert!(ended.err.contains(expected) && ended.out.is_empty(), "{args:?}: {}", ended.err);
    }
}

/// Issue 13: a scan said nothing of folders that it left out, of none at all, and "1 tracks".
#[test]
fn a_scan_says_what_it_left_out_and_what_to_do_without_a_folder() {
    let place = tempfile::tempdir().unwrap();
    let (data, music) = (place.path().join("data"), place.path().join("music"));
    for folder in ["#recycle", "@eaDir", "...Even Louder"] {
        fs::create_dir_all(music.join(folder)).unwrap();
        write_tone(&music.join(folder).join("a.wav"), 440.0, 0.5);
    }
    let (data, music) = (data.to_str().unwrap(), music.to_str().unwrap());
    let none = run(&["scan", "--data", data]);
    assert!(none.err.contains("no folder yet") && none.err.contains("fanfare scan DIR"), "{none:?}");
    for options in [&[][..], &["--full"]] {
        let scanned = run(&[&["scan", music, "--data", data], options].concat());
        let lines: Vec<&str> = scanned.out.lines().filter(|line| line.starts_with("left out ")).collect();
        assert_eq!(lines.len(), 1, "{scanned:?}");
        assert!(lines[0].starts_with("left out 2 folders of the system or of other programs: "), "{lines:?}");
        assert!(lines[0].contains("#recycle") && lines[0].contains("@eaDir"), "{lines:?}");
        assert!(scanned.out.contains("1 track: 1 ready"), "{scanned:?}");
        assert!(!scanned.err.contains("no folder yet"), "{scanned:?}");
    }
}

/// Issue 13, D9: `analyze` said ok and 0.0 s of a file without a sample, and `scan` said `empty`.
#[test]
fn files_without_a_sample_are_empty_for_analyze_and_for_scan() {
    let place = tempfile::tempdir().unwrap();
    let (data, music) = (place.path().join("data"), place.path().join("music"));
    fs::create_dir(&music).unwrap();
    let at = |name: &str| music.join(name).to_str().unwrap().to_owned();
    let silence = ["-v", "error", "-f", "lavfi", "-i", "anullsrc,atrim=end_sample=0"];
    let none = place.path().join("none.raw");
    fs::write(&none, b"").unwrap();
    let lame = ["--quiet", "-r", "-s", "44.1", "-m", "m", "-b", "64", none.to_str().unwrap()];
    let mut made = 0;
    for (program, arguments, name) in [
        ("ffmpeg", &silence[..], "a.wav"),
        ("ffmpeg", &silence[..], "b.flac"),
        ("ffmpeg", &silence[..], "c.ogg"),
        ("lame", &lame[..], "d.mp3"),
    ] {
        let output = std::process::Command::new(program).args(arguments).arg(at(name)).output();
        let output = output
            .unwrap_or_else(|error| panic!("this test needs {program} (`make test` installs it): {error}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        made += 1;
    }
    let (data, folder) = (data.to_str().unwrap(), music.to_str().unwrap());
    let analyzed = run(&["analyze", "--json", "--only", "loudness", folder]);
    assert_eq!(analyzed.code, Some(1), "{analyzed:?}");
    let kinds: Vec<String> =
        analyzed.json_lines().iter().map(|line| line["error"]["kind"].to_string()).collect();
    assert_eq!(kinds, vec!["\"empty\""; made], "{}", analyzed.out);
    let scanned = run(&["scan", folder, "--data", data]);
    assert_eq!((scanned.code, &*scanned.out), (Some(1), "4 tracks: 0 ready, 4 failed, 0 waiting\n"));
    let told = scanned.err.lines().filter(|line| line.contains("work=\"analyze-track\" kind=\"empty\""));
    assert_eq!(told.count(), made, "{}", scanned.err);
}

/// Issue 13: `--quality original` was offered and then refused.
#[test]
fn the_cache_offers_only_the_qualities_of_transcodes() {
    for command in ["warm", "verify", "refresh", "clear"] {
        let help = run(&["cache", command, "--help"]);
        assert!(!help.out.contains("original,"), "{}", help.out);
        for (quality, why) in [("original", "never made"), ("huge", "no such quality")] {
            let refused = run(&["cache", command, "--quality", quality]);
            assert_eq!(refused.code, Some(2), "{refused:?}");
            assert!(refused.err.contains(why) && refused.err.contains("high, medium, low"), "{refused:?}");
            assert!(!refused.err.contains("original, high"), "{refused:?}");
        }
    }
}
