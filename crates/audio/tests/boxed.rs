//! The box around the child decoder: what it is told, what it may, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use fanfare_audio::{ChildMark, FfmpegUse, OpenOptions, ffmpeg_version, open};
use fanfare_model::ErrorKind;
use fanfare_testkit::hostile;
use support::{decode_file, decode_to_end, encode, music, write_wav};

/// A program that stands in for `ffmpeg`: it decodes what every `ffmpeg` does (AU), and runs that shell text for the rest.
fn stand_in(folder: &Path, text: &str) -> OpenOptions {
    let path = folder.join("stand-in");
    let known = "case $1 in -version) echo ffmpeg version of-a-test; exit;; esac\n\
                 case \"$*\" in *'-f au -i pipe:0'*) PATH=/usr/local/bin:/usr/bin:/bin; exec ffmpeg \"$@\";; esac";
    std::fs::write(&path, format!("#!/bin/sh\n{known}\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    OpenOptions { ffmpeg: FfmpegUse::At(path), ..OpenOptions::default() }
}

/// Shell text that writes the header of mono AU audio in 32-bit floats at 44.1 kHz.
const AU_HEADER: &str = r"printf '.snd\0\0\0\030\377\377\377\377\0\0\0\006\0\0\254\104\0\0\0\001'";

/// A file that only the child decodes, by its first bytes.
fn rare_file(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    // TTA1: PCM, one channel, 16 bits, 44.1 kHz, one frame.
    let header = b"TTA1\x01\0\x01\0\x10\0\x44\xac\0\0\x01\0\0\0";
    std::fs::write(&path, [header.as_slice(), &[7; 5_000]].concat()).unwrap();
    path
}

/// Shell text that makes every byte of its input a sample near 0.75: a big-endian float with that byte in it. Text
/// as it is would be samples too large and too small to be sound, which are not passed on.
const AS_SAMPLES: &str = "/usr/bin/env -i /bin/sed -z 's/./?A&?/g'";

/// The text that went through [`AS_SAMPLES`].
fn text_of(planes: &[Vec<f32>]) -> String {
    let bytes: Vec<u8> = planes[0].iter().map(|sample| sample.to_be_bytes()[2]).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn nothing_of_a_file_or_its_name_reaches_arguments_or_environment() {
    const SENTINEL: &str = "SENTINEL-7f3a";
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{AU_HEADER}\n{{ printf '%s\\n' \"$@\"; /usr/bin/env; ulimit -v -t -f -n -c; }} | {AS_SAMPLES}\n"
    );
    let options = stand_in(folder.path(), &text);
    let mut told = Vec::new();
    let names = hostile::file_names();
    for name in names.iter().step_by(names.len() / 40 + 1) {
        let inner = folder.path().join(format!("{SENTINEL}-folder"));
        std::fs::create_dir_all(&inner).unwrap();
        let name = format!("{SENTINEL}{name}.tta");
        if name.len() > 200 || name.contains('/') {
            continue;
        }
        let decoded = text_of(&decode_file(&rare_file(&inner, &name), &options).unwrap().planes);
        assert!(!decoded.contains(SENTINEL), "{decoded}");
        told.push(decoded);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "what the child is told depends on the name: {told:#?}");
    let told = told.remove(0);
    for expected in [
        "-protocol_whitelist\nfile\n",
        "-f\ntta\n",
        "-i\nfile:/dev/stdin\n",
        "-map\n0:a:0\n",
        "-vn\n",
        "-sn\n",
        "-dn\n",
    ] {
        assert!(told.contains(expected), "{expected:?} is missing in {told}");
    }
    // A shell sets these by itself; nothing else may be there. One argument is no variable.
    let is_variable =
        |line: &&str| line.contains('=') && !line.starts_with('-') && !line.starts_with("aresample=");
    let variables = told.lines().filter(is_variable);
    for variable in variables {
        assert!(
            ["PWD=/", "SHLVL=", "_=", "OLDPWD=", "FANFARE_PARENT="]
                .iter()
                .any(|known| variable.starts_with(known)),
            "{variable}"
        );
    }
}

#[test]
fn the_child_is_limited() {
    let folder = tempfile::tempdir().unwrap();
    // The limits come into force moments after its start, that of open files as the last: it waits for that one, then tells them.
    let text = format!(
        "{AU_HEADER}\nlooks=0\nwhile [ $(ulimit -n) != 32 ] && [ $looks -lt 5000 ]; do looks=$((looks + 1)); done\nfor limit in v t f n c; do printf '%s=%s ' $limit \"$(ulimit -$limit)\"; done | {AS_SAMPLES}"
    );
    let decoded = decode_file(&rare_file(folder.path(), "a.tta"), &stand_in(folder.path(), &text)).unwrap();
    let told = text_of(&decoded.planes);
    for expected in ["v=1048576 ", "t=3600 ", "f=0 ", "n=32 ", "c=0 "] {
        assert!(told.contains(expected), "{expected} is missing in {told:?}");
    }
}

#[test]
fn a_silent_child_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = stand_in(folder.path(), "exec sleep 1000");
    options.limits.child_silence_s = 0;
    let error = open(&rare_file(folder.path(), "a.tta"), &options).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

#[test]
fn a_dropped_source_takes_its_child_along() {
    let folder = tempfile::tempdir().unwrap();
    // Tells its number in eight digits, then sounds for ever.
    let text = format!("{AU_HEADER}\nprintf '%08d' $$ | {AS_SAMPLES}\nexec cat /dev/zero");
    let options = stand_in(folder.path(), &text);
    let mut source = open(&rare_file(folder.path(), "a.tta"), &options).unwrap();
    let chunk = source.next_chunk().unwrap().unwrap();
    assert_eq!(chunk.frames(), options.chunk_frames);
    let pid: u32 = text_of(&[chunk.planes()[0][..8].to_vec()]).parse().unwrap();
    let process = PathBuf::from(format!("/proc/{pid}"));
    assert!(process.exists());
    drop(source);
    assert!(!process.exists(), "the child outlives its source");
}

#[test]
fn endless_audio_meets_the_limit_of_duration() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = stand_in(folder.path(), &format!("{AU_HEADER}\nexec cat /dev/zero"));
    options.limits.max_duration_s = 2;
    let error = decode_file(&rare_file(folder.path(), "a.tta"), &options).err().unwrap();
    assert_eq!(error.limit_hit().unwrap().name, "duration_s");
}

#[test]
fn how_a_child_fails_decides_the_kind() {
    let folder = tempfile::tempdir().unwrap();
    let file = rare_file(folder.path(), "a.tta");
    for (text, kind) in [
        ("exit 0", ErrorKind::Empty),
        (AU_HEADER, ErrorKind::Empty),
        ("echo '[tta @ 0x55d] bad seek table' >&2; exit 1", ErrorKind::Malformed),
        ("kill -SEGV $$", ErrorKind::Unavailable),
        ("kill -9 $$", ErrorKind::Unavailable),
        ("/bin/sh -c 'kill -9 $$'; exit $?", ErrorKind::Unavailable),
        ("echo \"Unknown input format: 'tta'\" >&2; exit 1", ErrorKind::NoDecoder),
        ("echo something else entirely, as text; echo and more", ErrorKind::Internal),
        // 65,535 channels.
        (
            r"printf '.snd\0\0\0\030\377\377\377\377\0\0\0\006\0\0\254\104\0\0\377\377pad pad '",
            ErrorKind::LimitExceeded,
        ),
    ] {
        let error = open(&file, &stand_in(folder.path(), text)).err().unwrap();
        assert_eq!(error.kind(), kind, "{text}: {error}");
        assert!(!error.to_string().contains("0x55d"), "{error}");
    }
    // It dies in the middle: what came is kept, with a warning that holds its last words.
    let text = format!(
        "{AU_HEADER}\nhead -c 40000 /dev/zero\necho '[tta @ 0x1] \x1b[31mdecode_frame failed' >&2\nexit 9"
    );
    let mut source = open(&file, &stand_in(folder.path(), &text)).unwrap();
    let decoded = decode_to_end(&mut *source).unwrap();
    assert_eq!(decoded.frames(), 10_000);
    assert!(
        decoded.warnings[0].contains("decode_frame failed") && !decoded.warnings[0].contains('\x1b'),
        "{:?}",
        decoded.warnings
    );
}

/// Issue 12: a program that is no `ffmpeg`, or a broken one, made good files empty or malformed permanently.
#[test]
fn a_fault_of_the_program_is_no_verdict_on_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = rare_file(folder.path(), "a.tta");
    // What the built-in decoder takes for damage is given to ffmpeg, too.
    let damaged = folder.path().join("a.flac");
    std::fs::write(&damaged, [b"fLaC".as_slice(), &[0x80, 0, 0, 34], &[0; 34], &[7; 4_000]].concat())
        .unwrap();
    let program = folder.path().join("program");
    let elf = std::fs::read("/bin/sh").unwrap();
    for (what, bytes, mode) in [
        ("empty", &b""[..], 0o755),
        ("not executable", b"#!/bin/sh\nexit 0\n", 0o644),
        ("a text without a shell", b"hello\n", 0o755),
        ("a script that does nothing", b"#!/bin/sh\nexit 0\n", 0o755),
        ("a script that fails", b"#!/bin/sh\necho Invalid data found >&2\nexit 1\n", 0o755),
        ("a script that says something", b"#!/bin/sh\necho hello; echo and more and more and more\n", 0o755),
        ("a script whose shell is missing", b"#!/no/such/shell\n", 0o755),
        ("a script that is killed", b"#!/bin/sh\nkill -9 $$\n", 0o755),
        ("bytes", &[0, 159, 146, 150, 10, 0, 1, 2], 0o755),
        ("a head of a program", b"\x7fELF\x02\x01\x01\0(((", 0o755),
        ("half of a program", &elf[..elf.len() / 2], 0o755),
        ("another program", &elf, 0o755),
    ] {
        let _ = std::fs::remove_file(&program);
        std::fs::write(&program, bytes).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(mode)).unwrap();
        let options = OpenOptions { ffmpeg: FfmpegUse::At(program.clone()), ..OpenOptions::default() };
        let error = open(&file, &options).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NoDecoder, "{what}: {error}");
        assert!(error.remedy_text().is_some_and(|text| text.contains("install ffmpeg")), "{what}: {error}");
        let error = decode_file(&damaged, &options).err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::NoDecoder | ErrorKind::Malformed), "{what}: {error}");
        let error = ffmpeg_version(&options.ffmpeg).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoDecoder, "{what}: {error}");
    }
}

