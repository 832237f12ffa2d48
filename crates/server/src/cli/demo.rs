//! `fanfare demo DIR`: the generated album.

use super::{
    command_line::DemoArgs,
    exit::{Exit, SUCCESS},
    output::{self, Done},
};

/// Runs the command.
pub fn run(args: &DemoArgs) -> Done {
    for written in crate::demo::write_album(&args.folder)? {
        output::line(output::printable(&written.to_string_lossy()))?;
    }
    Ok(Exit(SUCCESS))
}
