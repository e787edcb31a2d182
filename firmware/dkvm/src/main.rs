//! # dkvm
//!
//! The one command of a node: `dkvm kernel` runs the kernel, the rest talks to one over its control socket.
//! Exit codes: 0 done, 1 failed, 2 called wrongly.

mod args;
mod commands;
mod connect;
mod error;
mod format;
mod names;
mod output;
mod table;
mod top;

use args::Args;
use clap::Parser;
use error::CliError;
use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::run(Args::parse()) {
        Ok(code) => code,
        // Whoever read our output has had enough, as `head` has.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("dkvm: {error}");
            ExitCode::FAILURE
        }
    }
}
