//! The command line: what `fanfare` understands, and what each command does.
//!
//! Purpose: parse, call one function of another crate, print the answer, give an exit code.
//!
//! Vocabulary: results go to standard output, everything else (progress, logs, complaints) to standard error.
//!
//! Invariants: a closed pipe is no error; nothing reads a password from the command line; exit codes come from
//! [`exit`] alone; the contract of `analyze` is the one in docs/cli.md.

pub mod analyze;
mod backup;
mod begin_anew;
mod cache;
pub mod command_line;
mod demo;
pub mod doctor;
pub mod exit;
mod jobs;
mod logging;
mod missing;
mod mixtape;
mod mixtape_share;
mod named_mixtape;
pub mod output;
mod papers;
mod password;
mod scan;
mod serve;
mod set_aside;
mod signals;
mod user;
mod worker;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser as _;

use crate::native;

use self::{
    command_line::{Command, CommandLine},
    exit::Exit,
    output::{Done, Stop, complain},
};

/// Runs the command line given (the first argument is the program's name) and gives the process's exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    native::memory::give_back();
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // Help and version are "errors" that go to standard output; a closed pipe is no news.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::SUCCESS });
        }
    };
    let end = match dispatch(&line.command) {
        Ok(exit) => exit,
        Err(Stop::PipeClosed) => Exit(exit::SUCCESS),
        Err(Stop::Failed(error)) => {
            complain(&error);
            Exit(exit::code_of(error.kind()))
        }
    };
    ExitCode::from(end.0)
}

/// `fanfare pictures`: the child process in which pictures are decoded.
fn pictures() -> Done {
    fanfare_worker::run_pictures()?;
    Ok(Exit(exit::SUCCESS))
}

fn dispatch(command: &Command) -> Done {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Analyze(args) => analyze::run(args),
        Command::Scan(args) => scan::run(args),
        Command::Demo(args) => demo::run(args),
        Command::User(args) => user::run(args),
        Command::Cache(args) => cache::run(args),
        Command::Jobs(args) => jobs::run(args),
        Command::Mixtape(args) => mixtape::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Backup(args) => backup::backup(args),
        Command::Restore(args) => backup::restore(args),
        Command::BeginAnew(place) => begin_anew::run(place),
        Command::Worker(args) => worker::run(args),
        Command::Pictures => pictures(),
        Command::Completions(args) => papers::completions(args),
        Command::Man(args) => papers::man(args),
        Command::Openapi => papers::openapi(),
    }
}
