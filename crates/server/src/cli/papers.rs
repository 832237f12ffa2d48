//! `fanfare completions`, `fanfare man`, `fanfare openapi`: what is generated from the program itself.

use clap::CommandFactory as _;
use fanfare_model::Error;

use super::{
    command_line::{CommandLine, CompletionsArgs, ManArgs},
    exit::{Exit, SUCCESS},
    output::{self, Done},
};

/// Completions on standard output.
pub fn completions(args: &CompletionsArgs) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut CommandLine::command(), "fanfare", &mut script);
    output::write(&script)?;
    Ok(Exit(SUCCESS))
}

/// The manual page on standard output, or all pages into a folder.
pub fn man(args: &ManArgs) -> Done {
    match &args.dir {
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(CommandLine::command(), folder))
                .map_err(|error| {
                    Error::from_io(format_args!("manual pages in {}", folder.display()), error)
                })?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(CommandLine::command())
                .render(&mut page)
                .map_err(|error| Error::from_io("manual page", error))?;
            output::write(&page)?;
        }
    }
    Ok(Exit(SUCCESS))
}

/// The API document on standard output.
pub fn openapi() -> Done {
    output::line(crate::http::openapi_json().trim_end())?;
    Ok(Exit(SUCCESS))
}
