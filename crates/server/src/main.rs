//! The `fanfare` binary: everything is in the library, so that it can be tested without a process.

fn main() -> std::process::ExitCode {
    fanfare_server::cli::run(std::env::args_os())
}
