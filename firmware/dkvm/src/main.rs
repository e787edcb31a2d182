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
mod patience;
mod person;
mod session;
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
    let args = Args::parse();
    let node = args.common.node.clone();
    match commands::run(args) {
        Ok(code) => code,
        // Whoever read our output has had enough, as `head` has.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            let of = node.filter(|_| error.is_of_the_other_side());
            let of = of.map_or_else(String::new, |node| format!("{node}: "));
            eprintln!("dkvm: {of}{error}");
            ExitCode::FAILURE
        }
    }
}
