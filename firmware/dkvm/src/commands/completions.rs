//! `dkvm completions`

use crate::args::Args;
use crate::error::CliError;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Write;

pub fn run(shell: Shell) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "dkvm", &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}
