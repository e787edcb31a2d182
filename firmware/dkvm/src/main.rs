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

/// The kernel's word to us when it starts a device; not for people.
const JAIL: &str = "jail";

fn main() -> ExitCode {
    // Before anything else looks at the arguments: they are the device's.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == JAIL) {
        std::process::exit(dkvm_kernel::jail::main(arguments));
    }
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