/// Issue 12: a program that tells its version and decodes nothing made good files malformed, empty or `internal` permanently.
#[test]
fn a_program_that_only_tells_its_version_is_no_verdict_on_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = rare_file(folder.path(), "a.tta");
    for text in [
        "kill -SEGV $$",
        "echo Invalid data found >&2; exit 1",
        "exit 0",
        "echo something else entirely, as text; echo and more",
        "head -c 100000 /dev/zero",
        &format!("{AU_HEADER}; exit 1"),
    ] {
        let program = folder.path().join("program");
        let version = "case $1 in -version) echo ffmpeg version of-a-test; exit;; esac";
        std::fs::write(&program, format!("#!/bin/sh\n{version}\n{text}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let options = OpenOptions { ffmpeg: FfmpegUse::At(program), ..OpenOptions::default() };
        let error = open(&file, &options).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NoDecoder, "{text}: {error}");
        assert!(error.remedy_text().is_some_and(|text| text.contains("reinstall ffmpeg")), "{text}: {error}");
    }
}

/// Issue 12: `--ffmpeg=./relative` was looked for in another folder than where it was said.
#[test]
fn a_relative_program_is_that_of_the_present_folder() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let name = folder.path().file_name().unwrap();
    let OpenOptions { mut ffmpeg, .. } = stand_in(folder.path(), "exit 0");
    assert_eq!(ffmpeg_version(&ffmpeg).unwrap(), "of-a-test");
    ffmpeg = FfmpegUse::At(Path::new(".").join(name).join("stand-in"));
    assert_eq!(ffmpeg_version(&ffmpeg).unwrap(), "of-a-test");
    let error = ffmpeg_version(&FfmpegUse::At("./none".into())).unwrap_err();
    assert!(error.message().contains("./none"), "{error}");
}

