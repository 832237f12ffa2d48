//! Starting `ffmpeg` in its box, and ending it.
//!
//! A process can be limited by itself (`setrlimit`) or by others (`prlimit`), by others only once it runs. So that no code of
//! `ffmpeg` ever runs without limits, a shell takes them upon itself and then becomes `ffmpeg` (`exec`): the limits stay, and
//! so does the number of the process. (Rust's way of doing the same between `fork` and `exec` is unsafe code.)

use std::{
    ffi::OsStr,
    io,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use fanfare_model::{Error, ErrorKind, Result};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process_group};

use super::mark::ChildMark;
use crate::Limits;

/// The shell; every Unix has it there.
const SHELL: &str = "/bin/sh";
/// How its complaints begin, before it is `ffmpeg`.
const STARTING: &str = "starting-ffmpeg";
/// Descriptors a child may have open: its three pipes and what its libraries need while loading.
const OPEN_FILES: u64 = 32;

/// What to do about a program that is there and does not work.
pub(super) const REINSTALL: &str = "reinstall ffmpeg, or name another one with the setting `ffmpeg`; what failed is then tried again by itself";

/// The status of a shell that could not limit itself, and those of one that could not become another program (POSIX, "exec").
const NOT_LIMITED: i32 = 125;
const NOT_STARTED: [i32; 2] = [126, 127];

/// Starts the program in its box: no environment but the mark by which it is found, a process group of its own, limits in force before its first instruction.
///
/// # Errors
/// `NoDecoder` when the shell cannot be started; `Busy`, `Io` when the system has no process to give. Whether the program could be is known when it has ended: [`refused`].
pub(crate) fn launch(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    input: Stdio,
    limits: &Limits,
) -> Result<Child> {
    let mark = ChildMark::own();
    Command::new(SHELL)
        .args(["-c", &script(limits), STARTING])
        .arg(program)
        .args(arguments)
        .env_clear()
        .envs(mark.as_ref().map(ChildMark::variable))
        .current_dir("/")
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                cannot_start(&format!("{SHELL}: {error}")).because(error)
            }
            _ => Error::from_io("starting ffmpeg", error),
        })
}

/// What the shell does. Nothing but numbers is written into it; the program and its arguments are its parameters.
fn script(limits: &Limits) -> String {
    let most = |resource, wanted: u64| getrlimit(resource).maximum.map_or(wanted, |most| most.min(wanted));
    let files = most(Resource::Nofile, OPEN_FILES);
    let seconds = most(Resource::Cpu, limits.child_cpu_s);
    let kib = most(Resource::As, limits.child_memory_bytes) >> 10;
    // Not every system can limit the address space.
    let memory = if cfg!(target_os = "linux") { format!(" && ulimit -v {kib}") } else { String::new() };
    format!(
        "ulimit -c 0 && ulimit -f 0 && ulimit -n {files} && ulimit -t {seconds}{memory} || exit {NOT_LIMITED}\nexec \"$@\""
    )
}

/// The error for a child that never became `ffmpeg`; `None` when it did. `said` is the last line of its error output.
pub(crate) fn refused(program: &Path, status: Option<ExitStatus>, said: Option<&str>) -> Option<Error> {
    let said = said.unwrap_or("it does not say why");
    let of_shell = said.strip_prefix(STARTING).map(|rest| rest.trim_start_matches([':', ' ']));
    match status?.code() {
        Some(NOT_LIMITED) if of_shell.is_some() => {
            Some(Error::new(ErrorKind::NoDecoder, format!("ffmpeg cannot be limited: {said}")).remedy(
                "raise the limits of this process (`ulimit -a`), or use built-in decoders alone (ffmpeg: off)",
            ))
        }
        Some(code) if NOT_STARTED.contains(&code) => Some(cannot_start(of_shell.unwrap_or(said))),
        // What is no program of this machine, some shells take for a script.
        Some(_) if said.starts_with(&*program.to_string_lossy()) => Some(cannot_start(said)),
        _ => None,
    }
}

fn cannot_start(why: &str) -> Error {
    Error::new(ErrorKind::NoDecoder, format!("ffmpeg cannot be started: {why}")).remedy(REINSTALL)
}

/// Kills the child and whatever it started, and reaps it; returns its exit status, where the system says it.
pub(crate) fn end(child: &mut Child) -> Option<ExitStatus> {
    if let Ok(Some(status)) = child.try_wait() {
        return Some(status); // its number may belong to another process already
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    child.wait().ok()
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    };

    use super::*;

    fn run(program: &Path, arguments: &[&str], limits: &Limits) -> (Option<ExitStatus>, String, String) {
        let child = launch(program, arguments, Stdio::null(), limits).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (Some(output.status), text(output.stdout), text(output.stderr))
    }

    /// Issue 12: the limits were set while the child ran already. This child reads them as the first thing that it does.
    #[cfg(target_os = "linux")]
    #[test]
    fn no_code_of_the_child_runs_without_its_limits() {
        let limits = Limits::default();
        let wanted = [
            ("Max cpu time", limits.child_cpu_s),
            ("Max file size", 0),
            ("Max core file size", 0),
            ("Max open files", OPEN_FILES),
            ("Max address space", limits.child_memory_bytes),
        ];
        for round in 0..100 {
            let (status, table, said) = run(Path::new("/bin/cat"), &["/proc/self/limits"], &limits);
            assert!(status.unwrap().success(), "{said}");
            for (name, most) in wanted {
                let line = table.lines().find(|line| line.starts_with(name)).unwrap();
                let found: Vec<&str> = line[name.len()..].split_whitespace().take(2).collect();
                assert_eq!(found, [most.to_string(), most.to_string()], "round {round}: {line}");
            }
        }
    }

    #[test]
    fn arguments_reach_the_program_as_they_are_and_nothing_of_the_environment_does() {
        let odd = ["a b", "", "$(id)", "`id`", "\"'", "--", "*", "\n"];
        let program = Path::new("/usr/bin/printf");
        let (_, given, _) = run(program, &[&["[%s]"], &odd[..]].concat(), &Limits::default());
        assert_eq!(given, odd.map(|one| format!("[{one}]")).concat());
        let (_, given, _) = run(Path::new("/usr/bin/env"), &[], &Limits::default());
        assert!(!given.contains("PATH=") && !given.contains("HOME="), "{given}");
    }

    #[test]
    fn what_cannot_be_started_is_told_from_what_fails() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8], mode| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let fails = file("fails", b"#!/bin/sh\necho starting-ffmpeg: no >&2\nexit 1\n", 0o755);
        for (program, is_refused) in [
            (folder.path().join("none"), true),
            (folder.path().to_owned(), true),
            (file("locked", b"#!/bin/sh\n", 0o644), true),
            (file("interpreter", b"#!/no/such/shell\n", 0o755), true),
            (file("elf", b"\x7fELF\x02\x01\x01\0(((", 0o755), true),
            (fails, false),
        ] {
            let (status, _, said) = run(&program, &["-x"], &Limits::default());
            let found = refused(&program, status, said.lines().last());
            assert_eq!(found.is_some(), is_refused, "{}: {status:?}, {said}", program.display());
            assert!(found.is_none_or(|error| error.kind() == ErrorKind::NoDecoder));
        }
        assert!(refused(folder.path(), Some(ExitStatus::from_raw(9)), None).is_none(), "killed");
    }
}
