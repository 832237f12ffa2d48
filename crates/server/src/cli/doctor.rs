//! `fanfare doctor`: what works here, what is missing, and what to do about it.

mod check;
mod checks;
mod database;
mod deep;

use check::{Check, Outcome};
use serde::Serialize;

use super::{
    command_line::DoctorArgs,
    exit::{Exit, SOME_FAILED, SUCCESS},
    output::{self, Done, printable},
};
use crate::settings;

#[derive(Serialize)]
struct Answer<'a> {
    version: &'static str,
    healthy: bool,
    checks: &'a [Check],
}

/// Runs the command.
pub fn run(args: &DoctorArgs) -> Done {
    let checks = match settings::load(&args.place.request()) {
        Ok(mut settings) => {
            settings::of_server(&mut settings);
            let mut checks = checks::all(&settings);
            if args.deep {
                checks.extend(deep::look(&settings, args.library));
            }
            checks
        }
        Err(error) => vec![Check {
            name: "settings",
            outcome: Outcome::Failed,
            found: error.message().to_owned(),
            remedy: error.remedy_text().map(str::to_owned),
        }],
    };
    let healthy = checks.iter().all(|check| check.outcome != Outcome::Failed);
    if args.json {
        output::json_line(&Answer { version: env!("CARGO_PKG_VERSION"), healthy, checks: &checks })?;
    } else {
        for check in &checks {
            let mark = match check.outcome {
                Outcome::Ok => "ok     ",
                Outcome::Warning => "warning",
                Outcome::Failed => "FAILED ",
            };
            output::line(format_args!("{mark}  {:<12} {}", check.name, printable(&check.found)))?;
            if let Some(remedy) = &check.remedy {
                output::line(format_args!("{:>22} {}", "->", printable(remedy)))?;
            }
        }
    }
    Ok(Exit(if healthy { SUCCESS } else { SOME_FAILED }))
}