#[test]
fn the_version_is_told_or_its_absence_with_a_remedy() {
    let version =
        ffmpeg_version(&FfmpegUse::Auto).expect("these tests need ffmpeg: install it (`make test` does)");
    assert!(version.starts_with(|c: char| c.is_ascii_digit() || c == 'n' || c == 'N'), "{version}");
    for use_ in [FfmpegUse::Off, FfmpegUse::At("/nowhere/ffmpeg".into())] {
        assert!(ffmpeg_version(&use_).unwrap_err().remedy_text().is_some());
    }
    let folder = tempfile::tempdir().unwrap();
    let OpenOptions { ffmpeg, .. } = stand_in(folder.path(), "echo hello");
    assert_eq!(ffmpeg_version(&ffmpeg).unwrap(), "of-a-test");
}

#[test]
#[ignore = "the body of the process that the next test kills"]
fn at_work() {
    let file = PathBuf::from(std::env::args_os().next_back().unwrap());
    let mut source = open(&file, &OpenOptions::default()).unwrap();
    source.next_chunk().unwrap().unwrap();
    println!("at work");
    loop {
        std::thread::park();
    }
}

/// Processes that are alive (no zombies) and whose parent is that one.
fn children(parent: u32) -> Vec<u32> {
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    processes.filter_map(|pid| pid.parse().ok()).filter(|pid| alive(*pid) == Some(parent)).collect()
}

/// The parent of a process that is alive.
fn alive(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything; state and parent follow.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    fields.next()?.parse().ok().filter(|_| state != "Z" && state != "X")
}

/// Nobody is left to kill the child of a process that is killed itself: it ends because its pipes do.
#[test]
fn the_child_of_a_killed_process_ends_too() {
    let folder = tempfile::tempdir().unwrap();
    let wav = write_wav(folder.path(), "long.wav", 44_100, &music(44_100, 44_100 * 60, 1));
    // Through a pipe, and with the file itself as the child's standard input.
    for (name, arguments) in [("long.tta", &["-c:a", "tta"][..]), ("long.mp4", &["-c:a", "ac3"][..])] {
        let file = encode(&wav, name, arguments);
        let mut process = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["at_work", "--exact", "--ignored", "--nocapture"])
            .arg(&file)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let said = std::io::BufRead::lines(std::io::BufReader::new(process.stdout.take().unwrap()));
        assert!(said.map_while(Result::ok).any(|line| line.ends_with("at work")), "{name}");
        let decoders = children(process.id());
        assert_eq!(decoders.len(), 1, "{name}");
        process.kill().unwrap();
        process.wait().unwrap();
        while alive(decoders[0]).is_some() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "the body of the process that the next test kills"]
fn at_work_with_a_child_that_hangs() {
    let folder = PathBuf::from(std::env::args_os().next_back().unwrap());
    // The child, and one that it starts.
    let options = stand_in(&folder, "sleep 100000 & exec sleep 100000");
    let _ = open(&rare_file(&folder, "a.tta"), &options).err();
}

/// Issue 12: children that hung stayed permanently when the process that had started them was killed.
#[cfg(target_os = "linux")]
#[test]
fn children_that_hang_are_found_and_ended_after_their_process_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["at_work_with_a_child_that_hangs", "--exact", "--ignored", "--nocapture"])
        .arg(folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mark = ChildMark::of(process.id()).unwrap();
    // The child is there once it has started one of its own.
    let hung = loop {
        let found: Vec<u32> = children(process.id())
            .into_iter()
            .flat_map(|child| {
                let below = children(child);
                below.into_iter().chain([child])
            })
            .collect();
        if found.len() == 2 {
            break found;
        }
        std::thread::yield_now();
    };
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(hung.iter().all(|pid| alive(*pid).is_some()), "nothing ends them by itself");
    assert_eq!(ChildMark::own().unwrap().end_children(), 0, "those of another process stay");
    assert_eq!(mark.end_children(), 2);
    while hung.iter().any(|pid| alive(*pid).is_some()) {
        std::thread::yield_now();
    }
    assert_eq!(mark.end_children(), 0);
}
